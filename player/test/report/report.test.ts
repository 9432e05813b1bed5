// How long things take and how much they hold, for the report.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { until } from '../browser/support/browser.ts'
import { seenByFirefox } from '../browser/support/firefox.ts'
import { House } from '../browser/support/house.ts'
import { Media } from '../browser/support/media.ts'
import { note } from './note.ts'

const SECONDS = 120
const LOADS = 7
const SEEKS = 30

interface Times {
  load: number[]
  seek: number[]
}

/** In a page: ms until a new player has its first picture, and until it has that of a place that was not there before. */
const measure = (src: string, transport: string): string => `
  const video = document.querySelector('video')
  const came = type => new Promise(resolve => video.addEventListener(type, resolve, { once: true }))
  const times = { load: [], seek: [] }
  const options = { src: '${src}', transports: ['${transport}'], bufferAhead: 2 }
  let player
  for (let count = 0; count < ${LOADS}; count++) {
    player?.destroy()
    const began = performance.now()
    player = new Millrace.MillracePlayer(video, options)
    await came('loadeddata')
    times.load.push(performance.now() - began)
  }
  for (let count = 1; count <= ${SEEKS}; count++) {
    const place = (count * 47) % ${SECONDS - 10}
    // Seeks follow each other no sooner than the player lets them.
    await new Promise(resolve => setTimeout(resolve, 150))
    const began = performance.now()
    const sought = came('seeked')
    video.currentTime = place
    await sought
    times.seek.push(performance.now() - began)
  }`

const median = (values: readonly number[]): number => Math.round([...values].sort((one, other) => one - other)[values.length >> 1])

const rows = ({ load, seek }: Times): Record<string, number> =>
  ({ 'first picture, ms': median(load), [`seek, ms (median of ${SEEKS})`]: median(seek) })

describe('the report', () => {
  const media = new Media()
  let house: House

  before(async () => {
    media.film('film.mp4', SECONDS)
    house = await House.over(media)
  })

  after(async () => {
    await house?.close()
    media.remove()
  })

  for (const transport of ['websocket', 'rtmpt'] as const) {
    const src = (): string => `rtmp://127.0.0.1:${house.server.port}/cfx/st/mp4:film`

    it(`has what Chromium needs by ${transport}`, async () => {
      const page = await house.browser.page(house.relay.origin, false)
      const times = await page.evaluate(`(async () => { ${measure(src(), transport)}
        Object.assign(window, { video, player })
        player.destroy()
        window.player = new Millrace.MillracePlayer(video, { src: options.src, transports: options.transports })
        void video.play()
        return times })()`) as Times
      assert.equal(times.seek.length, SEEKS)
      await until(page, 'video.currentTime > 20')
      const session = await page.context().newCDPSession(page)
      await session.send('HeapProfiler.collectGarbage')
      const { usedSize } = await session.send('Runtime.getHeapUsage')
      const buffered = await page.evaluate(() => window.video.buffered.end(0) - window.video.buffered.start(0))
      const playing = { 'heap while playing, MB': Math.round(usedSize / 1e4) / 100, 'buffered, s': Math.round(buffered) }
      note(`Chromium, ${transport}`, { ...rows(times), ...playing })
      await page.close()
    })

    it(`has what Firefox needs by ${transport}`, async () => {
      const times = await seenByFirefox(`${measure(src(), transport)} report(times)`, media.folder) as Times
      assert.equal(times.seek?.length, SEEKS, JSON.stringify(times))
      note(`Firefox, ${transport}`, rows(times))
    })
  }
})
