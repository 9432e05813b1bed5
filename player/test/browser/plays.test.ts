// Every kind of file plays, says how long it is, ends and plays again.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { launch, play, state, until, type Browser } from './support/browser.ts'
import { Media } from './support/media.ts'
import { Relay } from './support/relay.ts'
import { serve, type Server } from './support/server.ts'

describe('a stream', () => {
  const media = new Media()
  let browser: Browser
  let server: Server
  let relay: Relay

  before(async () => {
    media.film('film.mp4', 4)
    media.film('silent.mp4', 4, '-an')
    media.film('mp3.mp4', 4, '-c:a', 'libmp3lame')
    media.film('film.flv', 4)
    media.ffmpeg('sound.m4a', '-f', 'lavfi', '-i', 'sine=duration=4', '-c:a', 'aac')
    media.ffmpeg('sound.mp3', '-f', 'lavfi', '-i', 'sine=duration=4', '-c:a', 'libmp3lame')
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
      await until(page, 'video.duration > 3.9 && video.duration < 4.2')
      await until(page, 'video.ended')
      assert.deepEqual(await page.evaluate(() => window.errors), [])
      await page.evaluate(() => window.video.play())
      await until(page, 'video.currentTime > 0.5 && video.currentTime < 3 && !video.seeking')
      await until(page, 'video.ended')
      assert.deepEqual(await page.evaluate(() => window.errors), [], JSON.stringify(await state(page)))
      await page.close()
    })
  }
})
