import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { concat, type Bytes } from '../../src/bytes.ts'
import { Connection, type Failure, type Surroundings } from '../../src/connection.ts'
import type { Session } from '../../src/rtmp/session.ts'
import type { Candidate } from '../../src/wire/ladder.ts'
import { Close, type Wire, type WireEvents } from '../../src/wire/wire.ts'
import { commands, HELLO, say, STREAM, WELCOME } from './server.ts'
import { command } from '../../src/rtmp/message.ts'

const READY = concat([HELLO, WELCOME, STREAM])

class FakeWire implements Wire {
  sent: Bytes[] = []
  isClosed = false

  constructor(readonly candidate: Candidate, readonly events: WireEvents) {}

  send(bytes: Bytes): void {
    this.sent.push(bytes)
  }

  close(): void {
    this.isClosed = true
  }

  rest(): void {
    // Nothing to rest from.
  }
}

/** A connection among fakes, with a clock that moves when told. */
class Scene {
  readonly wires: FakeWire[] = []
  readonly log: string[] = []
  readonly failures: Failure[] = []
  onReady: (session: Session) => void = () => undefined
  private time = 0
  private timers: { at: number, act: () => void }[] = []
  private readonly kept = new Map<string, string>()
  readonly connection: Connection

  constructor(private readonly ways: Candidate[]) {
    const surroundings: Surroundings = {
      open: (candidate, events) => {
        const wire = new FakeWire(candidate, events)
        this.wires.push(wire)
        return wire
      },
      memory: { get: host => this.kept.get(host) ?? null, set: (host, url) => void this.kept.set(host, url) },
      now: () => this.time,
      after: (ms, act) => {
        const timer = { at: this.time + ms, act }
        this.timers.push(timer)
        return () => { this.timers = this.timers.filter(other => other !== timer) }
      },
      random: () => 0,
      randomBytes: count => new Uint8Array(count),
    }
    this.connection = new Connection(surroundings, {
      route: async () => ({ host: 'h', introduction: { app: 'a', tcUrl: 'rtmp://h/a' }, candidates: this.ways }),
      ready: session => {
        this.log.push('ready')
        this.onReady(session)
      },
      event: ({ type }) => this.log.push(type),
      lost: (attempt, delay) => this.log.push(`lost ${attempt} ${delay}`),
      failed: failure => this.failures.push(failure),
    })
  }

  get wire(): FakeWire {
    return this.wires[this.wires.length - 1]
  }

  get timersLeft(): number {
    return this.timers.length
  }

  async start(): Promise<this> {
    this.connection.start()
    await settled()
    return this
  }

  async pass(ms: number): Promise<void> {
    const end = this.time + ms
    for (;;) {
      const due = this.timers.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0]
      if (!due) break
      this.timers = this.timers.filter(timer => timer !== due)
      this.time = due.at
      due.act()
      await settled()
    }
    this.time = end
  }
}

const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
const SOCKET: Candidate = { transport: 'websocket', url: 'ws://h/rtmp' }
const TUNNEL: Candidate = { transport: 'rtmpt', url: 'http://h' }
const lostEnd = { code: Close.Lost, reason: '' }

