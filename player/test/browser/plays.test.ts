// Every kind of file plays, says how long it is, is sought in, ends and plays again.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { launch, play, until, type Browser } from './support/browser.ts'
import { Media } from './support/media.ts'
import { Relay } from './support/relay.ts'
import { serve, type Server } from './support/server.ts'

describe('a stream', () => {
  const media = new Media()
  let browser: Browser
  let server: Server
  let relay: Relay

  before(async () => {
    media.film('film.mp4', 40)
    media.film('silent.mp4', 40, '-an')
    media.film('mp3.mp4', 40, '-c:a', 'libmp3lame')
    media.film('film.flv', 40)
    media.ffmpeg('sound.m4a', '-f', 'lavfi', '-i', 'sine=duration=40', '-c:a', 'aac')
    media.ffmpeg('sound.mp3', '-f', 'lavfi', '-i', 'sine=duration=40', '-c:a', 'libmp3lame')
    server = await serve(media.folder)
    relay = await Relay.to(server.port)
    browser = await launch()
  })

  after(async () => {
    await browser?.stop()
    await relay?.stop()
    await server?.stop()
    media.remove()
  })

  for (const name of ['film.mp4', 'silent.mp4', 'mp3.mp4', 'film.flv', 'sound.m4a', 'sound.mp3']) {
    it(`of ${name} plays, ends and plays again`, async () => {
      const page = await browser.page(relay.origin)
      await play(page, { src: `rtmp://127.0.0.1/cfx/st/${name}`, endpoint: relay.endpoint })
      await until(page, 'video.duration > 39.9 && video.duration < 40.2')
      await until(page, 'video.currentTime > 0.5')
      // Nothing of that is there yet.
      await page.evaluate(() => { window.video.currentTime = 37 })
      await until(page, 'video.currentTime > 37.2 && !video.seeking')
      await until(page, 'video.ended')
      assert.ok(await page.evaluate(() => window.video.currentTime) > 39.9)
      await page.evaluate(() => void window.video.play())
      await until(page, 'video.currentTime > 0.5 && video.currentTime < 10 && !video.seeking')
      assert.deepEqual(await page.evaluate(() => window.errors), [])
      await page.close()
    })
  }
})
