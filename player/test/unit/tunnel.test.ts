import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { TunnelWire } from '../../src/wire/tunnel.ts'
import type { WireEnd } from '../../src/wire/wire.ts'

interface Asked {
  path: string
  body: number[]
  options: RequestInit
  answer(status: number, ...bytes: number[]): Promise<void>
  fail(): Promise<void>
}

const settled = (): Promise<void> => new Promise(resolve => setTimeout(resolve))

/** A tunnel whose requests wait for the test to answer them. */
class Scene {
  readonly asked: Asked[] = []
  readonly came: number[][] = []
  readonly ends: WireEnd[] = []
  readonly wire: TunnelWire

  constructor() {
    globalThis.fetch = ((url: string, options: RequestInit) => new Promise((resolve, reject) => {
      const body = [...(options.body as Uint8Array)]
      const answer = (status: number, ...bytes: number[]): Promise<void> => {
        resolve(new Response(Uint8Array.from(bytes), { status }))
        return settled()
      }
      const fail = (): Promise<void> => {
        reject(new TypeError('Failed to fetch'))
        return settled()
      }
      this.asked.push({ path: url.replace('http://h', ''), body, options, answer, fail })
    })) as typeof fetch
    this.wire = new TunnelWire('http://h', {
      bytes: bytes => this.came.push([...bytes]),
      closed: end => this.ends.push(end),
    })
  }

  static async opened(...first: number[]): Promise<Scene> {
    const scene = new Scene()
    scene.wire.send(Uint8Array.from(first))
    await scene.last.answer(200, 0x69, 0x64, 10)
    return scene
  }

  get last(): Asked {
    return this.asked[this.asked.length - 1]
  }

  get paths(): string[] {
    return this.asked.map(({ path }) => path)
  }
}

describe('a tunnel', () => {
  const { fetch } = globalThis
  afterEach(() => { globalThis.fetch = fetch })

  it('asks one thing at a time, and counts', async () => {
    const scene = await Scene.opened(1, 2)
    scene.wire.send(Uint8Array.of(3))
    scene.wire.send(Uint8Array.of(4))
    assert.deepEqual(scene.paths, ['/open/1', '/send/id/0'])
    await scene.last.answer(200, 1, 9, 8)
    await scene.last.answer(200, 1, 7)
    assert.deepEqual(scene.paths, ['/open/1', '/send/id/0', '/send/id/1', '/idle/id/2'])
    assert.deepEqual(scene.asked.map(({ body }) => body), [[0], [1, 2], [3, 4], [0]])
    assert.deepEqual(scene.came, [[9, 8], [7]], 'without the interval bytes')
    scene.wire.close()
  })

  it('does not wait for an idle request that is held, and takes the replies in order', async () => {
    const scene = await Scene.opened(1)
    await scene.last.answer(200, 1, 6)
    const idle = scene.last
    assert.equal(idle.path, '/idle/id/1')
    scene.wire.send(Uint8Array.of(2))
    scene.wire.send(Uint8Array.of(3))
    assert.deepEqual([scene.last.path, scene.last.body], ['/send/id/2', [2]])
    await scene.last.answer(200, 1, 8)
    await idle.answer(200, 1, 7)
    assert.deepEqual(scene.came, [[6], [7], [8]])
    assert.deepEqual([scene.last.path, scene.last.body], ['/send/id/3', [3]])
    scene.wire.close()
  })

  it('ends when an idle request is lost for good, whatever was said meanwhile', async () => {
    const scene = await Scene.opened(1)
    await scene.last.answer(200, 1, 5)
    const idle = scene.last
    scene.wire.send(Uint8Array.of(2))
    const said = scene.last
    await idle.fail()
    await scene.last.fail()
    await said.fail()
    assert.deepEqual(scene.ends.map(({ code }) => code), [1006])
  })

  it('is no reason for a preflight, nor for cookies', async () => {
    const scene = await Scene.opened(1)
    const { options } = scene.last
    assert.deepEqual([options.method, options.credentials, options.cache, options.headers],
      ['POST', 'omit', 'no-store', { 'Content-Type': 'text/plain' }])
    scene.wire.close()
  })

  it('asks once more, by the same number, when a request was lost', async () => {
    const scene = await Scene.opened(1)
    await scene.last.fail()
    assert.deepEqual(scene.paths.slice(1), ['/send/id/0', '/send/id/0'])
    await scene.last.answer(200, 1, 5)
    assert.deepEqual([scene.came, scene.last.path], [[[5]], '/idle/id/1'])
    await scene.last.fail()
    await scene.last.fail()
    assert.equal(scene.ends[0].code, 1006)
  })

  it('waits as long as the interval byte says when a reply is empty and was not held', async () => {
    const scene = await Scene.opened(1)
    await scene.last.answer(200, 33)
    assert.equal(scene.last.path, '/send/id/0', 'nothing more for half a second')
    scene.wire.send(Uint8Array.of(2))
    await settled()
    assert.equal(scene.last.path, '/send/id/1', 'but what is to be sent is')
    scene.wire.close()
  })

  it('asks seldom while it rests', async () => {
    const scene = await Scene.opened(1)
    scene.wire.rest(true)
    await scene.last.answer(200, 1, 5)
    assert.equal(scene.last.path, '/send/id/0')
    scene.wire.rest(false)
    await settled()
    assert.equal(scene.last.path, '/idle/id/1')
    scene.wire.close()
  })

  it('ends by an interval of 0, by any refusal, and by close', async () => {
    const ended = await Scene.opened(1)
    await ended.last.answer(200, 0)
    assert.equal(ended.ends[0].code, 1000)
    for (const [status, code] of [[503, 1013], [403, 1008], [404, 1006]]) {
      const refused = new Scene()
      await refused.last.answer(status)
      assert.equal(refused.ends[0].code, code)
      assert.equal(refused.asked.length, 1, 'a refusal is no loss')
    }
    const closed = await Scene.opened(1)
    closed.wire.close()
    assert.equal(closed.last.path, '/close/id/1', 'a request is under way')
    await closed.last.answer(200, 0)
    assert.deepEqual(closed.ends, [])
  })
})
