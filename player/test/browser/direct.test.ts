// The server's own WebSockets and RTMPT, from a page of another origin.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Transport } from '../../src/index.ts'
import { play, until } from './support/browser.ts'
import { House } from './support/house.ts'
import { Media } from './support/media.ts'

describe('a page of another site', () => {
  const media = new Media()
  let house: House

  before(async () => {
    media.film('film.mp4', 20)
    house = await House.over(media)
  })

  after(async () => {
    await house?.close()
    media.remove()
  })

  for (const transport of ['websocket', 'rtmpt'] as Transport[]) {
    it(`plays from the server itself by ${transport}`, async () => {
      const page = await house.browser.page(house.relay.origin)
      await play(page, { src: `rtmp://127.0.0.1:${house.server.port}/cfx/st/film.mp4`, transports: [transport] })
      await until(page, 'video.currentTime > 1')
      await page.evaluate(() => { window.video.currentTime = 18 })
      await until(page, 'video.ended')
      assert.equal(await page.evaluate(() => window.player.stats.transport), transport)
      assert.deepEqual(await page.evaluate(() => window.errors), [])
      await page.close()
    })
  }
})
