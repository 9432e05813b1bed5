// A site with old pages on it: the pages, the libraries they load, our adapters, and nothing else.

import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { videoJs4 } from './videojs4.ts'

/** What pages were written for, and where the test's server is instead. */
const HOST = 's5678.example'
const TYPES: Record<string, string> = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml', json: 'application/json' }

/** Where a library's files lie; the page says which version by `VERSION`. */
const LIBRARIES: Record<string, string> = {
  videojs5: 'videojs5/dist', videojs6: 'videojs6/dist', videojs7: 'videojs7/dist', videojs8: 'videojs8/dist',
  flowplayer6: 'flowplayer6/dist', flowplayer7: 'flowplayer7/dist',
  mediaelement2: 'mediaelement2/build', mediaelement4: 'mediaelement4/build', mediaelement7: 'mediaelement7/build',
}

export class Site {
  private readonly server = createServer((from, to) => this.answer(from, to))
  /** Read once: a build that runs meanwhile begins by removing all. */
  private readonly built = new Map<string, Buffer>()

  private constructor(private readonly media: number) {}

  static async over(media: number): Promise<Site> {
    const site = new Site(media)
    for (const name of ['millrace-player', ...['videojs-flash', 'mediaelement-rtmp', 'flowplayer-rtmp', 'flash-markup', 'swfobject', 'all'].map(name => `compat-${name}`)]) {
      site.built.set(`${name}.js`, readFileSync(`dist/${name}.js`))
    }
    await new Promise<void>(resolve => site.server.listen(0, '127.0.0.1', resolve))
    return site
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>(resolve => this.server.close(() => resolve()))
    this.server.closeAllConnections()
    await closed
  }

  private answer({ url = '' }: IncomingMessage, to: ServerResponse): void {
    const { pathname, searchParams } = new URL(url, this.origin)
    const file = this.file(pathname, searchParams)
    to.statusCode = file === undefined ? 404 : 200
    to.setHeader('Content-Type', TYPES[pathname.split('.').pop() ?? ''] ?? 'application/octet-stream')
    to.end(file)
  }

  private file(path: string, parameters: URLSearchParams): string | Buffer | undefined {
    const [, folder, ...rest] = path.split('/')
    const name = rest.join('/')
    try {
      if (folder === 'pages') return this.page(name, parameters)
      if (folder === 'millrace') return this.built.get(name)
      if (folder === 'videojs4') return readFileSync(join(videoJs4(), name))
      return LIBRARIES[folder] && readFileSync(join('node_modules', LIBRARIES[folder], name))
    } catch {
      return undefined
    }
  }

  /** `?version=5&adapter=all`: what the page's words in capitals stand for. */
  private page(name: string, parameters: URLSearchParams): string {
    let text = readFileSync(join('test/pages', name), 'utf8')
    parameters.forEach((value, key) => {
      text = text.replaceAll(key.toUpperCase(), value)
    })
    return text.replaceAll(HOST, `127.0.0.1:${this.media}`)
  }
}
