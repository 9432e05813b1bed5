// A site with old pages on it: the pages, the libraries they load, our adapters, the films as files, and nothing else.

import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { videoJs4 } from './videojs4.ts'

/** What pages were written for, and where the test's server is instead. */
const STREAMS = 's5678.example'
const FILES = 'd1234.example'
/** A server of streams that is not there any more. */
export const NOWHERE = 's0000.example'
/** How long a core takes that is not in the browser's cache, on a bad line. */
const LATE_MS = 1500
const TYPES: Record<string, string> = {
  html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml', json: 'application/json', jpg: 'image/jpeg', mp4: 'video/mp4',
  rss: 'text/xml', smil: 'text/xml', xml: 'text/xml',
}

/** Where a library's files lie; the page says which version by `VERSION`. */
const LIBRARIES: Record<string, string> = {
  videojs5: 'dist', videojs6: 'dist', videojs7: 'dist', videojs8: 'dist', flowplayer6: 'dist', flowplayer7: 'dist',
  mediaelement2: 'build', mediaelement4: 'build', mediaelement7: 'build',
}

const folderOf = (library: string): string => library === 'videojs4' ? videoJs4() : join('node_modules', library)

/** The library's version as its own package says it. */
export const versionOf = (library: string): string =>
  (JSON.parse(readFileSync(join(folderOf(library), 'package.json'), 'utf8')) as { version: string }).version

export class Site {
  private readonly server = createServer((from, to) => this.answer(from, to))
  /** Read once: a build that runs meanwhile begins by removing all. */
  private readonly built = new Map(readdirSync('dist').filter(name => name.endsWith('.js')).map(name => [name, readFileSync(join('dist', name))]))

  private constructor(private readonly streams: number, private readonly films: string) {}

  /** With the port of the server of streams, and the folder where its films are. */
  static async over(streams: number, films: string): Promise<Site> {
    const site = new Site(streams, films)
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

  private answer({ url = '', headers }: IncomingMessage, to: ServerResponse): void {
    const { pathname, searchParams } = new URL(url, this.origin)
    const file = this.file(pathname, searchParams)
    const isLate = pathname.endsWith('/millrace-player.js') && new URL(headers.referer ?? this.origin).searchParams.has('late')
    setTimeout(() => this.send(pathname, file, headers.range, to), isLate ? LATE_MS : 0)
  }

  private send(pathname: string, file: string | Buffer | undefined, range: string | undefined, to: ServerResponse): void {
    to.setHeader('Content-Type', TYPES[pathname.split('.').pop() ?? ''] ?? 'application/octet-stream')
    if (file instanceof Buffer && range) return part(file, range, to)
    to.statusCode = file === undefined ? 404 : 200
    to.end(file)
  }

  private file(path: string, parameters: URLSearchParams): string | Buffer | undefined {
    const [, folder, ...rest] = path.split('/')
    const name = rest.join('/')
    try {
      if (folder === 'films' || name.endsWith('.jpg')) return readFileSync(join(this.films, name))
      if (folder === 'pages') return this.page(name, parameters)
      if (folder === 'millrace') return this.built.get(name)
      if (folder === 'videojs4') return readFileSync(join(folderOf(folder), 'dist/video-js', name))
      return LIBRARIES[folder] && readFileSync(join(folderOf(folder), LIBRARIES[folder], name))
    } catch {
      return undefined
    }
  }

  /** `?version=5&adapter=all`: what the page's words in capitals stand for; `?first`: the adapter stands before all scripts. `?early`, `?late`: so does the core, or
   *  it comes late. */
  private page(name: string, parameters: URLSearchParams): string {
    let text = readFileSync(join('test/pages', name), 'utf8')
    const [tag] = /<script src="\/millrace.*\n/.exec(text) ?? ['']
    if (parameters.has('early')) text = text.replace('<script', () => '<script src="/millrace/millrace-player.js"></script>\n<script')
    if (parameters.has('first')) text = text.replace(tag, '').replace('<script', () => `${tag}<script`)
    parameters.forEach((value, key) => {
      text = text.replaceAll(key.toUpperCase(), value)
    })
    return text.replaceAll(STREAMS, `127.0.0.1:${this.streams}`).replaceAll(NOWHERE, '127.0.0.1:9')
      .replaceAll(`https://${FILES}`, `${this.origin}/films`)
  }
}

/** Browsers seek in what is sent by ranges only. */
const part = (file: Buffer, range: string, to: ServerResponse): void => {
  const [, from, end] = /(\d+)-(\d*)/.exec(range) ?? []
  const first = Number(from ?? 0)
  const last = end ? Number(end) : file.length - 1
  to.writeHead(206, { 'Accept-Ranges': 'bytes', 'Content-Range': `bytes ${first}-${last}/${file.length}`, 'Content-Length': last + 1 - first })
  to.end(file.subarray(first, last + 1))
}
