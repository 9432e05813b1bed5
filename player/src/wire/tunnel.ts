// RTMPT: RTMP in the bodies of POSTs, for networks in which WebSockets do not live.
//
//   POST /open/1        -> session id, line end
//   POST /send/ID/N     -> interval byte, bytes of RTMP
//   POST /idle/ID/N     -> the same
//   POST /close/ID/N

import { concat, NO_BYTES, type Bytes } from '../bytes.ts'
import { Close, type Wire, type WireEvents } from './wire.ts'

/** Some proxies mind an empty body. */
const ZERO = Uint8Array.of(0)
/** A reply that is empty sooner than this was not held by the server: the interval byte says how long to wait. */
const HELD_MS = 40
const INTERVAL_MS = 16
const LONGEST_INTERVAL_MS = 500
/** While nothing is expected: servers forget sessions that ask for nothing for half a minute. */
const REST_MS = 10_000

export class TunnelWire implements Wire {
  private readonly abort = new AbortController()
  private waiting: Bytes[] = []
  private id = ''
  private number = 0
  private isOver = false
  private isResting = false
  private isIdle = false
  /** The reply to what was said while an idle request was under way. */
  private next: Promise<Bytes> | undefined
  private wake: () => void = () => undefined

  constructor(private readonly base: string, private readonly events: WireEvents) {
    void this.run()
  }

  send(bytes: Bytes): void {
    this.waiting.push(bytes)
    // Servers hold idle requests while nothing is due, for a second perhaps, but not when the next one is there.
    if (this.isIdle && !this.next) {
      this.next = this.say()
      this.next.catch(() => undefined)
    }
    this.wake()
  }

  close(): void {
    if (this.isOver) return
    this.isOver = true
    this.abort.abort()
    this.wake()
    // The request that is under way has its number already.
    if (this.id) void this.post(`/close/${this.id}/${this.number}`, ZERO, { keepalive: true }).catch(() => undefined)
  }

  rest(isResting: boolean): void {
    this.isResting = isResting
    if (!isResting) this.wake()
  }

  private async run(): Promise<void> {
    try {
      const opened = await this.post('/open/1', ZERO, { signal: this.abort.signal })
      this.id = new TextDecoder().decode(opened).trim()
      // Servers want requests in order, and their number says which that is.
      while (!this.isOver) await this.exchange()
    } catch (error) {
      this.end(error instanceof Refusal ? error.code : Close.Lost, String(error))
    }
  }

  private async exchange(): Promise<void> {
    const began = Date.now()
    const { next } = this
    this.next = undefined
    this.isIdle = !next && this.waiting.length === 0
    const reply = await (next ?? (this.isIdle ? this.numbered('idle', ZERO) : this.say()))
    this.isIdle = false
    if (this.isOver) return
    if (reply[0] === 0) return this.end(Close.End, 'the server closed the tunnel')
    const content = reply.length > 1 ? reply.subarray(1) : NO_BYTES
    if (content.length > 0) this.events.bytes(content)
    else if (Date.now() - began < HELD_MS) await this.sleep(Math.min(reply[0] * INTERVAL_MS, LONGEST_INTERVAL_MS))
    if (this.isResting) await this.sleep(REST_MS)
  }

  private say(): Promise<Bytes> {
    const body = concat(this.waiting)
    this.waiting = []
    return this.numbered('send', body)
  }

  /** A request that was lost is sent once more with its number: the server kept the answer. */
  private numbered(kind: string, body: Bytes): Promise<Bytes> {
    const path = `/${kind}/${this.id}/${this.number++}`
    const options = { signal: this.abort.signal }
    return this.post(path, body, options).catch((error: unknown) => {
      if (error instanceof Refusal || this.isOver) throw error
      return this.post(path, body, options)
    })
  }

  private async post(path: string, body: Bytes, options: RequestInit): Promise<Bytes> {
    const reply = await fetch(this.base + path, {
      method: 'POST', body, credentials: 'omit', cache: 'no-store',
      // A content type of its own, such as application/x-fcs, would cost a preflight for each path (Fetch, CORS).
      headers: { 'Content-Type': 'text/plain' },
      ...options,
    })
    if (!reply.ok) throw new Refusal(reply.status)
    return new Uint8Array(await reply.arrayBuffer())
  }

  /** Until something is to be sent, but no longer than this. */
  private sleep(ms: number): Promise<void> {
    if (this.waiting.length > 0 || this.next || this.isOver) return Promise.resolve()
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      this.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  private end(code: number, reason: string): void {
    if (this.isOver) return
    this.isOver = true
    this.events.closed({ code, reason })
  }
}

class Refusal extends Error {
  readonly code: number

  constructor(status: number) {
    super(`HTTP status ${status}`)
    this.code = status === 403 ? Close.Refused : status === 503 ? Close.TooMany : Close.Lost
  }
}
