// <millrace-video>: a media element for pages and their scripts, and for people with a keyboard.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { until } from './support/browser.ts'
import { House } from './support/house.ts'
import { Media } from './support/media.ts'

const APP = 'rtmp://127.0.0.1/cfx/st'

describe('<millrace-video>', () => {
  const media = new Media()
  let house: House

  before(async () => {
    media.film('film.mp4', 30)
    media.film('small.mp4', 30, '-vf', 'scale=160:90')
    media.film('old.flv', 5, '-c:v', 'flv1', '-bf', '0', '-c:a', 'libmp3lame', '-ar', '44100')
    house = await House.over(media)
  })

  after(async () => {
    await house?.close()
    media.remove()
  })

  /** A page with this in its body; `element` and `video` are its globals. */
  const page = async (html: string): Promise<Page> => {
    const page = await house.browser.page(house.relay.origin)
    await page.evaluate(html => {
      document.body.innerHTML = html
      const element = document.querySelector('millrace-video')!
      Object.assign(window, { element, video: element.querySelector('video'), player: { stats: {} } })
    }, html.replaceAll('ENDPOINT', `endpoint="${house.relay.endpoint}"`))
    return page
  }

  it('plays by attributes alone, and is a media element to scripts', async () => {
    const one = await page(`<millrace-video src="${APP}/mp4:film" ENDPOINT controls autoplay></millrace-video>`)
    await until(one, 'element.currentTime > 0.5')
    const seen = await one.evaluate(async () => {
      const element = document.querySelector('millrace-video') as unknown as HTMLVideoElement
      const paused = new Promise(resolve => element.addEventListener('pause', resolve, { once: true }))
      element.pause()
      await paused
      element.volume = 0.5
      element.playbackRate = 2
      return {
        paused: element.paused, duration: Math.round(element.duration), width: element.videoWidth, volume: element.volume,
        rate: window.video.playbackRate, ranges: element.buffered.length, controls: window.video.controls, ready: element.readyState > 2,
      }
    })
    assert.deepEqual(seen, { paused: true, duration: 30, width: 320, volume: 0.5, rate: 2, ranges: 1, controls: true, ready: true })
    await one.close()
  })

  it('takes tracks, and plays what a script puts into src', async () => {
    const one = await page('<millrace-video ENDPOINT><track kind="captions" srclang="en" src="data:text/vtt,WEBVTT"></millrace-video>')
    assert.equal(await one.evaluate(() => window.video.textTracks.length), 1)
    for (const name of ['film', 'small']) {
      await one.evaluate(src => { (document.querySelector('millrace-video') as HTMLElement & { src: string }).src = src }, `${APP}/mp4:${name}`)
      await until(one, `video.videoWidth == ${name === 'film' ? 320 : 160}`)
    }
    await one.close()
  })

  it('shows the captions of its <track>, over media that RTMP brought', async () => {
    const captions = 'data:text/vtt,WEBVTT%0A%0A00:02.000 --> 00:06.000%0Afirst%0A%0A00:20.000 --> 00:25.000%0Asecond'
    const one = await page(`<millrace-video src="${APP}/mp4:film" ENDPOINT tabindex="0" muted>
      <track kind="captions" srclang="en" label="English" src="${captions}"></millrace-video>`)
    await until(one, 'video.readyState >= 3')
    await one.focus('millrace-video')
    await one.keyboard.press('c')
    const cues = (): Promise<string> => one.evaluate(() =>
      Array.from(window.video.textTracks[0].activeCues ?? [], cue => (cue as VTTCue).text).join())
    for (const [seconds, text] of [[3, 'first'], [10, ''], [21, 'second']] as const) {
      await one.evaluate(seconds => { window.video.currentTime = seconds }, seconds)
      await until(one, `!video.seeking && (video.textTracks[0].activeCues?.[0]?.text ?? '') == '${text}'`)
      assert.equal(await cues(), text)
    }
    await one.close()
  })

  it('says what of a file a browser can not show, and plays the rest', async () => {
    const one = await page(`<millrace-video src="${APP}/old" ENDPOINT muted></millrace-video>`)
    await until(one, 'video.readyState >= 3')
    const notice = (): Promise<string> => one.evaluate(() => {
      const { shadowRoot } = document.querySelector('millrace-video')!
      const notice = shadowRoot!.querySelector<HTMLElement>('.notice')!
      return notice.checkVisibility() ? notice.innerText : ''
    })
    await one.evaluate(() => window.video.play())
    await until(one, 'video.currentTime > 0.5')
    assert.equal(await notice(), 'This file’s picture is coded as Sorenson H.263, which this browser can’t play. Converted to H.264 it would.')
    await one.evaluate(src => { (document.querySelector('millrace-video') as HTMLElement & { src: string }).src = src }, `${APP}/mp4:film`)
    await until(one, 'video.videoWidth == 320')
    assert.equal(await notice(), '')
    await one.close()
  })

  it('obeys the keys of other players, but not in form fields', async () => {
    const one = await page(`<input id="field"><millrace-video tabindex="0" src="${APP}/mp4:film" ENDPOINT muted></millrace-video>`)
    await until(one, 'video.readyState >= 3')
    const press = async (...keys: string[]): Promise<void> => {
      for (const key of keys) await one.keyboard.press(key)
    }
    await one.focus('millrace-video')
    await press('k')
    await until(one, '!video.paused && video.currentTime > 0')
    await press('k', '5')
    await until(one, 'video.paused && Math.abs(video.currentTime - 15) < 0.1 && !video.seeking')
    await press('ArrowRight', 'l', 'ArrowLeft', 'j', 'm', 'ArrowDown')
    const { time, muted, volume } = await one.evaluate(() => {
      const { currentTime: time, muted, volume } = window.video
      return { time, muted, volume }
    })
    assert.deepEqual([Math.round(time), muted, Math.round(volume * 10)], [15, false, 9])
    await press('End')
    await until(one, 'video.currentTime > 29')
    await press('Home')
    await until(one, 'video.currentTime == 0 && !video.seeking')
    await one.focus('#field')
    await press('k', '7', ' ')
    assert.equal(await one.evaluate(() => (document.querySelector('#field') as HTMLInputElement).value), 'k7 ')
    assert.equal(await one.evaluate(() => window.video.currentTime), 0)
    await one.close()
  })

  it('offers qualities, switches without a gap, and says so', async () => {
    const one = await page(`<millrace-video ENDPOINT buffer-ahead="4" autoplay muted>
      <source src="${APP}/mp4:film" label="180p"><source src="${APP}/mp4:small" label="90p"></millrace-video>`)
    await until(one, 'video.currentTime > 1')
    const select = one.getByRole('combobox', { name: 'Quality' })
    assert.deepEqual(await select.locator('option').allTextContents(), ['180p', '90p'])
    await select.selectOption('90p')
    await until(one, 'video.videoWidth == 160')
    await until(one, 'video.currentTime > 12')
    assert.equal(await one.locator('[aria-live]').textContent(), 'Quality: 90p')
    assert.equal(await one.evaluate(() => window.video.played.length), 1)
    assert.equal(await one.evaluate(() => (document.querySelector('millrace-video') as unknown as { player: { level: number } }).player.level), 1)
    await one.close()
  })

  it('says what went wrong, and tries again when asked', async () => {
    const { relay } = house
    relay.refusesSockets = true
    const one = await page(`<millrace-video src="${APP}/mp4:film" ENDPOINT transports="websocket" muted></millrace-video>`)
    const again = one.getByRole('button', { name: 'Try again' })
    await again.waitFor()
    const sentence = '127.0.0.1 can’t be reached.'
    assert.equal(await one.locator('.error p').textContent(), sentence)
    assert.equal(await one.locator('[aria-live]').textContent(), sentence)
    assert.deepEqual(await one.evaluate(() => {
      const { error } = document.querySelector('millrace-video') as unknown as { error: { code: number, message: string } }
      return [error.code, error.message]
    }), [2, sentence])
    relay.refusesSockets = false
    await again.click()
    await until(one, 'video.currentTime > 0.3')
    assert.equal(await again.isVisible(), false)
    await one.close()
  })

  it('has a play button with a name until it plays', async () => {
    const one = await page(`<millrace-video src="${APP}/mp4:film" ENDPOINT muted preload="none"></millrace-video>`)
    const button = one.getByRole('button', { name: 'Play', exact: true })
    const before = house.relay.opened
    await one.waitForTimeout(300)
    assert.equal(house.relay.opened, before, 'nothing is asked for before somebody plays')
    await button.focus()
    await one.keyboard.press('Enter')
    await until(one, 'video.currentTime > 0.3')
    assert.equal(await button.isVisible(), false)
    await one.close()
  })

  it('gives everything back when it leaves the page', async () => {
    const one = await page(`<millrace-video src="${APP}/mp4:film" ENDPOINT muted></millrace-video>`)
    await until(one, 'video.readyState >= 2')
    await one.evaluate(async () => {
      const element = document.querySelector('millrace-video')!
      for (let count = 0; count < 100; count++) {
        element.remove()
        await new Promise(resolve => setTimeout(resolve))
        document.body.append(element)
        await new Promise(resolve => setTimeout(resolve, count % 7))
      }
      element.remove()
    })
    await one.waitForFunction('!video.hasAttribute("src")')
    for (let tries = 0; house.relay.viewers > 0; tries++) {
      assert.ok(tries < 100, `${house.relay.viewers} connections are left`)
      await one.waitForTimeout(50)
    }
    await one.close()
  })
})
