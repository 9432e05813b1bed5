// Files that are not the same from begin to end, and files that are very long.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { inOrder, samples } from './support/appended.ts'
import { appended, play, until } from './support/browser.ts'
import { later, Tag, tagsOf, framesIn, writeFlv } from './support/flv.ts'
import { House } from './support/house.ts'
import { Media, packets } from './support/media.ts'

const SECONDS = 10
const PART_MS = SECONDS * 1000

/** Frames of a kind, by their hashes; the head of H.264's tags has five bytes, of AAC's two. */
const frames = (tags: readonly Tag[], kind: number): { time: number, hash: string }[] =>
  framesIn(tags).filter(tag => tag.kind === kind).map(({ time, body }) =>
    ({ time, hash: createHash('sha256').update(body.subarray(kind === Tag.Video ? 5 : 2)).digest('hex') }))

const hashes = (list: readonly { hash: string }[]): string[] => list.map(({ hash }) => hash)

describe('a stream', () => {
  const media = new Media()
  let house: House
  let small: Tag[]
  let large: Tag[]
  let stereo: Tag[]

  before(async () => {
    large = tagsOf(media.film('large.flv', SECONDS))
    small = tagsOf(media.film('small.flv', SECONDS, '-vf', 'scale=160:90', '-profile:v', 'baseline', '-bf', '0'))
    stereo = tagsOf(media.film('stereo.flv', SECONDS, '-ar', '22050', '-ac', '2'))
    house = await House.over(media)
  })

  after(async () => {
    await house?.close()
    media.remove()
  })

  const file = (name: string, tags: readonly Tag[]): void => writeFlv(join(media.folder, `${name}.flv`), tags)

  const watch = async (name: string): Promise<Page> => {
    const page = await house.browser.page(house.relay.origin)
    await play(page, { src: `rtmp://127.0.0.1/cfx/st/${name}`, endpoint: house.relay.endpoint })
    await until(page, 'video.currentTime > 0.3')
    return page
  }

  const seek = (page: Page, seconds: number): Promise<void> =>
    page.evaluate(seconds => { window.video.currentTime = seconds }, seconds)

  const ends = async (page: Page): Promise<void> => {
    await until(page, 'video.ended')
    assert.deepEqual(await page.evaluate(() => window.errors), [])
  }

  it('that changes its size in the middle plays through, and back', async () => {
    file('sizes', [...large, ...later(small, PART_MS)])
    const page = await watch('sizes')
    assert.equal(await page.evaluate(() => window.video.videoWidth), 320)
    await until(page, 'video.currentTime > 10.5 && video.videoWidth == 160')
    assert.equal(await page.evaluate(() => window.video.played.length), 1)
    await seek(page, 4)
    await until(page, 'video.currentTime > 4.5 && video.videoWidth == 320')
    await seek(page, 18)
    await ends(page)
    assert.equal(await page.evaluate(() => window.video.videoWidth), 160)
    assert.deepEqual(inOrder(samples(await appended(page, 'video'))), hashes(frames([...large, ...small], Tag.Video)))
    await page.close()
  })

  it('that changes the rate and the channels of its sound plays through', async () => {
    file('rates', [...large, ...later(stereo, PART_MS)])
    const page = await watch('rates')
    await until(page, 'video.currentTime > 10.5')
    assert.equal(await page.evaluate(() => window.video.played.length), 1)
    await seek(page, 4)
    await until(page, 'video.currentTime > 4.5')
    await seek(page, 18)
    await ends(page)
    // Two rates count in different ticks, so times are none to sort by.
    const audio = [...new Set(hashes(samples(await appended(page, 'audio'))))]
    assert.deepEqual(audio, [...new Set(hashes(frames([...large, ...stereo], Tag.Audio)))])
    await page.close()
  })

  it('of five hours plays over the border of 24 bits', async () => {
    const border = 2 ** 24
    const all = [...large, ...later(framesIn(large), border - PART_MS / 2)]
    file('hours', all)
    const page = await watch('hours')
    await seek(page, border / 1000 - 2)
    await until(page, `video.currentTime > ${border / 1000 + 2}`)
    assert.equal(await page.evaluate(() => window.video.played.length), 2)
    await ends(page)
    for (const [kind, tag, rate] of [['video', Tag.Video, 1000], ['audio', Tag.Audio, 44100]] as const) {
      const known = frames(all, tag)
      const wrong = samples(await appended(page, kind)).filter(({ dts, hash }) =>
        !known.some(frame => frame.hash === hash && Math.abs(frame.time - dts * 1000 / rate) < 2))
      assert.deepEqual(wrong, [], `${kind} that the file does not have at these times`)
    }
    await page.close()
  })

  it('of 25 days plays over the border of 31 bits', async () => {
    const border = 2 ** 31
    // Pictures in two bunches, the later one about the border.
    const path = media.film('days.mp4', 20, '-an', '-bf', '0', '-vf', `setpts=PTS+gte(N\\,250)*${border / 1000 - 15}/TB`,
      '-fps_mode', 'passthrough', '-video_track_timescale', '100')
    const page = await watch('days.mp4')
    await seek(page, border / 1000 - 2)
    await until(page, `video.currentTime > ${border / 1000 + 2}`)
    await ends(page)
    const known = packets(path, 'v:0')
    const wrong = samples(await appended(page, 'video')).filter(({ dts, hash }) =>
      !known.some(packet => packet.hash === hash && Math.abs(packet.dts * 1000 - dts) < 2))
    assert.deepEqual(wrong, [], 'frames that the file does not have at these times')
    await page.close()
  })
})