describe('a connection', () => {
  it('goes down the ladder until something shakes hands, and remembers what did', async () => {
    const scene = await new Scene([SOCKET, TUNNEL]).start()
    scene.wire.events.closed(lostEnd)
    assert.equal(scene.wire.candidate, TUNNEL)
    scene.wire.events.bytes(READY)
    assert.deepEqual(scene.log, ['ready'])
    assert.equal(scene.connection.transport, 'rtmpt')
    scene.connection.restart()
    await settled()
    assert.equal(scene.wire.candidate, TUNNEL)
  })

  it('waits 3 s for the first byte, and 10 s for the rest', async () => {
    const scene = await new Scene([SOCKET, TUNNEL]).start()
    await scene.pass(2999)
    assert.equal(scene.wires.length, 1)
    await scene.pass(1)
    assert.equal(scene.wire.candidate, TUNNEL)
    assert.ok(scene.wires[0].isClosed)
    scene.wire.events.bytes(HELLO.slice(0, 100))
    await scene.pass(9000)
    assert.deepEqual(scene.failures, [])
    await scene.pass(1000)
    assert.deepEqual(scene.failures.map(({ type }) => type), ['unreachable'])
    assert.equal(scene.timersLeft, 0)
  })

  it('tries the next way when something answers that is no RTMP', async () => {
    const scene = await new Scene([SOCKET, TUNNEL]).start()
    scene.wire.events.bytes(new TextEncoder().encode('HTTP/1.1') as Bytes)
    assert.equal(scene.wire.candidate, TUNNEL)
  })

  it('fails for good when no way ever led anywhere, when it is refused or forbidden, and at nonsense', async () => {
    const ends = async (act: (wire: FakeWire) => void): Promise<string> => {
      const scene = await new Scene([SOCKET]).start()
      act(scene.wire)
      assert.equal(scene.timersLeft, 0)
      assert.deepEqual(scene.log, [])
      return scene.failures.map(({ type }) => type).join()
    }
    const refusal = say(command(0, '_error', 1, null, { code: 'NetConnection.Connect.Rejected' }), command(0, 'close', 0, null))
    assert.equal(await ends(wire => wire.events.closed(lostEnd)), 'unreachable')
    assert.equal(await ends(wire => wire.events.closed({ code: Close.Refused, reason: 'no' })), 'forbidden')
    assert.equal(await ends(wire => wire.events.bytes(concat([HELLO, refusal]))), 'refused')
    assert.equal(await ends(wire => {
      wire.events.bytes(HELLO)
      wire.events.bytes(Uint8Array.of(0xc3, 1))
    }), 'protocol')
  })

  it('comes again after 0.5, 1, 2, 4 … 30 s, and begins anew once it was there', async () => {
    const scene = await new Scene([SOCKET]).start()
    scene.wire.events.bytes(READY)
    scene.wire.events.closed(lostEnd)
    for (let count = 0; count < 7; count++) {
      await scene.pass(30_000)
      if (count === 0) assert.ok(scene.wires.length > 1)
      scene.wire.events.closed(lostEnd)
    }
    const delays = scene.log.filter(line => line.startsWith('lost')).map(line => line.split(' ')[2])
    assert.deepEqual([...new Set(delays)].slice(0, 7), ['500', '1000', '2000', '4000', '8000', '16000', '30000'])
    await scene.pass(30_000)
    scene.wire.events.bytes(READY)
    scene.wire.events.closed(lostEnd)
    assert.equal(scene.log.pop(), 'lost 1 500')
  })

  it('comes again at once when the server drains, or somebody calls', async () => {
    const scene = await new Scene([SOCKET]).start()
    scene.wire.events.bytes(READY)
    scene.wire.events.closed({ code: Close.Drain, reason: '' })
    await scene.pass(0)
    assert.equal(scene.wires.length, 2)
    scene.wire.events.bytes(READY)
    scene.wire.events.closed(lostEnd)
    await scene.start()
    assert.equal(scene.wires.length, 3)
  })

  it('waits for a server that has too many viewers', async () => {
    const scene = await new Scene([SOCKET]).start()
    scene.wire.events.closed({ code: Close.TooMany, reason: 'full' })
    assert.deepEqual([scene.log, scene.failures], [['lost 1 500'], []])
  })

  it('asks after 5 s of silence and leaves after 10, but only who expects something', async () => {
    const scene = await new Scene([SOCKET]).start()
    scene.wire.events.bytes(READY)
    await scene.pass(60_000)
    const before = scene.wire.sent.length
    scene.connection.isExpecting = true
    await scene.pass(5000)
    assert.equal(scene.wire.sent.length, before + 1, 'a ping')
    await scene.pass(5000)
    assert.deepEqual(scene.log, ['ready', 'lost 1 500'])
  })

  it('says play and seek in one write', async () => {
    const scene = new Scene([SOCKET])
    scene.onReady = session => {
      session.play('film')
      session.seek(7000)
    }
    await scene.start()
    scene.wire.events.bytes(concat([HELLO, WELCOME]))
    const before = scene.wire.sent.length
    scene.wire.events.bytes(STREAM)
    assert.equal(scene.wire.sent.length, before + 1)
    assert.deepEqual(commands(concat(scene.wire.sent)).map(({ name }) => name), ['connect', 'createStream', 'play', 'seek'])
  })

  it('leaves no timer and no wire behind when it stops', async () => {
    const scene = await new Scene([SOCKET]).start()
    scene.wire.events.bytes(READY)
    scene.connection.stop()
    assert.ok(scene.wire.isClosed)
    assert.equal(scene.timersLeft, 0)
    scene.wire.events.bytes(READY)
    assert.deepEqual(scene.log, ['ready'], 'what comes late is heard by nobody')
  })
})
