// One stream in one video element: what is asked of the server, by what the element does and holds.

import type { Connection } from './connection.ts'
import {
  aheadOf, covers, evictionEnd, GAP_S, isToBeHeld, jumpTarget, KEEP_WHEN_FULL_S, rangeAt, rangesOf, type Range,
} from './mse/buffer.ts'
import { Feed } from './mse/feed.ts'
import { Source } from './mse/source.ts'
import { isObject, text, type AmfObject, type Value } from './rtmp/amf0.ts'
import type { Session, SessionEvent, Status } from './rtmp/session.ts'
import { decoding, refusedPlay, unsupported, type PlayerError } from './text.ts'

export interface PlaybackEvents {
  error(error: PlayerError): void
  metadata(metadata: AmfObject): void
  /** The server plays what was switched to. */
  switched(): void
  /** The server can't play what was to be switched to. */
  switchFailed(status: Status): void
  /** The right to play is over: perhaps the page has a new one. */
  denied(error: PlayerError): void
  moved(server: string): void
}

const START_BUFFER_MS = 10_000
/** After so much of playing a viewer is taken to stay. */
const STAYS_AFTER_S = 5
const SEEK_EVERY_MS = 100
/** With less than this ahead and nothing on the way, the rest is asked for. */
const REFILL_S = 10
const REFILL_EVERY_MS = 1000
const NEAR_S = 2
const LEAST_BUFFER_MS = 2000
/** Not for each second that is played. */
const BUFFER_STEP_MS = 2000

/** A seek that the server was asked for and did not begin yet. */
interface OpenSeek {
  seconds: number
  ms: number
}

/** Where the server went when it was asked for a place, as soon as media tells. */
interface Landing {
  asked: number
  at: number | undefined
}

