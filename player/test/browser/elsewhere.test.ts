// Servers that go and come again, servers that send their viewers elsewhere, and viewers who look elsewhere.

import assert from 'node:assert/strict'
import { createServer, type AddressInfo, type Server as Listener } from 'node:net'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { concat } from '../../src/bytes.ts'
import { command } from '../../src/rtmp/message.ts'
import { HELLO, say, STREAM, WELCOME } from '../unit/server.ts'
import { inOrder, samples } from './support/appended.ts'
import { appended, launch, launchWithTabs, play, until, type Browser } from './support/browser.ts'
import { Media, packets } from './support/media.ts'
import { Relay } from './support/relay.ts'
import { serve, type Server } from './support/server.ts'

describe('a viewer', () => {
  const media = new Media()
  let server: Server
  let relay: Relay
  let browser: Browser
  let film: string[]

  before(async () => {
    film = packets(media.film('film.mp4', 40), 'v:0').map(({ hash }) => hash)
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

  const sawEverything = async (page: Page): Promise<void> => {
    await page.evaluate(() => { window.video.playbackRate = 4 })
    await until(page, 'video.ended')
    assert.equal(await page.evaluate(() => window.video.played.length), 1, 'it was played in one piece')
    assert.deepEqual(inOrder(samples(await appended(page, 'video'))), film)
    await page.close()
  }

  it('notices nothing of a server that is replaced by another', async () => {
    const page = await browser.page(relay.origin)
    const endpoint = `ws://127.0.0.1:${server.port}/rtmp`
    await play(page, { src: 'rtmp://127.0.0.1/cfx/st/mp4:film', endpoint, bufferAhead: 8 })
    await until(page, 'video.currentTime > 3')
    const { port } = server
    await server.drain()
    server = await serve(media.folder, { port })
    await until(page, 'video.currentTime > 14')
    assert.ok(await page.evaluate(() => window.events.includes('reconnect')))
    assert.deepEqual(await page.evaluate(() => window.errors), [])
    await sawEverything(page)
  })

  it('goes where a server asks it to go, in the middle of a film', async () => {
    const elsewhere = `rtmp://127.0.0.1:${server.port}/cfx/st`
    const { listener, port } = await sendsAway(elsewhere)
    const page = await browser.page(relay.origin)
    const gate = await Relay.to(port)
    await play(page, { src: `${gate.origin.replace('http', 'rtmp')}/cfx/st/mp4:film`, transports: ['websocket'] })
    await until(page, 'video.currentTime > 1')
    assert.equal(gate.viewers, 0)
    assert.deepEqual(await page.evaluate(() => window.errors), [])
    await gate.stop()
    listener.close()
    await sawEverything(page)
  })

  it('who looks at another tab goes on to hear', async () => {
    const tabs = await launchWithTabs()
    try {
      const page = await tabs.page(relay.origin)
      // Chromium lets what is muted rest where nobody sees it.
      await page.evaluate(() => { document.querySelector('video')!.muted = false })
      await play(page, { src: 'rtmp://127.0.0.1/cfx/st/mp4:film', endpoint: relay.endpoint, bufferAhead: 4 })
      await until(page, 'video.currentTime > 1')
      const other = await tabs.page(relay.origin)
      await other.bringToFront()
      await until(page, 'document.visibilityState == "hidden"')
      // Much more than was there when it was hidden.
      await until(page, 'video.currentTime > 20')
      assert.equal(await page.evaluate(() => document.visibilityState), 'hidden')
      await page.bringToFront()
      await until(page, 'document.visibilityState == "visible"')
      await sawEverything(page)
    } finally {
      await tabs.stop()
    }
  })
})

/** A server that sends everybody who wants to play elsewhere (Enhanced RTMP, NetConnection.Connect.ReconnectRequest). */
const sendsAway = async (tcUrl: string): Promise<{ listener: Listener, port: number }> => {
  const status = { level: 'status', code: 'NetConnection.Connect.ReconnectRequest', description: 'maintenance', tcUrl }
  const request = say(command(0, 'onStatus', 0, null, status))
  const listener = createServer(socket => {
    socket.on('error', () => socket.destroy())
    socket.write(concat([HELLO, WELCOME, STREAM]))
    let said = ''
    socket.on('data', bytes => {
      said += bytes.toString('latin1')
      if (said.includes('\u0004play')) socket.write(request)
    })
  })
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
  return { listener, port: (listener.address() as AddressInfo).port }
}
