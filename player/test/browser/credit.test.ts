// How much a page lets come: the window while it takes nothing, and the buffer while nobody plays.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { play, until } from './support/browser.ts'
import { House } from './support/house.ts'
import { Media } from './support/media.ts'

const WINDOW = 2_500_000

describe('what comes', () => {
  const media = new Media()
  let house: House

  before(async () => {
    // Noise does not shrink: about 20 Mbit/s, and more than Chromium's 150 MB.
    media.ffmpeg('heavy.mp4', '-f', 'lavfi', '-i', 'nullsrc=size=640x360:rate=25:duration=90,geq=random(1)*255:128:128',
      '-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '20M', '-maxrate', '20M', '-bufsize', '4M', '-g', '25', '-pix_fmt', 'yuv420p')
    media.film('film.mp4', 120)
    house = await House.over(media)
  })

  after(async () => {
    await house?.close()
    media.remove()
  })

  it('is no more than the window while the browser takes nothing', async () => {
    const { relay, browser } = house
    const page = await browser.page(relay.origin)
    await page.evaluate(() => {
      // The append that never ends.
      SourceBuffer.prototype.appendBuffer = () => undefined
    })
    const before = relay.toViewers
    await play(page, { src: 'rtmp://127.0.0.1/cfx/st/mp4:heavy', endpoint: relay.endpoint })
    await until(page, 'player.stats.bytes > 1e6')
    await page.waitForTimeout(4000)
    const came = relay.toViewers - before
    assert.ok(came <= WINDOW + 10_000, `${came} bytes came`)
    await page.close()
  })

  it('goes on as the browser takes it, with a group of pictures longer than the window', async () => {
    const { relay, browser } = house
    const page = await browser.page(relay.origin)
    const before = relay.toViewers
    await play(page, { src: 'rtmp://127.0.0.1/cfx/st/mp4:heavy', endpoint: relay.endpoint })
    await until(page, 'video.currentTime > 3')
    assert.ok(relay.toViewers - before > 2 * WINDOW)
    assert.deepEqual(await page.evaluate(() => window.errors), [])
    await page.close()
  })

  it('may be more than the browser holds', async () => {
    const { relay, browser } = house
    const page = await browser.page(relay.origin)
    await page.evaluate(() => {
      const append = SourceBuffer.prototype.appendBuffer
      SourceBuffer.prototype.appendBuffer = function (bytes) {
        try {
          append.call(this, bytes)
        } catch (error) {
          window.events.push((error as DOMException).name)
          throw error
        }
      }
    })
    await play(page, { src: 'rtmp://127.0.0.1/cfx/st/mp4:heavy', endpoint: relay.endpoint, bufferAhead: 120 })
    await until(page, "events.includes('QuotaExceededError')")
    await page.evaluate(() => { window.video.playbackRate = 4 })
    await until(page, 'video.ended')
    assert.equal(await page.evaluate(() => window.video.played.length), 1)
    assert.deepEqual(await page.evaluate(() => window.errors), [])
    await page.close()
  })

  it('stops when the buffer is full and nobody plays', async () => {
    const { relay, browser } = house
    const page = await browser.page(relay.origin)
    await play(page, { src: 'rtmp://127.0.0.1/cfx/st/mp4:film', endpoint: relay.endpoint })
    await until(page, 'video.currentTime > 6')
    await page.evaluate(() => window.video.pause())
    await page.waitForTimeout(3000)
    const before = relay.toViewers
    await page.waitForTimeout(5000)
    // A ping each minute is no media.
    assert.ok(relay.toViewers - before < 100, `${relay.toViewers - before} bytes while paused`)
    assert.ok(relay.count('pause') >= 1)
    await page.evaluate(() => void window.video.play())
    await until(page, 'video.currentTime > 30')
    assert.equal(await page.evaluate(() => window.video.played.length), 1)
    assert.deepEqual(await page.evaluate(() => window.errors), [])
    await page.close()
  })
})
