// The whole picture: a page from a web distribution plays media of a streaming distribution, over RTMP.

import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { launch, until, type Browser } from './support/browser.ts'
import { demo, type Demo } from './support/demo.ts'

/** Where people look at what tests saw. */
const SCREENSHOTS = 'dist-test/screenshots'
/** The old pages, with what each of their libraries calls a start. */
const OLD = {
  'swfobject-1': `document.getElementById('mpl').sendEvent('PLAY')`,
  'jwplayer-5': 'jwplayer().play()',
  'jwplayer-6': 'jwplayer().play()',
  'jwplayer-7': 'jwplayer().play()',
  'flowplayer-3': '$f().play()',
  'videojs-5': `videojs(document.querySelector('.video-js').id).play()`,
  'mediaelement-4': 'Object.values(mejs.players)[0].play()',
  'swfobject-2': `document.getElementById('place').sendEvent('PLAY')`,
  'object-embed': `document.querySelector('millrace-video').play()`,
}
/** Tells what plays RTMP. */
const PLAYS = `(window.video = Array.from(document.querySelectorAll('video')).find(video => video.src.startsWith('blob:')))`

describe('the page of the demo', () => {
  let server: Demo
  let browser: Browser

  before(async () => {
    server = await demo()
    browser = await launch()
  })

  after(async () => {
    await browser?.stop()
    await server?.stop()
  })

  it('plays every sample, and says of the old one what is missing', async () => {
    const page = await browser.page(server.url)
    await page.waitForSelector('millrace-video video')
    const count = await page.locator('millrace-video').count()
    assert.equal(count, 3)
    for (let index = 0; index < count; index++) {
      await page.evaluate(async index => {
        const video = document.querySelectorAll('video')[index]
        video.muted = true
        await video.play()
        Object.assign(window, { video, player: { stats: {} } })
      }, index)
      await until(page, 'video.currentTime > 0.5')
      assert.equal(Math.round(await page.evaluate(() => window.video.duration)), 30)
    }
    const notices = await page.evaluate(() => Array.from(document.querySelectorAll('millrace-video'), element =>
      element.shadowRoot!.querySelector<HTMLElement>('.notice')!.innerText))
    assert.deepEqual(notices.map(text => text.includes('Sorenson')), [false, true, false])
    mkdirSync(SCREENSHOTS, { recursive: true })
    await page.screenshot({ path: `${SCREENSHOTS}/demo.png`, fullPage: true })
    await page.close()
  })

  it('lets people choose the quality of the film', async () => {
    const page = await browser.page(server.url)
    await page.waitForSelector('millrace-video video')
    await page.evaluate(async () => {
      const element = document.querySelector('millrace-video') as HTMLElement & { player: Window['player'] }
      const video = document.querySelector('video')!
      Object.assign(window, { video, player: element.player })
      video.muted = true
      await video.play()
    })
    await until(page, 'video.currentTime > 0.5 && video.videoHeight === 360')
    assert.equal(await page.evaluate(() => window.player.levels.length), 2)
    await page.evaluate(() => { window.player.level = 1 })
    await until(page, 'video.videoHeight === 180')
    await page.close()
  })

  it('has old pages that play, and links to each of them', async () => {
    const page = await browser.page(server.url)
    const links = await page.locator('a[href^="old/"]').evaluateAll(all => all.map(link => link.getAttribute('href')!))
    await page.close()
    const ours = links.map(link => link.slice('old/'.length, -'.html'.length)).filter(name => name !== 'flowplayer-6')
    assert.deepEqual(ours.sort(), Object.keys(OLD).sort())
    for (const [name, start] of Object.entries(OLD)) {
      const page = await browser.page(`${server.url}old/${name}.html`)
      await page.waitForLoadState()
      await page.evaluate(`setTimeout(() => ${start})`)
      await page.waitForFunction(`${PLAYS}?.currentTime > 0.5`, undefined, { timeout: 30_000 }).catch(() => {
        throw new Error(`${name} does not play`)
      })
      assert.equal(Math.round(await page.evaluate(() => window.video.duration)), 30, name)
      await page.screenshot({ path: `${SCREENSHOTS}/demo-${name}.png` })
      await page.close()
    }
  })
})
