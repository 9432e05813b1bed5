// video.js 4 to 8, unchanged, with the adapter beside it.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { versionOf } from './support/site.ts'
import { Stage, heard, until } from './support/stage.ts'

const EVENTS = { play: 'play', pause: 'pause', seek: 'seeked', end: 'ended' }
const ORDERS: Record<string, object> = {
  'default order': {}, 'flash first': { techOrder: ['flash', 'html5'] }, 'flash only': { techOrder: ['flash'] },
}

const query = (version: string, setup: object, more: Record<string, string> = {}): string =>
  new URLSearchParams({ version, adapter: 'videojs-flash', setup: JSON.stringify(setup), name: 'film', ...more }).toString()

describe('video.js', () => {
  let stage: Stage

  before(async () => {
    stage = await Stage.open('video.js')
  })

  after(() => stage?.close())

  for (const version of ['4', '5', '6', '7', '8']) {
    for (const [order, setup] of Object.entries(ORDERS)) {
      it(`${version}, ${order}, plays what its source says`, () =>
        stage.goesThrough(order, versionOf(`videojs${version}`), `videojs-setup.html?${query(version, setup)}`, EVENTS, {
          after: async page => {
            const isFlash = await page.evaluate(() => {
              const { Flash } = (window as unknown as { videojs: { Flash: new () => object } }).videojs
              return Object.values(window.player).some(value => value instanceof Flash)
            })
            assert.equal(isFlash, order !== 'default order')
          },
        }))
    }

    it(`${version} plays what a script puts into it`, () =>
      stage.goesThrough('src() by a script', versionOf(`videojs${version}`), `videojs-src.html?${query(version, ORDERS['flash first'])}`, EVENTS))

    it(`${version} says by its own error what is wrong`, () =>
      stage.visit(`videojs-src.html?${query(version, ORDERS['flash only'], { name: 'nothing' })}`, async page => {
        await heard(page, 'error')
        await until(page, 'player.error()')
        const { code, message } = await page.evaluate(() => {
          const { code, message } = (window.player as unknown as { error(): { code: number, message: string } }).error()
          return { code, message }
        })
        assert.deepEqual([code, message], [2, 'There is no video called “nothing” here.'])
      }))

    it(`${version} has what pages call of the tech that was`, () =>
      stage.visit(`videojs-src.html?${query(version, {})}`, async page => {
        await until(page, 'window.old')
        const seen = await page.evaluate(() => {
          const { videojs } = window as unknown as { videojs: { Flash: Record<string, (...values: unknown[]) => unknown>, options: { flash: object } } }
          const { Flash, options } = videojs
          return {
            parts: Flash.streamToParts('rtmp://s1.example/cfx/st/&mp4:dir/film'), whole: Flash.streamFromParts('rtmp://s1.example/cfx/st', 'mp4:film'),
            isStream: [Flash.isStreamingSrc('rtmp://x/y'), Flash.isStreamingSrc('https://x/y')], isSupported: Flash.isSupported(),
            plays: [Flash.canPlaySource({ type: 'rtmp/flv', src: '' }), Flash.canPlaySource({ type: 'video/mp4', src: 'film.mp4' })],
            options: typeof options.flash,
          }
        })
        assert.deepEqual(seen, {
          parts: { connection: 'rtmp://s1.example/cfx/st/', stream: 'mp4:dir/film' }, whole: 'rtmp://s1.example/cfx/st&mp4:film',
          isStream: [true, false], isSupported: true, plays: ['maybe', ''], options: 'object',
        })
      }))
  }

  for (const version of ['5', '8']) {
    it(`${version} has the size that the page asks for`, () =>
      stage.looks(`videojs${version}`, `videojs-setup.html?${query(version, ORDERS['flash only'])}`, '#example', [320, 180]))
  }
})
