// One script with every adapter in it: at the address of an old script, before or after a library, and where nothing is to do.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { versionOf } from './support/site.ts'
import { Stage, until, type Events } from './support/stage.ts'

const MEDIA = { play: 'play', pause: 'pause', seek: 'seeked', end: 'ended' }
const SWF = { play: 'PLAYING', pause: 'PAUSED', seek: 'SEEK', end: 'COMPLETED' }
const JW = { play: 'Play', pause: 'Pause', seek: 'Seek', end: 'Complete' }
const JW_7 = { play: 'play', pause: 'pause', seek: 'seek', end: 'complete' }
const FLOWPLAYER = { play: 'resume', pause: 'pause', seek: 'seek', end: 'finish' }
const FLOWPLAYER_3 = { play: 'Start', pause: 'Pause', seek: 'Seek', end: 'Finish' }
const HOST = 's5678.example'

const PLACES: Record<string, Record<string, string>> = { after: {}, before: { first: '' } }

const page = (name: string, more: Record<string, string> = {}): string =>
  `${name}.html?${new URLSearchParams({ adapter: 'all', name: 'film', ...more })}`

const loaded = (page: Page): Promise<(string | undefined)[]> =>
  page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name.split('/').pop()).filter(name => name?.endsWith('.js')))

describe('all adapters in one script', () => {
  let stage: Stage

  before(async () => {
    stage = await Stage.open('all.js')
  })

  after(() => stage?.close())

  const BESIDE: [library: string, title: string, versions: string[], page: string, events: Events, more: Record<string, string>][] = [
    ['videojs', 'video.js', ['4', '8'], 'videojs-src', MEDIA, { setup: '{"techOrder":["flash","html5"]}' }],
    ['flowplayer', 'Flowplayer', ['6', '7'], 'flowplayer-script', FLOWPLAYER, { rtmp: JSON.stringify(`rtmp://${HOST}/cfx/st`) }],
    ['mediaelement', 'MediaElement.js', ['4', '7'], 'mediaelement', MEDIA, { type: 'video/rtmp', setup: '{"autoRewind":false}' }],
  ]
  for (const [library, title, versions, name, events, more] of BESIDE) {
    for (const version of versions) {
      for (const [place, where] of Object.entries(PLACES)) {
        it(`plays ${place} ${title} ${version}`, () =>
          stage.goesThrough(`${place} ${title}`, versionOf(library + version), page(name, { version, ...more, ...where }), events))
      }
    }
  }

  const clip = JSON.stringify({ url: 'mp4:film', provider: 'rtmp', autoPlay: false })
  const INSTEAD: [of: string, version: string, page: string, events: Events, more: Record<string, string>][] = [
    ['flowplayer-3.2.min.js', '3', 'flowplayer3-script', FLOWPLAYER_3, { clip, name: 'rtmp', host: HOST }],
    ['jwplayer.js', '5', 'jwplayer-5', JW, {}], ['jwplayer.js', '6', 'jwplayer-6', JW, {}], ['jwplayer.js', '7', 'jwplayer-7', JW_7, {}],
    ['swfobject.js', '1', 'swfobject-1', SWF, {}], ['swfobject.js', '2', 'swfobject-2', SWF, {}],
  ]
  for (const [of, version, name, events, more] of INSTEAD) {
    it(`plays at the address of ${of}, ${version}`, () => stage.goesThrough(`instead of ${of}`, version, page(name, more), events))
  }

  it('plays what is in the markup, and what MediaElement.js 2 writes', async () => {
    await stage.goesThrough('markup', '', page('markup-embed'), SWF)
    await stage.goesThrough('before MediaElement.js', versionOf('mediaelement2'), page('mediaelement-2', { source: `rtmp://${HOST}/cfx/st/mp4:film`, streamer: '' }), MEDIA)
  })

  it('loads the core from beside it, when something is played', () => stage.visit(page('markup-embed'), async page => {
    await until(page, 'window.old')
    assert.deepEqual((await loaded(page)).sort(), ['all.js', 'markup-handlers.js', 'millrace-player.js'])
  }))

  it('loads nothing, and changes nothing, where nothing is to be played', () => stage.visit(page('all-nothing'), async page => {
    assert.deepEqual(await loaded(page), ['all.js'])
    assert.deepEqual(await page.evaluate(() => [(window as unknown as { kinds: string[] }).kinds, document.getElementById('game')?.localName]),
      [['function', 'function', 'function', 'object'], 'embed'])
  }))

  for (const [place, where] of Object.entries(PLACES)) {
    it(`leaves a JW Player alone ${place} which it stands`, () => stage.visit(page('all-jwplayer', where), async page => {
      assert.equal(await page.evaluate(() => (window as unknown as { answer: string }).answer), 'the original, for container')
    }))

    it(`leaves Flowplayer 7 its name, ${place} which it stands`, () =>
      stage.visit(page('flowplayer-script', { version: '7', rtmp: '""', ...where }), async page => {
        assert.equal(await page.evaluate(() => (window as unknown as { flowplayer: { version: string } }).flowplayer.version), versionOf('flowplayer7'))
      }))
  }
})
