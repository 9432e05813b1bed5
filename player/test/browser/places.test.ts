// Where players stand, what they leave behind, and what they ask for while nobody plays.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { CDPSession, Page } from 'playwright-core'
import { play, until } from './support/browser.ts'
import { House } from './support/house.ts'
import { Media } from './support/media.ts'
import { Site } from './support/site.ts'

const COUNT = 1000
const TEN_MINUTES_MS = 600_000

interface Left {
  timers: number
  urls: number
  sockets: number
  globals: string[]
}

declare global {
  interface Window {
    left(): Left
  }
}

/** Counts what a page has and does not give back. */
const count = (): void => {
  const timers = new Set<unknown>()
  const urls = new Set<string>()
  const sockets = new Set<WebSocket>()
  const { setTimeout: set, clearTimeout: clear, WebSocket: Socket } = window
  const { createObjectURL, revokeObjectURL } = URL
  Object.assign(window, {
    setTimeout: (act: () => void, ms: number) => {
      const timer: unknown = set(() => {
        timers.delete(timer)
        act()
      }, ms)
      timers.add(timer)
      return timer
    },
    clearTimeout: (timer: number) => {
      timers.delete(timer)
      clear(timer)
    },
    WebSocket: class extends Socket {
      constructor(url: string, protocol: string) {
        super(url, protocol)
        sockets.add(this)
      }
    },
  })
  URL.createObjectURL = object => {
    const url = createObjectURL.call(URL, object)
    urls.add(url)
    return url
  }
  URL.revokeObjectURL = url => {
    urls.delete(url)
    revokeObjectURL.call(URL, url)
  }
  const globals = new Set(Object.keys(window))
  window.left = () => ({
    timers: timers.size, urls: urls.size,
    sockets: [...sockets].filter(({ readyState }) => readyState !== Socket.CLOSED).length,
    globals: Object.keys(window).filter(name => !globals.has(name) && name !== 'left'),
  })
}

/** Listeners and nodes of a page, without those that are garbage. */
const alive = async (session: CDPSession): Promise<number> => {
  await session.send('HeapProfiler.collectGarbage')
  const { metrics } = await session.send('Performance.getMetrics')
  return metrics.filter(({ name }) => name === 'JSEventListeners' || name === 'Nodes').reduce((sum, { value }) => sum + value, 0)
}

