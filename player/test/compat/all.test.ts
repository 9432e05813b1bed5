// One script for everything: in the head, before or after the libraries, and on pages with none.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Stage, until } from './support/stage.ts'

const MEDIA = { play: 'play', pause: 'pause', seek: 'seeked', end: 'ended' }
const JW = { play: 'PLAYING', pause: 'PAUSED', seek: 'SEEK', end: 'COMPLETED' }
const FLOWPLAYER = { play: 'resume', pause: 'pause', seek: 'seek', end: 'finish' }

const page = (name: string, more: Record<string, string> = {}): string =>
  `${name}.html?${new URLSearchParams({ adapter: 'all', name: 'film', setup: '{}', ...more })}`

describe('all adapters in one script', () => {
  let stage: Stage

  before(async () => {
    stage = await Stage.open('all.js')
  })

  after(() => stage?.close())

  for (const version of ['4', '8']) {
    it(`plays with video.js ${version}`, () =>
      stage.goesThrough('all, video.js', version, page('videojs-setup', { version, setup: '{"techOrder":["flash","html5"]}' }), MEDIA))
  }

  it('plays with video.js that comes after it', () =>
    stage.goesThrough('all, video.js after it', '8', page('all-first', { version: '8' }), MEDIA))

  it('plays with Flowplayer', () =>
    stage.goesThrough('all, Flowplayer', '7', page('flowplayer-markup', { version: '7', type: 'video/flash', source: 'mp4:film' }), FLOWPLAYER))

  it('plays with MediaElement.js', () =>
    stage.goesThrough('all, MediaElement.js', '4', page('mediaelement', { version: '4', type: 'video/rtmp' }), MEDIA))

  it('plays what is in the markup, and what SWFObject writes', async () => {
    await stage.goesThrough('all, markup', '', page('markup-embed'), JW)
    await stage.goesThrough('all, SWFObject', '1', page('swfobject-1'), JW)
  })

  it('has the core in it, and loads nothing more', () =>
    stage.visit(page('markup-embed'), async page => {
      await until(page, 'window.old')
      const scripts = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name.split('/').pop()).filter(name => name?.endsWith('.js')))
      assert.deepEqual(scripts.sort(), ['all.js', 'markup-handlers.js'])
      assert.equal(await page.evaluate(() => typeof window.Millrace.MillracePlayer), 'function')
    }))
})
