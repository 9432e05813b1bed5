// Pages that play by themselves, before anybody touched them.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { launch, until, type Browser } from './support/browser.ts'
import { Media } from './support/media.ts'
import { serve, type Server } from './support/server.ts'
import { sight } from './support/sights.ts'
import { Site } from './support/site.ts'

/** Whatever Playwright evaluates counts as a gesture, so the page itself says what it sees. */
const SAYS = `<script>
const element = document.querySelector('millrace-video')
const { video } = element
const say = what => console.log(JSON.stringify({
  what, muted: video.muted, paused: video.paused, isActive: navigator.userActivation.hasBeenActive,
  buttons: [...element.shadowRoot.querySelectorAll('button')].filter(button => button.checkVisibility()).map(button => button.ariaLabel ?? button.innerText),
}))
</script>`

describe('a page that nobody touched', () => {
  const media = new Media()
  let server: Server
  let browser: Browser
  let site: Site

  before(async () => {
    media.film('film.mp4', 20)
    server = await serve(media.folder)
    site = await Site.open()
    browser = await launch('--autoplay-policy=document-user-activation-required')
  })

  after(async () => {
    await browser?.stop()
    await site?.close()
    await server?.stop()
    media.remove()
  })

  /** A page with this element and script, and the first that it says. */
  const open = async (attributes: string, script: string): Promise<{ page: Page, said: unknown }> => {
    const page = await browser.page('about:blank')
    const said = page.waitForEvent('console', { predicate: message => message.text().startsWith('{') })
    const src = `rtmp://127.0.0.1:${server.port}/cfx/st/mp4:film`
    await page.goto(site.page(`<body><millrace-video src="${src}" ${attributes}></millrace-video>${SAYS}<script>${script}</script>`))
    return { page, said: JSON.parse((await said).text()) }
  }

  /** Long enough after the first picture for the overlay to have settled. */
  const WHEN_PLAYED = 'video.ontimeupdate = () => { if (video.currentTime > 0.5) { video.ontimeupdate = null; say("plays") } }'

  it('plays without sound where sound is not allowed, and offers it', async () => {
    const { page, said } = await open('autoplay', WHEN_PLAYED)
    assert.deepEqual(said, { what: 'plays', muted: true, paused: false, isActive: false, buttons: ['Unmute'] })
    const unmute = page.getByRole('button', { name: 'Unmute' })
    await page.locator('millrace-video').screenshot({ path: sight('unmute') })
    await unmute.click()
    assert.deepEqual(await page.evaluate(() => {
      const { muted, paused } = document.querySelector('video')!
      return { muted, paused }
    }), { muted: false, paused: false })
    assert.equal(await unmute.isVisible(), false)
    await until(page, 'document.querySelector("video").currentTime > 1.5')
    await page.close()
  })

  it('plays at once what has no sound to it, and offers none', async () => {
    const { page, said } = await open('autoplay muted', WHEN_PLAYED)
    assert.deepEqual(said, { what: 'plays', muted: true, paused: false, isActive: false, buttons: [] })
    await page.close()
  })

  it('is told by play() that it may not, as by any media element', async () => {
    const { page, said } = await open('', 'element.play().catch(({ name }) => say(name))')
    assert.deepEqual(said, { what: 'NotAllowedError', muted: false, paused: true, isActive: false, buttons: ['Play'] })
    await page.close()
  })
})
