import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { concat, type Bytes } from '../../src/bytes.ts'
import { encode } from '../../src/rtmp/amf0.ts'
import { ProtocolError } from '../../src/rtmp/error.ts'
import { Control, control, Kind, userControl } from '../../src/rtmp/message.ts'
import { Session, type SessionEvent } from '../../src/rtmp/session.ts'
import { acknowledgements, commands, heard, HELLO, media, say, status, STREAM, WELCOME } from './server.ts'

class Conversation {
  readonly session = new Session({ app: 'cfx/st', tcUrl: 'rtmp://h/cfx/st', pageUrl: 'http://page' }, new Uint8Array(1536).fill(5))
  readonly events: SessionEvent[] = []
  private output: Bytes = this.session.takeOutput()

  hear(...inputs: Uint8Array[]): this {
    for (const input of inputs) this.session.receive(new Uint8Array(input))
    this.events.push(...this.session.takeEvents())
    return this
  }

  get said(): Bytes {
    this.output = concat([this.output, this.session.takeOutput()])
    return this.output
  }
}

const ready = (): Conversation => new Conversation().hear(HELLO, WELCOME, STREAM)
const kinds = (events: SessionEvent[]): string[] => events.map(({ type }) => type)

describe('a session', () => {
  it('shakes hands, connects and makes a stream, however the bytes come', () => {
    const input = concat([HELLO, WELCOME, STREAM])
    const whole = new Conversation().hear(input)
    assert.deepEqual(kinds(whole.events), ['handshake', 'ready'])
    const [connect, createStream] = commands(whole.said)
    assert.equal(connect.name, 'connect')
    assert.deepEqual({ ...connect.values[0] as object }, {
      app: 'cfx/st', flashVer: 'millrace-player', tcUrl: 'rtmp://h/cfx/st', fpad: false, capabilities: 15,
      pageUrl: 'http://page', audioCodecs: 0x404, videoCodecs: 0x80, objectEncoding: 0, capsEx: 1, ackGate: true,
    })
    assert.equal(createStream.name, 'createStream')
    for (let at = 0; at < input.length; at += at > 3000 ? 1 : 97) {
      const cut = new Conversation().hear(input.subarray(0, at), input.subarray(at))
      assert.deepEqual(cut.events, whole.events)
      assert.deepEqual(cut.said, whole.said, `cut at ${at}`)
    }
  })

  it('echoes S1 as C2', () => {
    const { said } = ready()
    assert.deepEqual(said.slice(1537, 2 * 1536 + 1), HELLO.slice(1, 1537))
  })

  it('plays and seeks in one write', () => {
    const { session, said } = ready()
    session.play('mp4:film')
    session.bufferLength(10_000)
    session.seek(5000)
    const all = concat([said, session.takeOutput()])
    assert.deepEqual(commands(all).slice(2).map(({ name, values }) => [name, ...values]),
      [['play', null, 'mp4:film', 0, -1000, true], ['seek', null, 5000]])
    assert.deepEqual(heard(all).slice(-2)[0].body, userControl(Control.SetBufferLength, 1, 10_000).body)
  })

  it('answers pings and takes a peer bandwidth for a window', () => {
    const { said } = ready().hear(say(userControl(Control.PingRequest, 77), control(Kind.PeerBandwidth, 9)))
    const [pong, size] = heard(said).slice(-2)
    assert.deepEqual(pong.body, userControl(Control.PingResponse, 77).body)
    assert.deepEqual([size.kind, size.body], [Kind.WindowSize, control(0, 9).body])
  })

  it('tells of what the server says', () => {
    const { events } = ready().hear(status('NetStream.Play.StreamNotFound', 'error', 'no such stream', 'mp4:x'))
    assert.deepEqual(events[2], {
      type: 'status',
      status: { code: 'NetStream.Play.StreamNotFound', level: 'error', description: 'no such stream', details: 'mp4:x', tcUrl: '' },
    })
  })

  it('ends at anything that is no RTMP', () => {
    assert.throws(() => new Conversation().hear(new TextEncoder().encode('HTTP/1.1 400 Bad Request')), ProtocolError)
    assert.throws(() => ready().hear(say({ kind: Kind.CommandAmf0, time: 0, stream: 0, body: Uint8Array.of(0x11) })), ProtocolError)
  })
})

describe('credit', () => {
  const QUARTER = 625_000
  /** A message of 100,000 bytes, and what it takes on the wire: a header of 12 bytes, then one for each 128. */
  const BODY = 100_000
  const frame = say(media(Kind.Video, 0, new Uint8Array(BODY)))

  it('is given for what was appended only, counted from behind the handshake', () => {
    const conversation = ready()
    for (let count = 0; count < 24; count++) conversation.hear(frame)
    assert.deepEqual(acknowledgements(conversation.said), [], 'nothing was appended')
    for (let count = 0; count < 7; count++) conversation.session.credit(BODY)
    const behind = WELCOME.length + STREAM.length
    const overhead = 24 * (frame.length - BODY) + behind
    assert.deepEqual(acknowledgements(conversation.said), [7 * BODY + overhead])
  })

  it('comes each quarter of the window', () => {
    const conversation = ready()
    for (let count = 0; count < 100; count++) {
      conversation.hear(frame)
      conversation.session.credit(BODY)
    }
    const all = acknowledgements(conversation.said)
    all.forEach((total, index) => {
      const step = total - (all[index - 1] ?? 0)
      assert.ok(step >= QUARTER && step < QUARTER + frame.length, `${step} bytes`)
    })
    assert.equal(all.length, Math.floor(100 * frame.length / Math.ceil(QUARTER / frame.length) / frame.length))
  })

  it('is given for everything that is no media at once', () => {
    const conversation = ready()
    const body = encode(['notice', 'x'.repeat(600_000)])
    const data = say({ kind: Kind.DataAmf0, time: 0, stream: 1, body })
    conversation.hear(data, data)
    assert.equal(acknowledgements(conversation.said).length, 1)
  })

  it('is not given twice', () => {
    const conversation = ready().hear(frame)
    conversation.session.credit(10 * BODY)
    for (let count = 0; count < 8; count++) conversation.hear(frame)
    assert.deepEqual(acknowledgements(conversation.said), [])
  })

  it('ends what sends without end', () => {
    const conversation = ready()
    const size = say(control(Kind.SetChunkSize, 1 << 24))
    conversation.hear(size)
    const large = concat([Uint8Array.of(6, 0, 0, 0, 0xff, 0, 0, 9, 1, 0, 0, 0), new Uint8Array(0xff0000)])
    assert.throws(() => {
      for (let count = 0; count < 20; count++) conversation.hear(large)
    }, /much more than it was asked for/)
  })
})
