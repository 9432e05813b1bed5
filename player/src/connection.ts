// A session over whatever wire leads to the server, made anew when it is lost.

import { NO_BYTES, type Bytes } from './bytes.ts'
import { ProtocolError } from './rtmp/error.ts'
import { Session, type Introduction, type SessionEvent, type Status } from './rtmp/session.ts'
import { BLOCK } from './rtmp/handshake.ts'
import { backoff, Ladder, type Candidate, type Memory } from './wire/ladder.ts'
import { Close, type Transport, type Wire, type WireEnd, type WireEvents } from './wire/wire.ts'

/** Where to connect: asked for anew each time, because signed names expire. */
export interface Route {
  host: string
  introduction: Introduction
  candidates: Candidate[]
}

export type Failure =
  | { type: 'unreachable', ends: WireEnd[] }
  | { type: 'refused', status: Status }
  | { type: 'forbidden', reason: string }
  | { type: 'protocol', what: string }

export interface ConnectionEvents {
  route(): Promise<Route>
  /** The stream is there; what is sent now goes out in one write. */
  ready(session: Session): void
  event(event: SessionEvent, session: Session): void
  /** The connection is gone; another try comes after so many ms. */
  lost(attempt: number, delay: number): void
  /** It stays gone. */
  failed(failure: Failure): void
}

/** What browsers give, and tests replace. */
export interface Surroundings {
  open(candidate: Candidate, events: WireEvents): Wire
  memory: Memory
  now(): number
  /** The answer calls it off. */
  after(ms: number, act: () => void): () => void
  random(): number
  randomBytes(count: number): Bytes
}

const FIRST_BYTE_MS = 3000
const READY_MS = 10_000
const PING_AFTER_MS = 5000
const SILENCE_MS = 10_000
const NO_ANSWER: WireEnd = { code: Close.Lost, reason: 'no answer' }

export class Connection {
  private wire: Wire | undefined
  private current: Session | undefined
  private ladder: Ladder | undefined
  private route: Route | undefined
  private ends: WireEnd[] = []
  private attempt = 0
  private wasReady = false
  private isReady = false
  private isOver = false
  private cancelTimer: () => void = () => undefined
  private cancelWatch: () => void = () => undefined
  private lastByte = 0
  private sent = 0
  private isSilent = true
  private expects = false
  /** Changes whenever what is under way is of no more interest. */
  private turn = 0
  transport: Transport | undefined
  bytes = 0
  roundTripMs: number | undefined

  constructor(private readonly surroundings: Surroundings, private readonly events: ConnectionEvents) {}

  /** The session, once its stream is there. */
  get session(): Session | undefined {
    return this.isReady ? this.current : undefined
  }

  /** Whether media should come: else silence means nothing. */
  set isExpecting(isExpecting: boolean) {
    if (isExpecting && !this.expects) this.lastByte = this.surroundings.now()
    this.expects = isExpecting
  }

  get isUnderWay(): boolean {
    return this.wire !== undefined || this.ladder !== undefined
  }

  /** Connects, if that is not under way already. A wait for the next try ends. */
  start(): void {
    if (this.wire || this.ladder || this.isOver) return
    this.cancelTimer()
    const turn = ++this.turn
    this.ladder = new Ladder([], '', this.surroundings.memory)
    this.ends = []
    this.events.route().then(
      route => {
        if (turn !== this.turn) return
        this.route = route
        this.ladder = new Ladder(route.candidates, route.host, this.surroundings.memory)
        this.climb()
      },
      (error: unknown) => {
        if (turn === this.turn) this.giveUpClimb({ code: Close.Lost, reason: String(error) })
      })
  }

  /** Ends what is there without a word to anybody. */
  stop(): void {
    this.turn++
    this.cancelTimer()
    this.cancelWatch()
    this.wire?.close()
    this.wire = this.current = this.ladder = undefined
    this.isReady = false
  }

  /** Ends for good: whoever asks for a connection later gets none. */
  end(): void {
    this.isOver = true
    this.stop()
  }

  /** Another connection at once, for a route that changed. */
  restart(): void {
    this.stop()
    this.start()
  }

  /** Sends what the session has to say. */
  flush(): void {
    const bytes = this.current?.takeOutput() ?? NO_BYTES
    if (bytes.length > 0) this.wire?.send(bytes)
  }

