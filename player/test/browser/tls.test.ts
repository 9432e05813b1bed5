// Pages that came by TLS, and pages with a Content-Security-Policy.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { launch, until, type Browser } from './support/browser.ts'
import { certificate, type Certificate } from './support/certificate.ts'
import { Media } from './support/media.ts'
import { serve, type Server } from './support/server.ts'
import { Site } from './support/site.ts'

describe('a page that came by TLS', () => {
  const media = new Media()
  let server: Server
  let site: Site
  let browser: Browser
  let certificates: Certificate

  before(async () => {
    media.film('film.mp4', 10)
    certificates = certificate(media.folder, '*.example.net')
    server = await serve(media.folder, { certificate: certificates.files })
    site = await Site.open(certificates)
    // The port that addresses mean by https.
    browser = await launch(certificates.flag, `--host-resolver-rules=MAP s1.example.net:443 127.0.0.1:${server.tlsPort}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`)
  })

  after(async () => {
    await browser?.stop()
    await site?.close()
    await server?.stop()
    media.remove()
  })

  /** The film on a page with this policy; the end of it is seen too. */
  const plays = async (host: string, transport: string, policy = ''): Promise<void> => {
    const src = `rtmp://${host}/cfx/st/mp4:film`
    const body = `<body><millrace-video src="${src}" transports="${transport}" muted autoplay></millrace-video>`
    const page = await browser.page(site.page(body, policy ? { 'Content-Security-Policy': policy } : {}))
    await page.evaluate(() => {
      const element = document.querySelector('millrace-video') as unknown as { player: Window['player'], video: HTMLVideoElement }
      Object.assign(window, { player: element.player, video: element.video })
    })
    assert.equal(await page.evaluate(() => location.protocol), 'https:')
    await until(page, 'video.currentTime > 0.5')
    await page.evaluate(() => { window.video.currentTime = 9 })
    await until(page, 'video.ended')
    assert.equal(await page.evaluate(() => window.player.stats.transport), transport)
    const button = page.locator('.play')
    assert.equal(await button.evaluate(button => getComputedStyle(button).position), 'absolute', 'it has its looks')
    await page.close()
  }

  it('plays by wss on 443, whatever port the address names', async () => {
    await plays('s1.example.net', 'websocket')
    await plays('s1.example.net:1935', 'websocket')
  })

  it('plays by RTMPT in TLS', () => plays('s1.example.net', 'rtmpt'))

  it('plays under a Content-Security-Policy that names the host and blob:, and nothing else', () =>
    plays('s1.example.net', 'websocket', "default-src 'none'; script-src 'self'; connect-src wss://s1.example.net; media-src blob:"))
})
