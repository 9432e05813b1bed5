// Pages whose players were Flash alone: a site with them and our file in their loader's place, a server and a browser.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { Page } from 'playwright-core'
import { launch, type Browser } from '../../browser/support/browser.ts'
import { Media } from '../../browser/support/media.ts'
import { serve, type Server } from '../../browser/support/server.ts'

/** The film's length, s. */
export const LENGTH = 12
const STREAMS = 's5678.example'
const FILES = 'd1234.example'
/** Nobody listens here. */
const NOWHERE = 's0000.example'
const STEPS = ['plays', 'pauses', 'seeks', 'ends'] as const

interface OldPage {
  play(): void
  pause(): void
  seek(seconds: number): void
  time(): number
  duration(): number
  paused(): boolean
}

declare global {
  interface Window {
    old: OldPage
    /** The events, as the page's own handlers heard them. */
    heard: string[]
    /** What came with each. */
    told: Record<string, unknown[]>
  }
}

export class House {
  private readonly rows: string[] = []
  private readonly scripts = new Map<string, Buffer>()
  private readonly site = createServer((from, to) => this.answer(from, to))

  private constructor(readonly media: Media, private readonly server: Server, private readonly browser: Browser) {}

  static async open(): Promise<House> {
    const media = new Media()
    media.film('film.mp4', LENGTH)
    media.film('small.mp4', LENGTH, '-vf', 'scale=160:90')
    media.film('short.mp4', 3)
    const house = new House(media, await serve(media.folder), await launch())
    await house.compile('src/index.ts', 'millrace-player.js', 'Millrace')
    for (const name of ['jwplayer', 'flowplayer3']) await house.compile(`compat/${name}.ts`, `${name}.js`)
    await new Promise<void>(resolve => house.site.listen(0, '127.0.0.1', resolve))
    return house
  }

  async close(): Promise<void> {
    await this.browser.stop()
    this.site.closeAllConnections()
    await new Promise<void>(resolve => this.site.close(() => resolve()))
    await this.server.stop()
    this.media.remove()
    this.rows.forEach(row => console.log(row))
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.site.address() as AddressInfo).port}`
  }

  async visit(path: string, use: (page: Page) => Promise<void>): Promise<void> {
    const page = await this.browser.page(`${this.origin}/pages/${path}`)
    try {
      await use(page)
    } finally {
      await page.close()
    }
  }

  /** Plays, pauses, seeks and ends by the page's own calls; what its handlers heard is in this order. */
  async goesThrough(form: string, version: string, path: string, order: readonly string[], more?: (page: Page) => Promise<void>): Promise<void> {
    const done: string[] = []
    try {
      await this.visit(path, async page => {
        await until(page, 'window.old')
        await page.evaluate(() => window.old.play())
        await until(page, 'old.time() > 0.3 && !old.paused()')
        await until(page, `Math.abs(old.duration() - ${LENGTH}) < 0.5`)
        done.push('plays')
        await page.evaluate(() => window.old.pause())
        await until(page, 'old.paused()')
        done.push('pauses')
        await page.evaluate(to => window.old.seek(to), LENGTH - 3)
        await until(page, `old.time() >= ${LENGTH - 3.1}`)
        await page.evaluate(() => window.old.play())
        await until(page, `old.time() > ${LENGTH - 2.8}`)
        done.push('seeks')
        await until(page, `heard.includes(${JSON.stringify(order[order.length - 1])})`)
        done.push('ends')
        inOrder(await page.evaluate(() => window.heard), order)
        await more?.(page)
      })
    } finally {
      this.rows.push(`${form.padEnd(44)} ${version.padEnd(4)} ${STEPS.map(step => done.includes(step) ? step : '–'.padEnd(step.length)).join('  ')}`)
    }
  }

  private async compile(source: string, name: string, globalName?: string): Promise<void> {
    const { outputFiles } = await build({ entryPoints: [source], bundle: true, format: 'iife', target: 'es2020', globalName, define: { HAS_CORE: 'false' }, write: false, logLevel: 'warning' })
    this.scripts.set(name, Buffer.from(outputFiles[0].contents))
  }

  private answer({ url = '', headers }: IncomingMessage, to: ServerResponse): void {
    const { pathname, searchParams } = new URL(url, this.origin)
    const [, folder, name] = pathname.split('/')
    try {
      if (folder === 'media') return this.send(readFileSync(join(this.media.folder, name)), headers.range, to)
      const script = this.scripts.get(name)
      to.setHeader('Content-Type', script || name.endsWith('.js') ? 'text/javascript' : name.endsWith('.html') ? 'text/html' : 'text/xml')
      to.end(folder === 'millrace' ? script : this.page(name, searchParams))
    } catch {
      to.statusCode = 404
      to.end()
    }
  }

  /** Browsers seek in what is sent by ranges only. */
  private send(file: Buffer, range: string | undefined, to: ServerResponse): void {
    const [, from, end] = /(\d+)-(\d*)/.exec(range ?? '') ?? []
    const first = Number(from ?? 0)
    const last = end ? Number(end) : file.length - 1
    to.writeHead(range ? 206 : 200, {
      'Content-Type': 'video/mp4', 'Accept-Ranges': 'bytes', 'Content-Range': `bytes ${first}-${last}/${file.length}`, 'Content-Length': last + 1 - first,
    })
    to.end(file.subarray(first, last + 1))
  }

  /** `?NAME=value`: what the page's words in capitals stand for. */
  private page(name: string, parameters: URLSearchParams): string {
    let text = readFileSync(join('test/pages', name), 'utf8')
    parameters.forEach((value, key) => { text = text.replaceAll(key, value) })
    return text.replaceAll(STREAMS, `127.0.0.1:${this.server.port}`).replaceAll(NOWHERE, '127.0.0.1:9')
      .replaceAll(`https://${FILES}`, `${this.origin}/media`)
  }
}

/** Whether all of these were heard, in this order; others may have been between. */
export const inOrder = (heard: readonly string[], order: readonly string[]): void => {
  let at = 0
  for (const event of order) {
    at = heard.indexOf(event, at) + 1
    assert.ok(at > 0, `${event} is missing, or at another place, in ${heard.join(' ')}`)
  }
}

export const until = async (page: Page, holds: string, ms = 20_000): Promise<void> => {
  try {
    await page.waitForFunction(holds, undefined, { timeout: ms, polling: 50 })
  } catch {
    const state = await page.evaluate(() => {
      const { old, heard } = window
      const videos = Array.from(document.querySelectorAll('video'), video => [video.src, video.currentTime, video.duration, video.readyState, video.paused])
      return { heard, old: old && [old.time(), old.duration(), old.paused()], videos, body: document.body.innerHTML.slice(0, 600) }
    }).catch(String)
    throw new Error(`never: ${holds}; ${JSON.stringify(state)}`)
  }
}
