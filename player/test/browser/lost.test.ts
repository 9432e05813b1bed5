// Ways that are closed, and connections that break.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { inOrder, samples } from './support/appended.ts'
import { appended, play, state, until } from './support/browser.ts'
import { House } from './support/house.ts'
import { Media, packets } from './support/media.ts'

const SRC = 'rtmp://127.0.0.1/cfx/st/mp4:film'

describe('a player', () => {
  const media = new Media()
  let house: House
  let film: string

  before(async () => {
    film = media.film('film.mp4', 40)
    house = await House.over(media)
  })

  after(async () => {
    await house?.close()
    media.remove()
  })

  it('takes RTMPT where WebSockets are refused, and remembers it', async () => {
    const { relay, browser } = house
    relay.refusesSockets = true
    const page = await browser.page(relay.origin)
    await play(page, { src: SRC, endpoint: relay.endpoint })
    await until(page, 'video.currentTime > 1')
    assert.equal(await page.evaluate(() => window.player.stats.transport), 'rtmpt')
    await page.evaluate(() => { window.video.currentTime = 30 })
    await until(page, 'video.currentTime > 31')
    relay.refusesSockets = false
    const before = relay.opened
    await page.evaluate(endpoint => {
      window.player.destroy()
      Object.assign(window, { player: new window.Millrace.MillracePlayer(window.video, { src: 'rtmp://127.0.0.1/cfx/st/mp4:film', endpoint }) })
    }, relay.endpoint)
    await until(page, 'video.readyState >= 2')
    assert.equal(relay.opened, before, 'the way that worked is tried first')
    assert.deepEqual(await page.evaluate(() => window.errors), [])
    await page.close()
  })

  it('goes on after its connection broke, with no frame lost and none twice', async () => {
    const { relay, browser } = house
    const page = await browser.page(relay.origin)
    await play(page, { src: SRC, endpoint: relay.endpoint, transports: ['websocket'], bufferAhead: 5 })
    // At different phases of the film's groups of pictures and of the segments they come in.
    for (const seconds of [1, 2.3, 4.1, 6.7, 8.2, 10.9, 13.6, 15.3, 17.8, 19.4]) {
      await until(page, `video.currentTime > ${seconds}`)
      const before = relay.opened
      relay.breakAll()
      // Chromium lets a page that was cut off wait before it connects again.
      for (let tries = 0; relay.opened === before; tries++) {
        assert.ok(tries < 200, `no other connection after ${seconds} s: ${JSON.stringify(await state(page))}`)
        await page.waitForTimeout(50)
      }
    }
    await until(page, 'video.currentTime > 24')
    await page.evaluate(() => { window.video.playbackRate = 4 })
    await until(page, 'video.ended')
    assert.ok(await page.evaluate(() => window.events.filter(event => event === 'reconnect').length) >= 10)
    assert.equal(await page.evaluate(() => window.video.played.length), 1, 'it was played in one piece')
    const file = packets(film, 'v:0')
    assert.deepEqual(inOrder(samples(await appended(page, 'video'))), file.map(({ hash }) => hash))
    await page.close()
  })

  it('goes elsewhere at once when a server that drains says so', async () => {
    const { relay, browser } = house
    const page = await browser.page(relay.origin)
    await play(page, { src: SRC, endpoint: relay.endpoint })
    await until(page, 'video.currentTime > 1')
    const before = relay.opened
    relay.closeAll(1001)
    await until(page, 'video.currentTime > 3')
    assert.equal(relay.opened, before + 1)
    assert.equal(await page.evaluate(() => window.video.played.length), 1)
    assert.deepEqual(await page.evaluate(() => window.errors), [])
    await page.close()
  })

  it('says that a stream is not there, and that a host is not', async () => {
    const { relay, browser } = house
    const page = await browser.page(relay.origin)
    await play(page, { src: 'rtmp://127.0.0.1/cfx/st/mp4:nothing', endpoint: relay.endpoint })
    await until(page, 'errors.length > 0')
    const [missing] = await page.evaluate(() => window.errors)
    assert.equal(missing.text, 'There is no video called “nothing” here.')
    assert.deepEqual([missing.code, missing.fatal], [2, true])
    assert.match(missing.server, /^NetStream\.Play\.StreamNotFound/)
    await page.evaluate(() => window.player.destroy())
    await page.evaluate(() => window.errors.splice(0))
    await play(page, { src: SRC, endpoint: 'ws://127.0.0.1:9/rtmp' })
    await until(page, 'errors.length > 0')
    assert.equal((await page.evaluate(() => window.errors))[0].text, '127.0.0.1 can’t be reached.')
    await page.close()
  })
})
