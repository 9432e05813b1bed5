// For people who don't see the screen, or don't use a mouse.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { until } from './support/browser.ts'
import { House } from './support/house.ts'
import { Media } from './support/media.ts'
import { sight } from './support/sights.ts'

const APP = 'rtmp://127.0.0.1/cfx/st'

describe('people without a mouse', () => {
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

  /** A page with this element in it, between two fields. */
  const open = async (attributes: string, children = ''): Promise<Page> => {
    const page = await house.browser.page(house.relay.origin)
    await page.evaluate(html => {
      document.documentElement.lang = 'en'
      document.body.innerHTML = html
      const element = document.querySelector('millrace-video')!
      const { player } = element as unknown as { player: unknown }
      Object.assign(window, { element, video: element.querySelector('video'), player: player ?? { stats: {} } })
    }, `<main><h1>Film</h1><label>Before <input id="before"></label>
      <millrace-video endpoint="${house.relay.endpoint}" ${attributes}>${children}</millrace-video>
      <label>After <input id="after"></label></main>`)
    return page
  }

  const violations = async (page: Page, name: string): Promise<string[]> => {
    await page.screenshot({ path: sight(`access-${name}`) })
    await page.evaluate(axe.source)
    return page.evaluate(async () => {
      const { axe } = window as unknown as { axe: { run(): Promise<{ violations: { id: string, nodes: { html: string, failureSummary?: string }[] }[] }> } }
      const { violations } = await axe.run()
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join()}`)
    })
  }

  const FILM = `src="${APP}/mp4:film"`
  const LEVELS = `<source src="${APP}/mp4:film" label="180p"><source src="${APP}/mp4:small" label="90p">`
  const sights: [string, string, string, string][] = [
    ['play button', `${FILM} muted`, '', 'video.readyState >= 2'],
    ['native controls', `${FILM} muted controls autoplay`, '', 'video.currentTime > 0.3'],
    ['quality menu', 'muted autoplay', LEVELS, 'video.currentTime > 0.3'],
    ['error panel', `src="${APP}/mp4:nothing" muted`, '', 'element.error'],
    ['notice', `src="${APP}/old" muted autoplay`, '', 'video.currentTime > 0.3'],
    ['captions', `${FILM} muted`, '<track kind="captions" srclang="en" label="English" src="data:text/vtt,WEBVTT" default>', 'video.readyState >= 2'],
  ]
  for (const [name, attributes, children, isReady] of sights) {
    it(`find no obstacle that axe knows in: ${name}`, async () => {
      const page = await open(attributes, children)
      await until(page, isReady)
      assert.deepEqual(await violations(page, name.replace(' ', '-')), [])
      await page.close()
    })
  }

  /** What has the focus, by its name. */
  const focused = (page: Page): Promise<string> => page.evaluate(() => {
    const { activeElement } = document
    const inner = activeElement?.shadowRoot?.activeElement ?? activeElement
    return inner instanceof HTMLElement ? inner.id || inner.ariaLabel || inner.innerText || inner.tagName : ''
  })

  it('walk through in the order they read', async () => {
    const page = await open('muted autoplay', LEVELS)
    await until(page, 'video.currentTime > 0.3')
    await page.focus('#before')
    const way: string[] = []
    for (const key of ['Tab', 'Tab', 'Shift+Tab', 'Shift+Tab']) {
      await page.keyboard.press(key)
      way.push(await focused(page))
    }
    assert.deepEqual(way, ['Quality', 'after', 'Quality', 'before'])
    await page.close()
  })

  it('come from the big button to the controls, and the focus is not lost when it goes', async () => {
    const page = await open(`${FILM} muted controls`)
    await until(page, 'video.readyState >= 2')
    await page.focus('#before')
    await page.keyboard.press('Tab')
    assert.equal(await focused(page), 'Play')
    await page.keyboard.press('Tab')
    assert.equal(await focused(page), 'VIDEO')
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Enter')
    await until(page, 'video.currentTime > 0.3')
    assert.equal(await focused(page), 'VIDEO')
    await page.keyboard.press('k')
    await until(page, 'video.paused')
    await page.close()
  })

  it('have every key that other players have', async () => {
    const page = await open(`${FILM} muted tabindex="0"`, '<track kind="captions" srclang="en" src="data:text/vtt,WEBVTT">')
    await until(page, 'video.readyState >= 3')
    await page.focus('millrace-video')
    const press = async (key: string, holds: string): Promise<void> => {
      await page.keyboard.press(key)
      await until(page, holds)
    }
    const at = (seconds: number): string => `Math.abs(video.currentTime - ${seconds}) < 0.2 && !video.seeking`
    await press(' ', '!video.paused')
    await press('K', 'video.paused')
    for (let tenth = 0; tenth <= 9; tenth++) await press(`${tenth}`, at(3 * tenth))
    await press('Home', at(0))
    await press('ArrowRight', at(5))
    await press('l', at(15))
    await press('j', at(5))
    await press('ArrowLeft', at(0))
    await press('ArrowLeft', at(0))
    await press('m', '!video.muted')
    await press('ArrowDown', 'Math.abs(video.volume - 0.9) < 0.01')
    await press('ArrowUp', 'video.volume == 1')
    await press('ArrowUp', 'video.volume == 1')
    await press('c', 'video.textTracks[0].mode == "showing"')
    await press('c', 'video.textTracks[0].mode == "disabled"')
    await press('f', 'document.fullscreenElement == element')
    await press('f', '!document.fullscreenElement')
    await press('End', 'video.currentTime > 29.9')
    await page.close()
  })

  it('type in fields, and use the shortcuts of their browser', async () => {
    // What stands inside tells the element of its keys.
    const page = await open(`${FILM} muted`, '<input id="inside">')
    await until(page, 'video.readyState >= 3')
    for (const field of ['#before', '#inside', '#after']) {
      await page.locator(field).evaluate(field => (field as HTMLElement).focus())
      await page.keyboard.type('km5 ')
      assert.equal(await page.locator(field).evaluate(field => (field as HTMLInputElement).value), 'km5 ')
    }
    await page.locator('.play').focus()
    await page.keyboard.press('Control+5')
    await page.keyboard.press('Alt+5')
    const { time, paused, muted } = await page.evaluate(() => {
      const { currentTime: time, paused, muted } = window.video
      return { time, paused, muted }
    })
    assert.ok(time < 0.2 && paused && muted)
    await page.close()
  })
})
