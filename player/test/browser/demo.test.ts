// The whole picture: a page from a web distribution plays media of a streaming distribution, over RTMP.

import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { launch, until, type Browser } from './support/browser.ts'
import { demo, type Demo } from './support/demo.ts'

/** Where people look at what tests saw. */
const SCREENSHOTS = 'dist-test/screenshots'

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
})
