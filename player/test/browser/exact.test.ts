// Every sample and every picture is the file's own, at its own time, wherever one seeks.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { samples } from './support/appended.ts'
import { appended, play, until } from './support/browser.ts'
import { House } from './support/house.ts'
import { Media, packets, pictures, RATE, type Packet } from './support/media.ts'

const SECONDS = 60
const SRC = 'rtmp://127.0.0.1/cfx/st/mp4:film'

/** Seeks, waits for the picture and says which it is: its SHA-256 as I420. */
const pictureAt = (page: Page, seconds: number): Promise<string> => page.evaluate(async seconds => {
  const { video } = window
  // `seeked` comes a little before the picture is on the screen.
  const shown = new Promise<void>(resolve => {
    const look = (_: number, { mediaTime }: VideoFrameCallbackMetadata): void => {
      if (mediaTime <= seconds && seconds < mediaTime + 0.04) resolve()
      else video.requestVideoFrameCallback(look)
    }
    video.requestVideoFrameCallback(look)
    setTimeout(resolve, 5000)
  })
  video.currentTime = seconds
  await shown
  const frame = new VideoFrame(video)
  const options: VideoFrameCopyToOptions = { rect: frame.visibleRect! }
  const pixels = new Uint8Array(frame.allocationSize(options))
  await frame.copyTo(pixels, options)
  const { format } = frame
  frame.close()
  if (format !== 'I420') throw new Error(`pictures are ${format}`)
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', pixels))
  return Array.from(hash, byte => byte.toString(16).padStart(2, '0')).join('')
}, seconds)

/** All samples that were appended are packets of the file, at their times. How many different ones there were. */
const areOf = (bytes: Buffer, timescale: number, file: readonly Packet[]): number => {
  const key = (hash: string, dts: number): string => `${hash} ${Math.round(dts * 1000)}`
  const shift = file[0].dts
  const known = new Set(file.flatMap(({ hash, dts }) => [-1, 0, 1].map(ms => key(hash, dts - shift + ms / 1000))))
  const all = samples(bytes)
  const first = all[0].dts
  assert.ok(first / timescale < 0.2, 'the film begins at 0, but for what the audio precedes the video by')
  const lost = all.filter(({ hash, dts }) => !known.has(key(hash, (dts - first) / timescale)))
  assert.deepEqual(lost, [], 'samples that the file does not have there')
  return new Set(all.map(({ hash, dts }) => `${hash} ${dts}`)).size
}

describe('a film', () => {
  const media = new Media()
  let house: House
  let film: string

  before(async () => {
    film = media.film('film.mp4', SECONDS)
    house = await House.over(media)
  })

  after(async () => {
    await house?.close()
    media.remove()
  })

  it('comes sample by sample as it lies in the file', async () => {
    const page = await house.browser.page(house.relay.origin)
    await play(page, { src: SRC, endpoint: house.relay.endpoint, bufferAhead: 90 })
    await until(page, `video.buffered.length == 1 && video.buffered.end(0) > ${SECONDS - 0.2}`)
    await page.evaluate(() => { window.video.currentTime = 58.5 })
    await until(page, 'video.ended')
    const [video, audio] = [packets(film, 'v:0'), packets(film, 'a:0')]
    assert.equal(areOf(await appended(page, 'video'), 1000, video), video.length)
    // The encoder's priming frame lies before 0 and is not sent.
    assert.ok(areOf(await appended(page, 'audio'), 44100, audio) >= audio.length - 1)
    assert.deepEqual(await page.evaluate(() => window.errors), [])
    await page.close()
  })

  it('shows the very picture that is sought, paused and playing', async () => {
    const page = await house.browser.page(house.relay.origin)
    const all = pictures(film)
    await play(page, { src: SRC, endpoint: house.relay.endpoint }, false)
    await until(page, 'video.readyState >= 2')
    const offset = await page.evaluate(() => window.video.buffered.start(0))
    // Spread over the film, forward and back, and the first and the last picture.
    const places = Array.from({ length: 28 }, (_, index) => (index * 617 + 131) % all.length)
    const wrong: string[] = []
    for (const index of [...places, 0, all.length - 1]) {
      const hash = await pictureAt(page, offset + (index + 0.5) / RATE)
      if (hash !== all[index]) wrong.push(`${all.indexOf(hash)} for ${index}`)
    }
    assert.deepEqual(wrong, [])
    const video = packets(film, 'v:0')
    const seen = samples(await appended(page, 'video'))
    const known = new Map(video.map(({ hash, dts }) => [hash, dts - video[0].dts]))
    const shifted = seen.filter(({ hash, dts }) => Math.abs((known.get(hash) ?? -1) * 1000 - (dts - seen[0].dts)) > 1)
    assert.deepEqual(shifted, [], 'samples at the wrong time after a seek')
    await page.evaluate(() => void window.video.play())
    for (const seconds of [40, 5, 57]) {
      await page.evaluate(to => { window.video.currentTime = to }, seconds)
      await until(page, `video.currentTime > ${seconds + 0.4} && video.currentTime < ${seconds + 10} && !video.seeking`)
    }
    await page.evaluate(() => { window.video.currentTime = 1e6 })
    await until(page, 'video.ended')
    await page.evaluate(() => { window.video.currentTime = 0 })
    await page.evaluate(() => void window.video.play())
    await until(page, 'video.currentTime > 0.3 && video.currentTime < 10 && !video.seeking')
    assert.deepEqual(await page.evaluate(() => window.errors), [])
    await page.close()
  })

  it('survives a storm of seeks: the last one wins, and the server sees few', async () => {
    const page = await house.browser.page(house.relay.origin)
    await play(page, { src: SRC, endpoint: house.relay.endpoint, bufferAhead: 4 }, false)
    await until(page, 'video.readyState >= 2')
    const before = house.relay.count('seek')
    await page.evaluate(async () => {
      for (let index = 0; index < 50; index++) {
        window.video.currentTime = (index * 17) % 50
        await new Promise(resolve => setTimeout(resolve, 40))
      }
      window.video.currentTime = 33.3
    })
    await until(page, '!video.seeking && video.readyState >= 2')
    // Browsers round to microseconds.
    assert.equal(Math.round(await page.evaluate(() => window.video.currentTime) * 1000), 33_300)
    const seeks = house.relay.count('seek') - before
    assert.ok(seeks <= 22, `${seeks} seeks in 2 s`)
    assert.ok(seeks >= 1)
    await page.evaluate(() => void window.video.play())
    await until(page, 'video.currentTime > 34')
    assert.deepEqual(await page.evaluate(() => window.errors), [])
    await page.close()
  })
})
