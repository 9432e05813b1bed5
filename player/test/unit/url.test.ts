import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parse } from '../../src/url.ts'

const HOST = 'rtmp://s5678.example'
const TC_URL = `${HOST}/cfx/st`
const SIGNATURE = '?Expires=1&Signature=a~b_c-D/&Key-Pair-Id=APK'

/** The tcUrl and the name. */
const means = (file: string, streamer?: string): [string, string] | undefined => {
  const address = parse(file, streamer)
  return address && [address.tcUrl, address.name]
}

describe('an address', () => {
  const forms: Record<string, [file: string, streamer: string | undefined, tcUrl: string, name: string]> = {
    'of video.js': [`${TC_URL}/&mp4:dir/name.mp4`, undefined, TC_URL, 'mp4:dir/name.mp4'],
    'of video.js, signed': [`${TC_URL}/&mp4:name.mp4${SIGNATURE}`, undefined, TC_URL, `mp4:name.mp4${SIGNATURE}`],
    'with a marker': [`${TC_URL}/mp4:dir/name`, undefined, TC_URL, 'mp4:dir/name'],
    'with a marker, signed': [`${TC_URL}/mp4:dir/name.mp4${SIGNATURE}`, undefined, TC_URL, `mp4:dir/name.mp4${SIGNATURE}`],
    'of another application': [`${HOST}/vod/dir/mp3:name`, undefined, `${HOST}/vod/dir`, 'mp3:name'],
    'with folders and no marker': [`${TC_URL}/dir/sub/name.mp4`, undefined, TC_URL, 'mp4:dir/sub/name.mp4'],
    'with folders, signed': [`${TC_URL}/dir/name.mp4${SIGNATURE}`, undefined, TC_URL, `dir/name.mp4${SIGNATURE}`],
    'with an instance': [`${TC_URL}/_definst_/name.flv`, undefined, `${TC_URL}/_definst_`, 'name'],
    'with nothing but slashes': [`${HOST}/vod/dir/name`, undefined, `${HOST}/vod/dir`, 'name'],
    'with a slash in its query': [`${HOST}/vod/name.mp4?path=/a/b`, undefined, `${HOST}/vod`, 'name.mp4?path=/a/b'],
    'with a streamer': ['mp4:dir/name', TC_URL, TC_URL, 'mp4:dir/name'],
    'with a streamer that ends in a slash': ['dir/name.m4v', `${TC_URL}/`, TC_URL, 'mp4:dir/name.m4v'],
    'with a streamer, signed': [`name.mp4${SIGNATURE}`, TC_URL, TC_URL, `name.mp4${SIGNATURE}`],
    'that needs no streamer': [`${TC_URL}/mp4:name`, 'rtmp://other.example/vod', TC_URL, 'mp4:name'],
    'with a port': ['rtmp://h.example:1936/cfx/st/mp4:a', undefined, 'rtmp://h.example:1936/cfx/st', 'mp4:a'],
    'of IPv6': ['rtmp://[2001:db8::1]:80/cfx/st/a', undefined, 'rtmp://[2001:db8::1]:80/cfx/st', 'a'],
    'with blanks around it': [`  ${TC_URL}/mp4:a\n`, undefined, TC_URL, 'mp4:a'],
    'in capitals': ['RTMP://h.example/cfx/st/NAME.MP4', undefined, 'rtmp://h.example/cfx/st', 'mp4:NAME.MP4'],
  }
  for (const [what, [file, streamer, tcUrl, name]] of Object.entries(forms)) {
    it(what, () => assert.deepEqual(means(file, streamer), [tcUrl, name]))
  }

  it('gets a prefix by its extension, if it has none', () => {
    const names = ['mp4', 'm4v', 'm4a', 'mov', 'f4v', 'f4a', '3gp', 'mp3', 'flv', 'raw', '']
      .map(end => means(end ? `a.${end}` : 'a', TC_URL)?.[1])
    assert.deepEqual(names,
      ['mp4:a.mp4', 'mp4:a.m4v', 'mp4:a.m4a', 'mp4:a.mov', 'mp4:a.f4v', 'mp4:a.f4a', 'mp4:a.3gp', 'mp3:a.mp3', 'a', 'a.raw', 'a'])
    assert.equal(means('flv:a.flv', TC_URL)?.[1], 'flv:a.flv')
  })

  it('has one of six schemes', () => {
    for (const scheme of ['rtmp', 'rtmpt', 'rtmpe', 'rtmpte', 'rtmps', 'rtmpts']) {
      assert.equal(parse(`${scheme}://h/cfx/st/a`)?.scheme, scheme)
    }
    const none = ['', 'http://h/a.mp4', 'rtmpx://h/a', 'rtmp://', 'rtmp:///cfx/st/a', 'a.mp4', 'rtmp://h/cfx/st/', 'rtmp://h', 'rtmp://h:x/a/b']
    assert.deepEqual(none.map(text => means(text)), none.map(() => undefined))
  })

  it('says host, port and application apart', () => {
    const { host, port, app } = parse('rtmpt://user:word@h.example:8080/cfx/st/dir/a.mp4')!
    assert.deepEqual([host, port, app], ['h.example', 8080, 'cfx/st'])
    assert.equal(parse('a', HOST)?.app, '')
  })
})
