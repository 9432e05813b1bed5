// Whatever keeps a stream from playing, the viewer reads a sentence that names it.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { launch, type Browser } from './support/browser.ts'
import { certificate } from './support/certificate.ts'
import { Media } from './support/media.ts'
import { Relay } from './support/relay.ts'
import { serve, type Server } from './support/server.ts'
import { sight } from './support/sights.ts'
import { forged, knownKey, signed, type Key } from './support/signed.ts'
import { Site } from './support/site.ts'

const DISTRIBUTIONS = `
[[distribution]]
id = "OPEN"
domain_name = "open.example.net"
bucket = "films"
[[distribution]]
id = "PRIVATE"
domain_name = "private.example.net"
bucket = "films"
trusted_signers = ["self"]
[[distribution]]
id = "LISTED"
domain_name = "listed.example.net"
bucket = "films"
pages = ["https://www.example.com"]
`
const SIZES = [[640, 360], [320, 180]] as const
const PAST = new Date('2026-01-15T12:00:00Z')
const HOUR_MS = 3_600_000

/** The same container, but nothing of what it tells the decoder is true behind the first frames. */
const withNoise = (file: Buffer): Buffer => {
  const media = file.indexOf('mdat') + 20_000
  const end = file.indexOf('moov') - 4
  return Buffer.concat([file.subarray(0, media), randomBytes(end - media), file.subarray(end)])
}

