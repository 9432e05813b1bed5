// MediaElement.js 4 and 7, unchanged, with the adapter beside it. 2 has its own tests beside those of the markup.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { versionOf } from './support/site.ts'
import { Stage, heard, until } from './support/stage.ts'

const EVENTS = { play: 'play', pause: 'pause', seek: 'seeked', end: 'ended' }

describe('MediaElement.js', () => {
  let stage: Stage

  before(async () => {
    stage = await Stage.open('MediaElement.js')
  })

  after(() => stage?.close())

  for (const version of ['4', '7']) {
    const page = (setup: object, more: Record<string, string> = {}): string => `mediaelement.html?${
      new URLSearchParams({ version, adapter: 'mediaelement-rtmp', setup: JSON.stringify({ autoRewind: false, ...setup }), type: 'video/rtmp', name: 'film', ...more })}`

    for (const [how, setup] of Object.entries({ 'as it is': {}, 'flash_video': { renderers: ['flash_video'] } })) {
      it(`${version} plays, ${how}`, () => stage.goesThrough(how, versionOf(`mediaelement${version}`), page(setup), EVENTS))
    }

    it(`${version} plays what has the type rtmp/mp4`, () =>
      stage.goesThrough('rtmp/mp4', versionOf(`mediaelement${version}`), page({}, { type: 'rtmp/mp4' }), EVENTS))

    it(`${version} plays what a script puts into it, whatever its type`, () =>
      stage.visit(page({}), async page => {
        await until(page, 'window.old')
        await page.evaluate(() => {
          const { media } = window as unknown as { media: HTMLMediaElement & { getSrc(): string, setSrc(src: string): void } }
          media.setSrc(media.getSrc().replace('film', 'small'))
          media.play()
        })
        await until(page, 'old.time() > 0.3 && document.querySelector("video[id$=flash_video]").videoWidth === 160')
      }))

    it(`${version} says by its own error what is wrong`, () =>
      stage.visit(page({}, { name: 'nothing' }), async page => {
        await until(page, 'window.old')
        await page.evaluate(() => window.old.play())
        await heard(page, 'error')
        assert.equal(await page.evaluate(() => (window as unknown as { failure: string }).failure), 'There is no video called “nothing” here.')
      }))
  }

  it('7 has the size that the page asks for', () =>
    stage.looks('mediaelement7', `mediaelement.html?${new URLSearchParams({ version: '7', adapter: 'mediaelement-rtmp', setup: '{}', type: 'video/rtmp', name: 'film' })}`, '.mejs__container', [320, 180]))
})
