// ManagedMediaSource, which is all that an iPhone has: the browser says when it wants media. Chromium has none, so its
// MediaSource plays the part; no iPhone was asked.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { play, until } from './support/browser.ts'
import { House } from './support/house.ts'
import { Media } from './support/media.ts'

const WINDOW = 2_500_000
const SECONDS = 60

declare global {
  interface Window {
    source: MediaSource & { streaming: boolean }
  }
}

/** Has the one in place of the other, from here on. */
const manage = (page: Page): Promise<void> => page.evaluate(() => {
  class ManagedMediaSource extends MediaSource {
    streaming = false

    constructor() {
      super()
      Object.assign(window, { source: this })
    }
  }
  Object.assign(window, { ManagedMediaSource })
  Reflect.deleteProperty(window, 'MediaSource')
})

const stream = (page: Page, isStreaming: boolean): Promise<void> => page.evaluate(isStreaming => {
  window.source.streaming = isStreaming
  window.source.dispatchEvent(new Event(isStreaming ? 'startstreaming' : 'endstreaming'))
}, isStreaming)

const parts = (page: Page): Promise<number> =>
  page.evaluate(() => window.appended.reduce((sum, { parts }) => sum + parts.length, 0))

describe('a browser that manages its media', () => {
  const media = new Media()
  let house: House

  before(async () => {
    media.ffmpeg('heavy.mp4', '-f', 'lavfi', '-i', `nullsrc=size=320x180:rate=25:duration=${SECONDS},geq=random(1)*255:128:128`,
      '-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '6M', '-g', '25', '-pix_fmt', 'yuv420p')
    house = await House.over(media)
  })

  after(async () => {
    await house?.close()
    media.remove()
  })

  it('gets media when it wants some, and else no more comes than the window', async () => {
    const { relay, browser } = house
    const page = await browser.page(relay.origin)
    await manage(page)
    const before = relay.toViewers
    await play(page, { src: 'rtmp://127.0.0.1/cfx/st/mp4:heavy', endpoint: relay.endpoint })
    assert.equal(await page.evaluate(() => window.video.disableRemotePlayback), true)
    await until(page, 'player.stats.bytes > 1e6')
    assert.equal(await parts(page), 0)
    await stream(page, true)
    await until(page, 'video.currentTime > 2')
    await stream(page, false)
    await until(page, 'window.source.sourceBuffers.length > 0 && !window.source.sourceBuffers[0].updating')
    const [held, came] = [await parts(page), relay.toViewers]
    await page.waitForTimeout(3000)
    assert.equal(await parts(page), held)
    assert.ok(relay.toViewers - came <= WINDOW, `${relay.toViewers - came} bytes came, ${came - before} before`)
    await stream(page, true)
    await page.evaluate(seconds => { window.video.currentTime = seconds }, SECONDS - 2)
    await until(page, 'video.ended')
    assert.deepEqual(await page.evaluate(() => window.errors), [])
    await page.close()
  })
})