export class Playback {
  private readonly source: Source
  private readonly feed: Feed
  private readonly abort = new AbortController()
  private duration = NaN
  private hasMetadata = false
  private wasLengthAsked = false
  private openSeek: OpenSeek | undefined
  private wanted: number | undefined
  private lastSeek = -Infinity
  private cancelSeek: (() => void) | undefined
  private landing: Landing = { asked: 0, at: undefined }
  private isHeld = false
  private isComplete = false
  private playedSince: number | undefined
  private stays = false
  private bufferMs = START_BUFFER_MS
  private pace = { media: 0, wall: 0 }

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly connection: Connection,
    private readonly events: PlaybackEvents,
    private name: () => string,
    private limit: number,
    private readonly now: () => number,
    private readonly after: (ms: number, act: () => void) => () => void,
  ) {
    this.source = new Source(video, {
      opened: () => this.open(),
      streaming: isStreaming => this.feed.hold(!isStreaming),
    })
    this.feed = new Feed(this.source, {
      moved: () => this.check(),
      credited: bytes => this.credit(bytes),
      unsupported: (kind, codec) => events.error(unsupported(kind, codec, this.feed.isHopeless)),
      full: () => this.makeRoom(),
      failed: error => events.error(decoding(String(error))),
    })
    this.listen()
  }

  get ahead(): number {
    return aheadOf(this.ranges, this.video.currentTime)
  }

  /** The stream is there: it begins where the buffer ends, so that nothing is missing and nothing comes twice. */
  begin(session: Session): void {
    this.feed.newEpoch()
    this.isHeld = false
    const time = this.wanted ?? this.video.currentTime
    const place = rangeAt(this.ranges, time)?.end ?? time
    session.play(this.name())
    this.pace = { media: place * 1000, wall: this.now() }
    this.bufferMs = this.wantedBuffer(time * 1000)
    session.bufferLength(this.bufferMs)
    this.wanted = this.openSeek = undefined
    if (place > 0) this.ask(session, place)
    else this.restart({ seconds: 0, ms: 0 })
  }

  take(event: SessionEvent, session: Session): void {
    if (event.type === 'media') {
      if (this.openSeek) return session.credit(event.message.body.length)
      if (!this.hasMetadata && !this.wasLengthAsked) this.askLength(session)
      this.landing.at ??= event.message.time / 1000
      this.feed.take(event.message)
    } else if (event.type === 'status') {
      this.obey(event.status)
    } else if (event.type === 'data') {
      this.takeData(event.name, event.value)
    } else if (event.type === 'length' && event.seconds > 0) {
      this.setDuration(event.seconds)
    }
  }

  /** The connection is gone; whether another is wanted. */
  get needsConnection(): boolean {
    return !this.isComplete || this.openSeek !== undefined || this.wanted !== undefined
  }

  destroy(): void {
    this.cancelSeek?.()
    this.abort.abort()
    this.source.destroy()
  }

  private get ranges(): Range[] {
    return rangesOf(this.video.buffered)
  }

  private listen(): void {
    const { signal } = this.abort
    const on = (types: string[], act: () => void): void =>
      types.forEach(type => this.video.addEventListener(type, act, { signal }))
    on(['seeking'], () => this.seek())
    on(['timeupdate', 'play', 'pause', 'ratechange'], () => this.check())
    on(['waiting'], () => {
      this.feed.flush()
      this.check()
    })
    on(['error'], () => this.events.error(decoding(this.video.error?.message ?? '')))
  }

  private open(): void {
    this.setDuration(this.duration)
    this.feed.ready()
  }

  private credit(bytes: number): void {
    this.connection.session?.credit(bytes)
    this.connection.flush()
  }

  private setDuration(seconds: number): void {
    this.duration = seconds
    if (seconds > 0 && Number.isFinite(seconds) && this.source.isOpen) this.source.duration = seconds
  }

  private askLength(session: Session): void {
    this.wasLengthAsked = true
    session.askLength(this.name())
  }

  private takeData(name: string, value: Value): void {
    if (name === 'onMetaData' && isObject(value)) {
      this.hasMetadata = true
      if (typeof value.duration === 'number') this.setDuration(value.duration)
      this.feed.describe(value)
      this.events.metadata(value)
    } else if (name === 'onPlayStatus') {
      const code = text(value, 'code')
      if (code === 'NetStream.Play.Complete') this.complete()
      else if (code === 'NetStream.Play.TransitionComplete') this.events.switched()
    }
  }

  private obey(status: Status): void {
    switch (status.code) {
      case 'NetStream.Seek.Notify': return this.seekBegins(status)
      case 'NetStream.Play.Complete':
      case 'NetStream.Play.Stop': return this.complete()
      case 'NetConnection.Connect.ReconnectRequest': return this.events.moved(status.tcUrl)
      case 'NetStream.Seek.Failed':
      case 'NetStream.Seek.InvalidTime':
        // It plays on where it was; what is there may be jumped to.
        this.openSeek = undefined
        return
    }
    if (status.level !== 'error') return
    const isOther = status.details !== '' && status.details !== this.name() && !status.code.includes('Seek')
    if (isOther && this.hasMetadata) return this.events.switchFailed(status)
    const error = refusedPlay(status, this.name())
    if (status.code === 'NetStream.Failed') this.events.denied(error)
    else this.events.error(error)
  }

  /** Seek.Notify says where the server goes: an answer to an older seek is none to the newest. */
  private seekBegins(status: Status): void {
    const [, ms] = /(\d+)/.exec(status.description.replace(/stream ID.*/, '')) ?? []
    if (!this.openSeek || (ms !== undefined && Number(ms) !== this.openSeek.ms)) return
    this.restart(this.openSeek)
    this.openSeek = undefined
    this.check()
  }

  private restart({ seconds, ms }: OpenSeek): void {
    this.feed.restart(ms)
    this.isComplete = false
    this.landing = { asked: seconds, at: undefined }
    this.pace = { media: ms, wall: this.now() }
  }

  private complete(): void {
    // After a seek the end of what was before is none.
    if (this.openSeek || this.isComplete) return
    this.isComplete = true
    this.feed.end()
    this.check()
  }

  private seek(): void {
    if (covers(this.ranges, this.video.currentTime, this.duration)) {
      this.wanted = undefined
      return this.check()
    }
    this.wanted = this.video.currentTime
    this.cancelSeek ??= this.after(Math.max(this.lastSeek + SEEK_EVERY_MS - this.now(), 0), () => {
      this.cancelSeek = undefined
      this.seekWanted()
    })
  }

  private seekWanted(): void {
    const { session } = this.connection
    if (this.wanted === undefined) return
    if (!session) return this.connection.start()
    this.lastSeek = this.now()
    this.ask(session, this.wanted)
    this.wanted = undefined
    this.connection.flush()
  }

  /** Asks for the key frame at or before the picture of this time. */
  private ask(session: Session, seconds: number): void {
    const ms = Math.max(Math.floor(seconds * 1000 - this.feed.keyOffset), 0)
    this.feed.restart(ms)
    this.openSeek = { seconds, ms }
    this.isComplete = false
    session.seek(ms)
    // A server that is paused would send one picture and no more.
    if (this.isHeld) session.pause(false, ms)
    this.isHeld = false
    this.connection.rest(false)
  }

  /** Looks at what there is, and does what is due. Called by whatever changed something. */
  private check(): void {
    const { video, ranges } = this
    const time = video.currentTime
    const end = evictionEnd(ranges, time)
    if (end !== undefined) this.feed.lanes.forEach(lane => lane.evict(0, end))
    this.evictFromFull()
    this.jump(ranges, time)
    this.refill(ranges, time)
    this.demand(aheadOf(ranges, time))
    if (this.isComplete && this.feed.isDrained) this.source.end()
    this.connection.isExpecting = !this.isHeld && !this.isComplete
  }

  private jump(ranges: readonly Range[], time: number): void {
    if (this.openSeek || this.wanted !== undefined) return
    if (this.video.readyState > HTMLMediaElement.HAVE_CURRENT_DATA) return
    const { asked, at } = this.landing
    const isAsked = Math.abs(asked - time) < NEAR_S
    // The place may be another already, with the event still to come.
    if (this.video.seeking && !isAsked) return
    // The last fragment is still open.
    const head = this.isComplete ? Infinity : this.feed.isDrained ? this.feed.head / 1000 - 2 * GAP_S : 0
    const target = jumpTarget(ranges, time, { landed: isAsked ? at : undefined, head })
    if (target !== undefined) this.video.currentTime = target
  }

  /** What is played may have been filled from elsewhere than where the server stands now. */
  private refill(ranges: readonly Range[], time: number): void {
    // At the end of what there is the play head stands in no range any more.
    const range = rangeAt(ranges, time) ?? rangeAt(ranges, this.video.seeking ? time : time - GAP_S)
    if (!range || this.openSeek || this.wanted !== undefined || range.end - time > REFILL_S) return
    // What waits to be appended may be the rest. A server that is of no help is not asked again and again.
    if (!this.feed.isDrained || this.now() - this.lastSeek < REFILL_EVERY_MS) return
    if (range.end >= this.duration - NEAR_S && this.isComplete) return
    const head = this.feed.head / 1000
    const isFed = head >= range.start - NEAR_S && head <= range.end + REFILL_S && !this.isComplete
    if (isFed || (this.isComplete && range.end >= head - NEAR_S)) return
    this.wanted = range.end
    this.seekWanted()
  }

  /** How much the server is to send, and whether it is to wait. */
  private demand(ahead: number): void {
    const { session } = this.connection
    if (!session || this.openSeek || this.isComplete) return
    const isHeld = isToBeHeld({ ahead, limit: this.limit, isPaused: this.video.paused, isHeld: this.isHeld })
    const ms = Math.floor(this.video.currentTime * 1000)
    if (isHeld !== this.isHeld) {
      this.isHeld = isHeld
      session.pause(isHeld, ms)
      this.connection.rest(isHeld)
      if (!isHeld) this.pace = { media: ms, wall: this.now() }
    }
    const wanted = this.wantedBuffer(ms)
    if (wanted !== this.bufferMs) {
      this.bufferMs = wanted
      session.bufferLength(wanted)
    }
    this.connection.flush()
  }

  /**
   * Servers send up to where they began, and as much further as time went by since, and the buffer length. Who began
   * ahead of the play head, plays faster or stood still gets another length for the same buffer.
   */
  private wantedBuffer(ms: number): number {
    if (this.video.paused) this.playedSince = undefined
    else this.playedSince ??= this.now()
    this.stays ||= this.playedSince !== undefined && this.now() - this.playedSince > STAYS_AFTER_S * 1000
    const usual = Math.min(this.stays ? Infinity : START_BUFFER_MS, this.limit * 1000)
    const gained = ms - this.pace.media - (this.now() - this.pace.wall)
    const wanted = Math.max(Math.round(usual + gained), LEAST_BUFFER_MS)
    return Math.abs(wanted - this.bufferMs) < BUFFER_STEP_MS ? this.bufferMs : wanted
  }

  /** QuotaExceededError: what can be done without goes, and less is asked for from now on. */
  private makeRoom(): void {
    if (this.ahead > this.limit / 2) this.limit = Math.max(this.limit / 2, NEAR_S)
    this.evictFromFull()
  }

  /** All but 10 s behind the play head; where there is nothing of that, what lies furthest ahead. */
  private evictFromFull(): void {
    const time = this.video.currentTime
    for (const lane of this.feed.lanes.filter(({ isFull }) => isFull)) {
      const buffered = rangesOf(lane.buffered)
      const last = buffered[buffered.length - 1]
      if (!last) continue
      const end = time - KEEP_WHEN_FULL_S
      if (buffered[0].start < end - 1) lane.evict(0, end)
      else if (last.start > time + NEAR_S) lane.evict(last.start, last.end)
    }
  }
}
