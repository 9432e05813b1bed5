// Old pages in a browser, and what everybody expects of a player on them.

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { launch, type Browser } from '../../browser/support/browser.ts'
import { Media } from '../../browser/support/media.ts'
import { serve, type Server } from '../../browser/support/server.ts'
import { Site } from './site.ts'

/** The film's length, s: more than what is buffered at the start, so that the server has to seek. */
export const LENGTH = 30
const ROWS = 'dist-test/compat/rows'
const PICTURES = 'dist-test/screenshots'

/** What each page offers: its library's own calls, under one name. */
interface OldPage {
  play(): void
  pause(): void
  seek(seconds: number): void
  time(): number
  duration(): number
  paused(): boolean
}

/** What a page's library calls its events. */
export interface Events {
  play: string
  pause: string
  seek: string
  end: string
}

/** What else is looked at: events that come in this order, and the page at its end. */
interface More {
  order?: readonly string[]
  after?(page: Page): Promise<void>
}

declare global {
  interface Window {
    old: OldPage
    /** The library's events, as the page's own handlers heard them. */
    heard: string[]
    /** What came with each, on pages that keep it. */
    told: Record<string, unknown[]>
    furthest: number
  }
}

/** A line of the table that is made of all tests: see table.mjs. */
interface Row {
  form: string
  version: string
  done: string[]
}

export class Stage {
  private readonly rows: Row[] = []

  private constructor(
    private readonly library: string, private readonly media: Media, private readonly server: Server, private readonly site: Site,
    private readonly browser: Browser,
  ) {}

  static async open(library: string): Promise<Stage> {
    const media = new Media()
    media.film('film.mp4', LENGTH)
    media.film('small.mp4', LENGTH, '-vf', 'scale=160:90')
    media.film('short.mp4', 3)
    media.ffmpeg('film.jpg', '-f', 'lavfi', '-i', 'smptebars=size=320x180', '-frames:v', '1')
    const server = await serve(media.folder)
    return new Stage(library, media, server, await Site.over(server.port, media.folder), await launch())
  }

  async close(): Promise<void> {
    await this.browser.stop()
    await this.site.stop()
    await this.server.stop()
    this.media.remove()
    mkdirSync(ROWS, { recursive: true })
    writeFileSync(join(ROWS, `${this.library}.json`), JSON.stringify(this.rows))
  }

  async visit(path: string, use: (page: Page) => Promise<void>): Promise<void> {
    const page = await this.browser.page(`${this.site.origin}/pages/${path}`)
    try {
      await use(page)
    } finally {
      await page.close()
    }
  }

  /** Plays, pauses, seeks and ends by the page's own calls, and its handlers hear of it. */
  async goesThrough(form: string, version: string, path: string, events: Events, { order = [], after }: More = {}): Promise<void> {
    const row: Row = { form, version, done: [] }
    this.rows.push(row)
    await this.visit(path, async page => {
      await until(page, 'window.old')
      await page.evaluate(() => window.old.play())
      await until(page, 'old.time() > 0.3 && !old.paused()')
      await until(page, `Math.abs(old.duration() - ${LENGTH}) < 0.5`)
      await heard(page, events.play)
      row.done.push('plays')
      await page.evaluate(() => window.old.pause())
      await until(page, 'old.paused()')
      await heard(page, events.pause)
      row.done.push('pauses')
      // Some libraries go back to the beginning at once: how far it came is looked at before.
      await page.evaluate(() => {
        window.furthest = 0
        setInterval(() => { window.furthest = Math.max(window.furthest, window.old.time()) }, 10)
      })
      await page.evaluate(to => window.old.seek(to), LENGTH - 4)
      await until(page, `old.time() >= ${LENGTH - 4.1}`)
      await heard(page, events.seek)
      await page.evaluate(() => window.old.play())
      await until(page, `old.time() > ${LENGTH - 3.8}`)
      row.done.push('seeks')
      await heard(page, events.end)
      await until(page, `furthest > ${LENGTH - 0.6}`)
      const all = await page.evaluate(() => window.heard)
      assert.ok(!all.some(type => /^error$/i.test(type)), 'no error was heard')
      inOrder(all, order)
      row.done.push('ends')
      await after?.(page)
    })
  }

  /** Keeps what a page looks like, before it plays and then, for people to see; it has the size that it asked for. */
  async looks(name: string, path: string, player: string, size: readonly [width: number, height: number]): Promise<void> {
    await this.visit(path, async page => {
      await until(page, 'window.old')
      await page.waitForLoadState('networkidle')
      await picture(page, `${name}-before`)
      await page.evaluate(() => window.old.play())
      // Controls are shown to who is there.
      await page.mouse.move(100, 100)
      await until(page, 'old.time() > 1 && !old.paused()')
      await picture(page, name)
      const box = await page.locator(player).boundingBox()
      assert.deepEqual([box?.width, box?.height], size)
    })
  }
}

const picture = async (page: Page, name: string): Promise<void> => {
  mkdirSync(PICTURES, { recursive: true })
  await page.screenshot({ path: join(PICTURES, `old-${name}.png`), clip: { x: 0, y: 0, width: 420, height: 300 } })
}

/** Whether all of these were heard, in this order; others may have been between. */
export const inOrder = (heard: readonly string[], order: readonly string[]): void => {
  let at = 0
  for (const event of order) {
    at = heard.indexOf(event, at) + 1
    assert.ok(at > 0, `${event} is missing, or at another place, in ${heard.join(' ')}`)
  }
}

export const heard = (page: Page, event: string): Promise<void> => until(page, `heard.includes(${JSON.stringify(event)})`)

/** Waits until an expression holds in the page. Says how things stand if it never does. */
export const until = async (page: Page, holds: string, ms = 20_000): Promise<void> => {
  try {
    await page.waitForFunction(holds, undefined, { timeout: ms, polling: 50 })
  } catch {
    const state = await page.evaluate(() => {
      const { old, heard } = window
      const videos = Array.from(document.querySelectorAll('video'), video => [video.id, video.src, video.currentTime, video.duration, video.readyState, video.paused])
      return { heard, old: old && [old.time(), old.duration(), old.paused()], videos, body: document.body.innerHTML.slice(0, 600) }
    }).catch(String)
    throw new Error(`never: ${holds}; ${JSON.stringify(state)}`)
  }
}
