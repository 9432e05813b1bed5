// Firefox as people have it: no driver, so the page itself says what it saw.

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sendPlayer } from './site.ts'

const PROGRAM = process.env.FIREFOX_BIN ?? 'firefox-esr'
/** Against hangs only. */
const PATIENCE_MS = 120_000

// Nothing but this machine is reached: everything else goes to a proxy that is not there.
const PREFERENCES: Record<string, string | number | boolean> = {
  'network.proxy.type': 1,
  'network.proxy.http': '127.0.0.1', 'network.proxy.http_port': 9,
  'network.proxy.ssl': '127.0.0.1', 'network.proxy.ssl_port': 9,
  'network.proxy.no_proxies_on': '127.0.0.1',
  'media.autoplay.default': 0,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.reportingpolicy.firstRun': false,
}

/** The file that is there over HTTP too. */
export const PLAIN = 'plain.mp4'

/** Opens a page whose module `script` calls `report(value)` once, and gives that value. {@link PLAIN} of `folder` is served beside it. */
export const seenByFirefox = async (script: string, folder: string): Promise<unknown> => {
  let tell: (value: unknown) => void = () => undefined
  const told = new Promise<unknown>(resolve => { tell = resolve })
  const site = createServer((from, to) => answer(from, to, script, folder, tell))
  await new Promise<void>(resolve => site.listen(0, '127.0.0.1', resolve))
  const profile = mkdtempSync(join(tmpdir(), 'millrace-firefox-'))
  const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
  writeFileSync(join(profile, 'user.js'), lines.join(''))
  const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}/`
  const firefox = spawn(PROGRAM, ['--headless', '--no-remote', '--profile', profile, url], { stdio: 'ignore' })
  const ended = new Promise<never>((_, reject) => {
    firefox.on('error', reject)
    firefox.on('exit', code => reject(new Error(`Firefox ended with ${code}`)))
  })
  ended.catch(() => undefined)
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error('the page said nothing')), PATIENCE_MS).unref())
  try {
    return await Promise.race([told, ended, late])
  } finally {
    firefox.kill('SIGKILL')
    await ended.catch(() => undefined)
    site.closeAllConnections()
    site.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}

const PAGE = `<!doctype html><meta charset="utf-8"><title>test</title>
<script src="/millrace-player.js"></script><video id="video" muted></video>
<script type="module">
const report = value => fetch('/report', { method: 'POST', body: JSON.stringify(value) })
try { SCRIPT } catch (error) { report({ failed: String(error.stack ?? error) }) }
</script>`

const answer = (
  from: IncomingMessage, to: ServerResponse, script: string, folder: string, tell: (value: unknown) => void,
): void => {
  const path = (from.url ?? '/').slice(1)
  if (path === 'report') {
    const parts: Buffer[] = []
    from.on('data', (part: Buffer) => parts.push(part))
    from.on('end', () => {
      tell(JSON.parse(Buffer.concat(parts).toString()))
      to.end()
    })
  } else if (path === '') {
    to.setHeader('Content-Type', 'text/html')
    to.end(PAGE.replace('SCRIPT', () => script))
  } else if (path === 'millrace-player.js') {
    sendPlayer(to)
  } else if (path === PLAIN) {
    file(from, to, join(folder, path))
  } else {
    to.writeHead(404).end()
  }
}

/** A file, or the part of it that a media element asks for. */
const file = (from: IncomingMessage, to: ServerResponse, path: string): void => {
  const bytes = readFileSync(path)
  const [, start, end] = /bytes=(\d+)-(\d*)/.exec(from.headers.range ?? '') ?? []
  const first = Number(start ?? 0)
  const last = end ? Number(end) : bytes.length - 1
  to.writeHead(start ? 206 : 200, {
    'Content-Type': 'video/mp4', 'Accept-Ranges': 'bytes', 'Content-Length': last - first + 1,
    ...(start ? { 'Content-Range': `bytes ${first}-${last}/${bytes.length}` } : {}),
  })
  to.end(bytes.subarray(first, last + 1))
}
