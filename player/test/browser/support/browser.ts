// Chromium with a page of ours in it.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser as CdpBrowser, type BrowserContext, type Page } from 'playwright-core'
import type { PlayerOptions } from '../../../src/index.ts'

const PROGRAM = process.env.CHROMIUM_BIN ?? '/usr/bin/chromium'
const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required',
]
/** Names of our own on this machine, for what depends on names. No other is found. */
const NAMES = '--host-resolver-rules=MAP *.example.net 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1'
const OURS = /^(https?|wss?):\/\/(127\.0\.0\.1|([a-z0-9]+\.)?localhost|[a-z0-9]+\.example\.net)[:/]/

export interface Browser {
  /** Keeps everything that the page appends, unless told otherwise. */
  page(origin: string, isRecorded?: boolean): Promise<Page>
  stop(): Promise<void>
}

export const launch = async (...more: string[]): Promise<Browser> => {
  const profile = mkdtempSync(join(tmpdir(), 'millrace-profile-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: PROGRAM, args: [...FLAGS, NAMES, ...more], headless: true,
  })
  return over(context, profile, () => context.close())
}

/** One whose tabs hide each other, as people's do: Playwright's own take themselves for seen. */
export const launchWithTabs = async (): Promise<Browser> => {
  const profile = mkdtempSync(join(tmpdir(), 'millrace-profile-'))
  const flags = [...FLAGS, NAMES, `--user-data-dir=${profile}`, '--remote-debugging-port=0']
  const child = spawn(PROGRAM, flags, { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise<void>(resolve => child.on('exit', () => resolve()))
  const address = await new Promise<string>((resolve, reject) => {
    let said = ''
    child.stderr.on('data', (text: Buffer) => {
      said += text.toString()
      const found = /DevTools listening on (\S+)/.exec(said)
      if (found) resolve(found[1])
    })
    child.on('exit', () => reject(new Error(`the browser ended: ${said}`)))
  })
  const browser = await attach(address).catch((error: unknown) => {
    child.kill('SIGKILL')
    throw error
  })
  return over(browser.contexts()[0], profile, async () => {
    await browser.close()
    child.kill('SIGKILL')
    await ended
  })
}

/** Who attaches while the browser opens its first window waits for ever now and then: Playwright 1.65, Chromium 156. */
const attach = (address: string, tries = 4): Promise<CdpBrowser> =>
  chromium.connectOverCDP(address, { noDefaults: true, timeout: 15_000 }).catch((error: unknown) => {
    if (tries === 1) throw error
    return attach(address, tries - 1)
  })

const over = async (context: BrowserContext, profile: string, stop: () => Promise<void>): Promise<Browser> => {
  await context.route('**', route => OURS.test(route.request().url()) ? route.continue() : route.abort())
  return {
    page: async (origin, isRecorded = true) => {
      const page = await context.newPage()
      page.on('pageerror', error => console.error(`the page: ${error.stack ?? error.message}`))
      await page.addInitScript(() => { Object.assign(window, { appended: [], errors: [], events: [] }) })
      if (isRecorded) await page.addInitScript(record)
      await page.goto(origin)
      return page
    },
    stop: async () => {
      await stop()
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
    },
  }
}

/** Runs in the page before all else: keeps what is appended. */
const record = (): void => {
  const add = MediaSource.prototype.addSourceBuffer
  const append = SourceBuffer.prototype.appendBuffer
  const slots = new Map<SourceBuffer, Uint8Array[]>()
  MediaSource.prototype.addSourceBuffer = function (mime) {
    const buffer = add.call(this, mime)
    const parts: Uint8Array[] = []
    window.appended.push({ mime, parts })
    slots.set(buffer, parts)
    return buffer
  }
  SourceBuffer.prototype.appendBuffer = function (bytes) {
    append.call(this, bytes)
    slots.get(this)?.push((bytes as Uint8Array).slice())
  }
}

interface PageGlobals {
  appended: { mime: string, parts: Uint8Array[] }[]
  errors: { code: number, fatal: boolean, text: string, server: string }[]
  events: string[]
  player: { destroy(): void, levels: unknown[], level: number, stats: Record<string, unknown> }
  video: HTMLVideoElement
  Millrace: { MillracePlayer: new (video: HTMLVideoElement, options: PlayerOptions) => PageGlobals['player'] & EventTarget }
}

declare global {
  interface Window extends PageGlobals {}
}

/** Makes a player for the page's <video>. */
export const play = (page: Page, options: PlayerOptions, isPlaying = true): Promise<void> =>
  page.evaluate(async ({ options, isPlaying }) => {
    const video = document.querySelector('video')!
    const player = new window.Millrace.MillracePlayer(video, options)
    Object.assign(window, { player, video })
    player.addEventListener('error', event => window.errors.push((event as CustomEvent).detail))
    for (const type of ['level', 'reconnect', 'metadata']) player.addEventListener(type, () => window.events.push(type))
    for (const type of ['ended', 'seeked', 'playing']) video.addEventListener(type, () => window.events.push(type))
    if (isPlaying) void video.play().catch(() => undefined)
  }, { options, isPlaying })

/** Against hangs only: other work on the machine is no reason to fail. */
const PATIENCE_MS = 120_000

/** Waits until an expression holds in the page. Says how things stand if it never does. */
export const until = async (page: Page, holds: string, ms = PATIENCE_MS): Promise<void> => {
  const last = Date.now() + ms
  // `waitForFunction` would need 'unsafe-eval' in the policy of the page.
  while (!await page.evaluate(holds)) {
    if (Date.now() > last) throw new Error(`never: ${holds}; ${JSON.stringify(await state(page))}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

export const state = (page: Page): Promise<unknown> => page.evaluate(() => {
  const { video, errors, events, appended } = window
  const ranges = Array.from({ length: video.buffered.length }, (_, index) => [video.buffered.start(index), video.buffered.end(index)])
  return {
    time: video.currentTime, duration: video.duration, readyState: video.readyState, paused: video.paused, ended: video.ended,
    seeking: video.seeking, error: video.error?.message, ranges, errors, events, stats: window.player.stats,
    appended: appended.map(({ mime, parts }) => [mime, parts.length]),
  }
})

/** Everything that was appended to the buffer of this kind. */
export const appended = async (page: Page, kind: 'video' | 'audio'): Promise<Buffer> => {
  const text = await page.evaluate(async kind => {
    const parts = window.appended.find(({ mime }) => mime.startsWith(kind))?.parts ?? []
    const reader = new FileReader()
    await new Promise(resolve => {
      reader.onload = resolve
      reader.readAsDataURL(new Blob(parts as BlobPart[]))
    })
    return (reader.result as string).split(',')[1] ?? ''
  }, kind)
  return Buffer.from(text, 'base64')
}
