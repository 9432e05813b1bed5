// Pages as a site would serve them: with headers of its own, over http or https.

import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Certificate } from './certificate.ts'

export interface Page {
  body: string
  headers?: Record<string, string>
}

/** The built player. */
export const sendPlayer = (to: ServerResponse): void => {
  to.setHeader('Content-Type', 'text/javascript')
  to.end(readFileSync('dist/millrace-player.js'))
}

const HEAD = '<!doctype html><html lang="en"><meta charset="utf-8"><title>test</title><script src="/millrace-player.js"></script>'

export class Site {
  private readonly pages = new Map<string, Page>()
  private readonly server: Server

  private constructor(certificate: Certificate | undefined) {
    const listener: RequestListener = (from, to) => this.answer(from.url ?? '/', to)
    this.server = certificate ? createSecureServer(certificate, listener) : createServer(listener)
  }

  static async open(certificate?: Certificate): Promise<Site> {
    const site = new Site(certificate)
    await new Promise<void>(resolve => site.server.listen(0, '127.0.0.1', resolve))
    return site
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  /** The address of a page with this in it. */
  page(body: string, headers: Record<string, string> = {}): string {
    const path = `/${this.pages.size}`
    this.pages.set(path, { body, headers })
    const scheme = 'key' in this.server ? 'https' : 'http'
    return `${scheme}://127.0.0.1:${this.port}${path}`
  }

  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.server.close(() => resolve()))
    this.server.closeAllConnections()
    await closed
  }

  private answer(path: string, to: ServerResponse): void {
    const page = this.pages.get(path)
    if (path === '/millrace-player.js') return sendPlayer(to)
    if (!page) return void to.writeHead(404).end()
    to.writeHead(200, { 'Content-Type': 'text/html', ...page.headers })
    to.end(HEAD + page.body)
  }
}
