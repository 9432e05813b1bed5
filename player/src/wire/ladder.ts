// Which ways lead to a server, in which order, and how long to wait before all are tried again.

import type { Address } from '../url.ts'
import type { Transport } from './wire.ts'

export interface Candidate {
  transport: Transport
  /** Of the WebSocket, or what the paths of RTMPT follow. */
  url: string
}

export interface LadderOptions {
  /** `location.protocol`. */
  pageProtocol: string
  /** Instead of what the address says: a `ws(s)://` URL, or an `http(s)://` one. */
  endpoint?: string
  /** These only, in this order. */
  transports?: readonly Transport[]
}

const LOOPBACK = /^(localhost|.*\.localhost|127\.[\d.]+|\[::1\])$/i
const RTMP_PORT = 1935

/** All ways to a server, the likeliest first. */
export const candidates = (address: Address, options: LadderOptions): Candidate[] => {
  const hosts = authorities(address, options)
  const isTunnelFirst = address.scheme.startsWith('rtmpt')
  const order = options.transports ?? (isTunnelFirst ? ['rtmpt', 'websocket'] as const : ['websocket', 'rtmpt'] as const)
  const all = order.flatMap(transport => hosts.map(({ isSecure, authority, path }): Candidate => {
    const scheme = (transport === 'websocket' ? 'ws' : 'http') + (isSecure ? 's' : '')
    return { transport, url: `${scheme}://${authority}${transport === 'websocket' ? path : ''}` }
  }))
  return all.filter((one, index) => all.findIndex(other => other.url === one.url) === index)
}

interface Authority {
  isSecure: boolean
  authority: string
  path: string
}

const authorities = ({ scheme, host, port }: Address, { pageProtocol, endpoint }: LadderOptions): Authority[] => {
  if (endpoint) {
    const url = new URL(endpoint)
    const path = url.pathname === '/' ? '/rtmp' : url.pathname + url.search
    return [{ isSecure: /^(wss|https):$/.test(url.protocol), authority: url.host, path }]
  }
  const at = (isSecure: boolean, ...ports: (number | undefined)[]): Authority[] =>
    ports.map(number => ({ isSecure, authority: number ? `${host}:${number}` : host, path: '/rtmp' }))
  // Mixed content: a page that came by TLS reaches nothing without, except the machine it is shown on. The port in
  // an old URL speaks no TLS then.
  if (pageProtocol === 'https:' && !LOOPBACK.test(host)) return at(true, undefined)
  if (scheme.endsWith('s')) return port ? at(true, port, undefined) : at(true, undefined)
  return at(false, port, RTMP_PORT)
}

/** What remembers the way that led to a host: `sessionStorage`, which pages may be denied. */
export interface Memory {
  get(host: string): string | null
  set(host: string, url: string): void
}

/** One climb: each way is tried once, the one that worked last time before all others. */
export class Ladder {
  private readonly left: Candidate[]

  constructor(all: readonly Candidate[], private readonly host: string, private readonly memory: Memory) {
    const remembered = memory.get(host)
    const rank = (candidate: Candidate): number => candidate.url === remembered ? 0 : 1
    this.left = [...all].sort((one, other) => rank(one) - rank(other))
  }

  next(): Candidate | undefined {
    return this.left.shift()
  }

  won(candidate: Candidate): void {
    this.memory.set(this.host, candidate.url)
  }
}

const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 30_000

/** 0.5, 1, 2, 4 … 30 s, less up to a quarter, so that the viewers of one server do not all come at once. */
export const backoff = (attempt: number, random: number): number =>
  Math.min(FIRST_DELAY_MS * 2 ** attempt, LONGEST_DELAY_MS) * (1 - random / 4)