  rest(isResting: boolean): void {
    this.wire?.rest(isResting)
  }

  /** The next rung of the ladder. */
  private climb(): void {
    const candidate = this.ladder?.next()
    if (!candidate || !this.route) return this.giveUpClimb()
    const turn = ++this.turn
    const { open, randomBytes } = this.surroundings
    const session = new Session(this.route.introduction, randomBytes(BLOCK))
    this.current = session
    this.isSilent = true
    this.sent = this.surroundings.now()
    try {
      this.wire = open(candidate, {
        bytes: bytes => {
          if (turn === this.turn) this.receive(session, candidate, bytes)
        },
        closed: end => {
          if (turn === this.turn) this.closed(end)
        },
      })
    } catch (error) {
      // A WebSocket that mixed content or a policy forbids throws.
      return this.next({ code: Close.Lost, reason: String(error) })
    }
    this.flush()
    this.deadline(FIRST_BYTE_MS, () => this.closed(NO_ANSWER))
  }

  private next(end: WireEnd): void {
    this.ends.push(end)
    this.wire?.close()
    this.wire = undefined
    this.climb()
  }

  private receive(session: Session, candidate: Candidate, bytes: Bytes): void {
    if (this.isSilent) this.deadline(READY_MS, () => this.closed(NO_ANSWER))
    this.isSilent = false
    this.bytes += bytes.length
    this.lastByte = this.surroundings.now()
    const { turn } = this
    try {
      session.receive(bytes)
    } catch (error) {
      return this.broken(error)
    }
    for (const event of session.takeEvents()) {
      this.handle(event, session, candidate)
      if (turn !== this.turn) return
    }
    this.flush()
  }

  private handle(event: SessionEvent, session: Session, candidate: Candidate): void {
    switch (event.type) {
      case 'handshake':
        // From here on a failure is none of the way's.
        this.ladder?.won(candidate)
        this.ladder = undefined
        this.transport = candidate.transport
        this.roundTripMs = this.surroundings.now() - this.sent
        return
      case 'ready':
        this.cancelTimer()
        this.isReady = this.wasReady = true
        this.attempt = 0
        this.watch()
        return this.events.ready(session)
      case 'refused': return this.fail({ type: 'refused', status: event.status })
      case 'close': return this.lose()
      case 'pong': return
      default: this.events.event(event, session)
    }
  }

  private closed(end: WireEnd): void {
    if (end.code === Close.Refused) return this.fail({ type: 'forbidden', reason: end.reason })
    if (this.ladder) return this.next(end)
    this.ends = [end]
    // A server that drains sends its viewers elsewhere, and elsewhere is there already.
    this.lose(end.code === Close.Drain ? 0 : undefined)
  }

  private giveUpClimb(end?: WireEnd): void {
    if (end) this.ends.push(end)
    this.ladder = undefined
    const isBusy = this.ends.some(({ code }) => code === Close.TooMany)
    if (this.wasReady || isBusy) this.lose()
    else this.fail({ type: 'unreachable', ends: this.ends })
  }

  private broken(error: unknown): void {
    const what = error instanceof ProtocolError ? error.message : String(error)
    // Something answers here that is no RTMP server: perhaps there is one on another way.
    if (this.ladder) this.next({ code: Close.Lost, reason: what })
    else this.fail({ type: 'protocol', what })
  }

  private fail(failure: Failure): void {
    this.end()
    this.events.failed(failure)
  }

  /** What was there is gone: again, after a while. */
  lose(delay = backoff(this.attempt, this.surroundings.random())): void {
    this.stop()
    this.attempt++
    this.deadline(delay, () => this.start())
    this.events.lost(this.attempt, delay)
  }

  private deadline(ms: number, act: () => void): void {
    this.cancelTimer()
    this.cancelTimer = this.surroundings.after(ms, act)
  }

  /** A connection can die without a sign (RFC 1122, 4.2.3.6): who expects media and hears nothing asks, then leaves. */
  private watch(): void {
    this.cancelWatch = this.surroundings.after(PING_AFTER_MS, () => {
      const { session } = this
      if (!session) return
      const silence = this.surroundings.now() - this.lastByte
      if (this.expects && !session.isCreditShort) {
        if (silence >= SILENCE_MS) return this.lose()
        if (silence >= PING_AFTER_MS) session.ping()
        this.flush()
      }
      this.watch()
    })
  }
}
