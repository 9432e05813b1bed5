import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parse } from '../../src/url.ts'
import { backoff, candidates, Ladder, type LadderOptions } from '../../src/wire/ladder.ts'

const ways = (src: string, options: Partial<LadderOptions> = {}): string[] =>
  candidates(parse(src)!, { pageProtocol: 'http:', ...options }).map(({ url }) => url)

describe('the ways to a server', () => {
  it('from a page by http: WebSockets on both ports, then RTMPT', () => {
    assert.deepEqual(ways('rtmp://h/cfx/st/a'), ['ws://h/rtmp', 'ws://h:1935/rtmp', 'http://h', 'http://h:1935'])
    assert.deepEqual(ways('rtmp://h:1935/cfx/st/a'), ['ws://h:1935/rtmp', 'http://h:1935'])
  })

  it('from a page by https: TLS on port 443 only, except to the machine itself', () => {
    assert.deepEqual(ways('rtmp://h:1935/cfx/st/a', { pageProtocol: 'https:' }), ['wss://h/rtmp', 'https://h'])
    assert.deepEqual(ways('rtmp://127.0.0.1:1935/cfx/st/a', { pageProtocol: 'https:' }),
      ['ws://127.0.0.1:1935/rtmp', 'http://127.0.0.1:1935'])
  })

  it('what asks for TLS gets nothing else', () => {
    assert.deepEqual(ways('rtmps://h/cfx/st/a'), ['wss://h/rtmp', 'https://h'])
    assert.deepEqual(ways('rtmps://h:8443/cfx/st/a'), ['wss://h:8443/rtmp', 'wss://h/rtmp', 'https://h:8443', 'https://h'])
  })

  it('what asks for RTMPT gets that first', () => {
    for (const scheme of ['rtmpt', 'rtmpte']) {
      assert.deepEqual(ways(`${scheme}://h:80/cfx/st/a`), ['http://h:80', 'http://h:1935', 'ws://h:80/rtmp', 'ws://h:1935/rtmp'])
    }
  })

  it('are what the page says, if it does', () => {
    const endpoint = 'wss://edge.example:8443/video?x=1'
    assert.deepEqual(ways('rtmp://h/cfx/st/a', { endpoint }), ['wss://edge.example:8443/video?x=1', 'https://edge.example:8443'])
    assert.deepEqual(ways('rtmp://h/cfx/st/a', { endpoint: 'http://e', transports: ['rtmpt'] }), ['http://e'])
    assert.deepEqual(ways('rtmp://h/cfx/st/a', { endpoint: 'http://e', transports: ['rtmpt', 'websocket'] }), ['http://e', 'ws://e/rtmp'])
  })
})

describe('a ladder', () => {
  it('is climbed from the rung that held last time', () => {
    const kept = new Map<string, string>()
    const memory = { get: (host: string) => kept.get(host) ?? null, set: (host: string, url: string) => void kept.set(host, url) }
    const all = candidates(parse('rtmp://h:1935/cfx/st/a')!, { pageProtocol: 'http:' })
    const first = new Ladder(all, 'h', memory)
    assert.equal(first.next(), all[0])
    first.won(first.next()!)
    assert.equal(first.next(), undefined)
    const second = new Ladder(all, 'h', memory)
    assert.deepEqual([second.next(), second.next(), second.next()], [all[1], all[0], undefined])
    assert.equal(new Ladder(all, 'other', memory).next(), all[0])
  })
})

describe('the wait for the next try', () => {
  it('doubles up to 30 s, less up to a quarter', () => {
    assert.deepEqual([0, 1, 2, 5, 6, 50].map(attempt => backoff(attempt, 0)), [500, 1000, 2000, 16_000, 30_000, 30_000])
    assert.equal(backoff(0, 1), 375)
  })
})
