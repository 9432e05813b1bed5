// A film of two hours, of which a page never holds more than a minute or so.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { play, state, until } from './support/browser.ts'
import { House } from './support/house.ts'
import { Media } from './support/media.ts'

const MINUTES = 120
/** What is kept, the step in which it is removed, what is asked for ahead, and what comes before the server stops. */
const MOST_BEHIND_S = 30 + 10 + 5
const MOST_AHEAD_S = 30 * 1.25 + 10
const MOST_BYTES = 10e6

declare global {
  interface Window {
    most: { behind: number, ahead: number }
  }
}

describe('a film of two hours', () => {
  const media = new Media()
  let house: House

  before(async () => {
    const noise = `nullsrc=size=320x180:rate=25:duration=60,geq=random(1)*255:128:128`
    const minute = media.ffmpeg('minute.mp4', '-f', 'lavfi', '-i', noise, '-f', 'lavfi', '-i', 'anoisesrc=duration=60:sample_rate=48000',
      '-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '800k', '-maxrate', '800k', '-bufsize', '800k', '-g', '50', '-pix_fmt', 'yuv420p',
      '-c:a', 'aac', '-b:a', '256k')
    media.ffmpeg('film.mp4', '-stream_loop', `${MINUTES - 1}`, '-i', minute, '-c', 'copy', '-movflags', 'faststart')
    house = await House.over(media)
  })

  after(async () => {
    await house?.close()
    media.remove()
  })

  const forget = (page: Page): Promise<void> =>
    page.evaluate(() => void Object.assign(window, { most: { behind: 0, ahead: 0 } }))

  /** Notes how many seconds are buffered behind and ahead of the play head at most. */
  const watch = (page: Page): Promise<void> => page.evaluate(() => {
    const { video } = window
    video.addEventListener('timeupdate', () => {
      const { buffered, currentTime, seeking } = video
      if (buffered.length === 0 || seeking) return
      const { most } = window
      most.behind = Math.max(most.behind, currentTime - buffered.start(0))
      most.ahead = Math.max(most.ahead, buffered.end(buffered.length - 1) - currentTime)
    })
  })

  const checked = async (page: Page): Promise<void> => {
    const most = await page.evaluate(() => window.most)
    assert.ok(most.behind > 0 && most.ahead > 0)
    assert.ok(most.behind < MOST_BEHIND_S && most.ahead < MOST_AHEAD_S, JSON.stringify([most, await state(page)]))
  }

  it('plays from end to end in little memory', async () => {
    const page = await house.browser.page(house.relay.origin, false)
    await play(page, { src: 'rtmp://127.0.0.1/cfx/st/mp4:film', endpoint: house.relay.endpoint })
    await until(page, 'video.currentTime > 1')
    await forget(page)
    await watch(page)
    await page.evaluate(() => { window.video.playbackRate = 16 })
    // More sound than Chromium's 12 MB in one piece.
    await until(page, 'video.currentTime > 480', 600_000)
    assert.equal(await page.evaluate(() => window.video.played.length), 1)
    await checked(page)
    for (let minute = 15; minute < MINUTES; minute += 7) {
      await page.evaluate(to => { window.video.currentTime = to }, minute * 60)
      // What was before the hop goes first.
      await until(page, `video.currentTime > ${minute * 60 + 20} && video.buffered.length == 1`)
      await forget(page)
      await until(page, `video.currentTime > ${minute * 60 + 40}`)
      await checked(page)
    }
    await page.evaluate(() => { window.video.currentTime = window.video.duration - 20 })
    await until(page, 'video.ended')
    const session = await page.context().newCDPSession(page)
    await session.send('HeapProfiler.collectGarbage')
    const heap = await session.send('Runtime.getHeapUsage') as { usedSize: number, backingStorageSize?: number }
    const bytes = heap.usedSize + (heap.backingStorageSize ?? 0)
    assert.ok(bytes < MOST_BYTES, `${bytes} bytes after all`)
    assert.deepEqual(await page.evaluate(() => window.errors), [])
    await page.close()
  })
})