describe('<millrace-video> says', () => {
  const media = new Media()
  let server: Server
  let browser: Browser
  let site: Site
  let secureSite: Site
  let key: Key

  before(async () => {
    const film = media.film('film.mp4', 5)
    media.film('long.mp4', 30)
    media.film('music.flv', 5, '-c:v', 'flv1', '-bf', '0', '-c:a', 'libmp3lame', '-ar', '44100')
    media.film('old.flv', 5, '-an', '-c:v', 'flv1', '-bf', '0')
    media.ffmpeg('voice.flv', '-f', 'lavfi', '-i', 'sine=duration=5', '-c:a', 'nellymoser', '-ar', '44100', '-ac', '1')
    writeFileSync(join(media.folder, 'noise.mp4'), randomBytes(100_000))
    const bytes = readFileSync(film)
    writeFileSync(join(media.folder, 'half.mp4'), bytes.subarray(0, bytes.length / 2))
    writeFileSync(join(media.folder, 'holes.mp4'), withNoise(bytes))
    const ours = certificate(media.folder, '127.0.0.1')
    server = await serve(media.folder, { distributions: DISTRIBUTIONS })
    key = knownKey(server.config, media.folder)
    site = await Site.open()
    secureSite = await Site.open(ours)
    browser = await launch(ours.flag)
  })

  after(async () => {
    await browser?.stop()
    await secureSite?.close()
    await site?.close()
    await server?.stop()
    media.remove()
  })

  const address = (host: string, name: string): string => `rtmp://${host}.example.net:${server.port}/cfx/st/${name}`

  const element = (src: string, more: string): string =>
    `<body style="margin:0"><millrace-video src="${src.replaceAll('&', '&amp;')}" ${more}></millrace-video>`

  /** What stands in the panel of an element of this size. Nothing of it may lie where nobody can scroll to. */
  const panel = async (page: Page, [width, height]: readonly [number, number]): Promise<string> => {
    await page.locator('millrace-video').evaluate((element, [width, height]) => {
      Object.assign((element as HTMLElement).style, { width: `${width}px`, height: `${height}px` })
    }, [width, height])
    const sentence = page.locator('.error p')
    await sentence.waitFor()
    const cut = await page.locator('.error').evaluate(panel => {
      const outer = panel.getBoundingClientRect()
      return [...panel.children].filter(child => {
        const { top, left, right } = child.getBoundingClientRect()
        return top < outer.top || left < outer.left || right > outer.right
      }).map(({ outerHTML }) => outerHTML)
    })
    assert.deepEqual(cut, [], `cut off at ${width}×${height}`)
    return sentence.innerText()
  }

  const says = (what: string, sentence: string | RegExp, code: number, open: () => string, prepare?: (page: Page) => Promise<void>): void => {
    it(`what is wrong: ${what}`, async () => {
      const page = await browser.page('about:blank')
      await prepare?.(page)
      await page.goto(open())
      for (const size of SIZES) {
        const text = await panel(page, size)
        if (typeof sentence === 'string') assert.equal(text, sentence)
        else assert.match(text, sentence)
        await page.locator('millrace-video').screenshot({ path: sight(`error-${what.replaceAll(' ', '-')}-${size[0]}`) })
      }
      const error = await page.locator('millrace-video').evaluate(element => (element as HTMLVideoElement).error?.code)
      assert.equal(error, code)
      assert.equal(await page.getByRole('button', { name: 'Try again' }).isVisible(), code !== 4, 'what may get better can be tried again')
      await page.close()
    })
  }

  const plays = (src: () => string, more = 'muted autoplay') => (): string => site.page(element(src(), more))

  says('no such name', 'There is no video called “nothing/at-all” here.', 2, plays(() => address('open', 'mp4:nothing/at-all')))
  says('a long name', /^There is no video called “long-.*” here\.$/, 2, plays(() => address('open', `mp4:${'long-'.repeat(60)}`)))
  says('no such host', 'There are no videos at unknown.example.net.', 2, plays(() => address('unknown', 'mp4:film')))
  says('not signed', 'This video is private: its link has to be signed.', 2, plays(() => address('private', 'mp4:film')))
  says('expired', /^This link was valid until January 1[56], 2026 at \d+:\d\d.[AP]M\.$/, 2,
    plays(() => address('private', signed('mp4:film', key, PAST))))
  says('signed by another key', 'This link gives no right to the video.', 2,
    plays(() => address('private', signed('mp4:film', forged(key), new Date(Date.now() + HOUR_MS)))))
  says('signed for another name', 'This link gives no right to the video.', 2,
    plays(() => address('private', signed('mp4:other', key, new Date(Date.now() + HOUR_MS)).replace('other', 'film'))))
  says('page not in the list', 'listed.example.net does not let this page play its videos.', 2, plays(() => address('listed', 'mp4:film')))
  says('no server', 'nowhere.example.org can’t be reached.', 2, plays(() => 'rtmp://nowhere.example.org/cfx/st/mp4:film'))
  says('no certificate', 'open.example.net can’t be reached. This page is https, so open.example.net needs a certificate on port 443.', 2,
    () => secureSite.page(element(address('open', 'mp4:film'), 'muted')))
  says('forbidden by the page', 'This page’s Content-Security-Policy forbids a connection to open.example.net.', 2,
    () => site.page(element(address('open', 'mp4:film'), 'muted'), { 'Content-Security-Policy': 'connect-src \'self\'' }))
  says('old picture', 'This file’s picture is coded as Sorenson H.263, which this browser can’t play. Converted to H.264 it would.', 4,
    plays(() => address('open', 'old')))
  says('old sound', 'This file’s sound is coded as Nellymoser, which this browser can’t play. Converted to AAC it would.', 4,
    plays(() => address('open', 'voice')))
  says('no video', 'This file is damaged, or is no video.', 3, plays(() => address('open', 'mp4:noise')))
  says('half a file', 'This file is damaged, or is no video.', 3, plays(() => address('open', 'mp4:half')))
  says('noise in a file', 'The browser could not decode this file; it may be damaged.', 3, plays(() => address('open', 'mp4:holes')))
  says('no address', '“http://open.example.net/film.mp4” is no address of a stream: rtmp://HOST/cfx/st/NAME is one.', 4,
    plays(() => 'http://open.example.net/film.mp4'))
  says('no Media Source', 'This browser can’t play streams: it has no Media Source Extensions.', 4, plays(() => address('open', 'mp4:film')),
    async page => void await page.addInitScript(() => { Object.assign(window, { MediaSource: undefined }) }))

  it('what is missing while the rest plays, within its borders', async () => {
    const page = await browser.page(site.page(element(address('open', 'music'), 'muted autoplay style="width: 300px; height: 150px"')))
    const notice = page.locator('.notice')
    await notice.waitFor()
    assert.equal(await notice.innerText(), 'This file’s picture is coded as Sorenson H.263, which this browser can’t play. Converted to H.264 it would.')
    await page.locator('millrace-video').screenshot({ path: sight('notice-300') })
    const { bottom, right } = await notice.evaluate(notice => notice.getBoundingClientRect())
    assert.ok(bottom <= 150 && right <= 300, `it ends at ${right}, ${bottom}`)
    await page.close()
  })

  it('that it tries to come back, until it is', async () => {
    const relay = await Relay.to(server.port)
    const more = `muted autoplay buffer-ahead="2" transports="websocket" endpoint="${relay.endpoint}" style="width: 320px; height: 180px"`
    const page = await browser.page(site.page(element(address('open', 'mp4:long'), more)))
    const time = (seconds: number): Promise<unknown> =>
      page.waitForFunction(seconds => document.querySelector('video')!.currentTime > seconds, seconds)
    await time(1)
    relay.refusesSockets = true
    relay.breakAll()
    const notice = page.locator('.notice')
    await notice.waitFor()
    assert.equal(await notice.innerText(), 'The connection to open.example.net was lost; trying again.')
    await page.locator('millrace-video').screenshot({ path: sight('notice-lost') })
    relay.refusesSockets = false
    await notice.waitFor({ state: 'hidden' })
    await time(8)
    await page.close()
    await relay.stop()
  })
})