describe('players', () => {
  const media = new Media()
  let house: House
  let site: Site

  before(async () => {
    media.film('film.mp4', 60)
    media.film('small.mp4', 20, '-vf', 'scale=160:90')
    house = await House.over(media)
    site = await Site.open()
  })

  after(async () => {
    await site?.close()
    await house?.close()
    media.remove()
  })

  const src = (name: string): string => `rtmp://127.0.0.1:${house.server.port}/cfx/st/mp4:${name}`

  /** Makes players and destroys them, sooner or later. */
  const churn = (page: Page, times: number): Promise<void> => page.evaluate(async ([src, times]) => {
    const video = document.querySelector('video')!
    const { MillracePlayer } = window.Millrace
    for (let index = 0; index < times; index++) {
      // Chromium lets pages wait for WebSockets that have given up many, so a tunnel is what comes to an end of loading.
      const isLoaded = index % 50 === 0
      const player = new MillracePlayer(video, { src, transports: isLoaded ? ['rtmpt'] : ['websocket'] })
      if (isLoaded) await new Promise(resolve => video.addEventListener('loadedmetadata', resolve, { once: true }))
      else if (index % 5 > 0) await new Promise(resolve => requestAnimationFrame(resolve))
      player.destroy()
    }
  }, [src('film'), times] as const)

  it('leave nothing behind, a thousand times', async () => {
    const page = await house.browser.page(house.relay.origin, false)
    await page.evaluate(count)
    const session = await page.context().newCDPSession(page)
    await session.send('Performance.enable')
    await churn(page, 50)
    const before = await alive(session)
    await churn(page, COUNT)
    await until(page, 'left().sockets == 0')
    assert.deepEqual(await page.evaluate(() => window.left()), { timers: 0, urls: 0, sockets: 0, globals: [] })
    const more = await alive(session) - before
    assert.ok(more < COUNT / 10, `${more} listeners and nodes more`)
    assert.equal(await page.evaluate(() => document.querySelector('video')!.hasAttribute('src')), false)
    // And the element is as good as new.
    await play(page, { src: src('film') })
    await until(page, 'video.currentTime > 0.5')
    await page.close()
  })

  const element = (name: string, more = ''): string => `<millrace-video src="${src(name)}" muted autoplay ${more}></millrace-video>`

  it('play beside each other, each its own', async () => {
    const page = await house.browser.page(site.page(`<body>${element('film')}${element('small')}`))
    const [one, other] = ['0', '1'].map(index => `document.querySelectorAll("video")[${index}]`)
    await until(page, `${one}.currentTime > 1 && ${other}.currentTime > 1`)
    await page.evaluate(`${other}.pause(); ${one}.currentTime = 30`)
    await until(page, `${one}.currentTime > 31`)
    assert.deepEqual(await page.evaluate(() => Array.from(document.querySelectorAll('video'), video => [video.videoWidth, video.paused])),
      [[320, false], [160, true]])
    await page.close()
  })

  it('play in frames, also in those that may do nothing but run scripts', async () => {
    const inner = site.page(`<body>${element('film')}`)
    const page = await house.browser.page(site.page(`<body><iframe src="${inner}"></iframe><iframe sandbox="allow-scripts" src="${inner}" allow="autoplay"></iframe>`))
    for (const frame of page.frames().slice(1)) {
      for (let time = 0; time < 1;) time = await frame.locator('video').evaluate(video => (video as HTMLVideoElement).currentTime)
    }
    assert.equal(page.frames().length, 3)
    await page.close()
  })

  it('play in the shadow of another element', async () => {
    const page = await house.browser.page(site.page('<body><div id="host"></div>'))
    await page.evaluate(html => {
      const root = document.querySelector('#host')!.attachShadow({ mode: 'open' })
      root.innerHTML = html
      Object.assign(window, { video: root.querySelector('video'), player: { stats: {} } })
    }, element('film', 'controls'))
    await until(page, 'video.currentTime > 0.5')
    await page.locator('video').focus()
    await page.keyboard.press('5')
    await until(page, 'video.currentTime > 30.5')
    await page.keyboard.press('k')
    await until(page, 'video.paused')
    await page.close()
  })

  for (const transport of ['websocket', 'rtmpt'] as const) {
    it(`ask for nothing while they are paused for ten minutes, by ${transport}`, async () => {
      const { relay, browser } = house
      const page = await browser.page('about:blank')
      await page.clock.install()
      await page.goto(relay.origin)
      await play(page, { src: 'rtmp://127.0.0.1/cfx/st/mp4:film', endpoint: relay.endpoint, transports: [transport] })
      await until(page, 'video.currentTime > 1')
      await page.evaluate(() => window.video.pause())
      // The server is told to wait as soon as there is enough.
      while (relay.count('pause') === 0) await page.waitForTimeout(50)
      await page.clock.runFor(20_000)
      const [bytes, posts, said] = [relay.toViewers, relay.posts, relay.said.length]
      await page.clock.runFor(TEN_MINUTES_MS)
      assert.ok(relay.toViewers - bytes < 100, `${relay.toViewers - bytes} bytes came`)
      // A tunnel is forgotten by servers if nobody asks for half a minute.
      const most = transport === 'rtmpt' ? TEN_MINUTES_MS / 10_000 + 5 : 0
      assert.ok(relay.posts - posts <= most, `${relay.posts - posts} requests`)
      assert.ok(relay.said.length - said <= most, `${relay.said.length - said} messages`)
      await page.evaluate(() => void window.video.play())
      await until(page, 'video.currentTime > 20')
      assert.equal(await page.evaluate(() => window.video.played.length), 1)
      assert.deepEqual(await page.evaluate(() => window.errors), [])
      await page.close()
      relay.said = []
    })
  }
})
