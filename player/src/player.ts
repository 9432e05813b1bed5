// The public face: a video element that plays rtmp://.

import { Connection, type Failure, type Route, type Surroundings } from './connection.ts'
import { levelsOf, type Level, type LevelSource } from './level.ts'
import { isSupported } from './mse/source.ts'
import { Playback } from './playback.ts'
import type { AmfObject } from './rtmp/amf0.ts'
import { browser, onBlocked, onReturn } from './surroundings.ts'
import { failure, lost, noMediaSource, noSource, refusedPlay, type PlayerError } from './text.ts'
import { parse, type Address } from './url.ts'
import { candidates } from './wire/ladder.ts'
import type { Transport } from './wire/wire.ts'

export interface PlayerOptions {
  /** `rtmp://HOST/cfx/st/NAME`, in any way pages write it. */
  src?: string
  /** The connection, if `src` is only the name. */
  streamer?: string
  /** Several qualities instead of one `src`; the first is played. */
  levels?: readonly LevelSource[]
  /** Asked for the address before each connection, because signed ones expire. */
  source?: () => Promise<string>
  /** Where the server takes WebSockets or RTMPT, if the address does not say so. */
  endpoint?: string
  /** These only, in this order. */
  transports?: readonly Transport[]
  /** Seconds. */
  bufferAhead?: number
  /** Reserved: neither transport sends cookies. */
  credentials?: 'omit'
}

export interface PlayerStats {
  transport: Transport | undefined
  bytes: number
  /** Seconds ahead of the play head. */
  buffer: number
  /** Pictures that came too late to be shown. */
  dropped: number
  /** The time of a handshake, ms. */
  roundTrip: number | undefined
}

export interface PlayerEventMap {
  error: CustomEvent<PlayerError>
  level: CustomEvent<{ level: number }>
  reconnect: CustomEvent<{ attempt: number, delay: number }>
  metadata: CustomEvent<AmfObject>
}

const USUAL_AHEAD_S = 30

/** The types of its events. */
export interface MillracePlayer {
  addEventListener<Type extends keyof PlayerEventMap>(
    type: Type, listener: (event: PlayerEventMap[Type]) => void, options?: AddEventListenerOptions | boolean,
  ): void
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: AddEventListenerOptions | boolean): void
  removeEventListener<Type extends keyof PlayerEventMap>(
    type: Type, listener: (event: PlayerEventMap[Type]) => void, options?: EventListenerOptions | boolean,
  ): void
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: EventListenerOptions | boolean): void
}

export class MillracePlayer extends EventTarget {
  private playback: Playback | undefined
  private connection: Connection | undefined
  private address: Address | undefined
  private allLevels: Level[] = []
  private currentLevel = 0
  private nextLevel: number | undefined
  private isRenewed = false
  private isBlocked = false
  private hasFailed = false
  private lifetime = new AbortController()

  constructor(
    readonly video: HTMLVideoElement,
    private options: PlayerOptions = {},
    private readonly surroundings: Surroundings = browser(),
  ) {
    super()
    if (options.src || options.levels || options.source) this.load()
  }

  /** Plays this, or what the options say; what played before ends. */
  load(src?: string, streamer?: string): void {
    this.unload()
    if (src !== undefined) this.options = { ...this.options, src, streamer, levels: undefined, source: undefined }
    const { levels, src: only = '' } = this.options
    this.allLevels = levelsOf(levels ?? [{ src: only, streamer: this.options.streamer }])
    this.currentLevel = 0
    if (!isSupported()) return this.report(noMediaSource())
    if (!this.options.source && !this.choose(this.allLevels[0])) return this.report(noSource(this.allLevels[0]?.src ?? ''))
    this.begin()
  }

  /** Plays what these options say. */
  configure(options: PlayerOptions): void {
    this.options = options
    this.load()
  }

  /** Gives everything back: connection, timers, listeners and the element's source. */
  destroy(): void {
    this.unload()
  }

  get levels(): readonly Level[] {
    return this.allLevels
  }

  get level(): number {
    return this.currentLevel
  }

  /** Switches at a key frame to come, without a gap; the event `level` tells when. */
  set level(index: number) {
    const level = this.allLevels[index]
    const target = level && parse(level.src, level.streamer ?? this.options.streamer)
    if (!target || !this.address || index === this.currentLevel) return
    this.nextLevel = index
    const { session } = this.connection ?? {}
    if (session && target.tcUrl === this.address.tcUrl) {
      session.switchTo(target.name, this.address.name)
      this.connection?.flush()
      return
    }
    this.address = target
    this.switched()
    this.connection?.restart()
  }

  get stats(): PlayerStats {
    const { connection, playback, video } = this
    return {
      transport: connection?.transport,
      bytes: connection?.bytes ?? 0,
      buffer: playback?.ahead ?? 0,
      dropped: video.getVideoPlaybackQuality?.().droppedVideoFrames ?? 0,
      roundTrip: connection?.roundTripMs,
    }
  }

  private begin(): void {
    this.lifetime = new AbortController()
    const { signal } = this.lifetime
    const { now, after } = this.surroundings
    const connection = new Connection(this.surroundings, {
      route: () => this.route(),
      ready: session => this.playback?.begin(session),
      event: (event, session) => this.playback?.take(event, session),
      lost: (attempt, delay) => this.lost(attempt, delay),
      failed: what => this.failed(what),
    })
    this.connection = connection
    this.playback = new Playback(this.video, connection, {
      error: error => this.report(error),
      metadata: metadata => {
        this.isRenewed = false
        this.tell('metadata', metadata)
      },
      switched: () => this.switched(),
      switchFailed: status => {
        this.nextLevel = undefined
        this.report({ ...refusedPlay(status, status.details), fatal: false })
      },
      denied: error => this.denied(error),
      moved: server => this.move(server),
    }, () => this.address?.name ?? '', this.options.bufferAhead ?? USUAL_AHEAD_S, now, after)
    onReturn(signal, () => {
      if (this.playback?.needsConnection && this.isWanted) connection.start()
    })
    onBlocked(signal, url => {
      this.isBlocked ||= this.address !== undefined && url.includes(this.address.host)
    })
    if (this.isWanted) connection.start()
    else this.video.addEventListener('play', () => connection.start(), { once: true, signal })
  }

  /** `preload="none"` means that nothing is asked for before somebody plays. */
  private get isWanted(): boolean {
    return this.video.preload !== 'none' || this.video.autoplay || !this.video.paused
  }

  private unload(): void {
    this.lifetime.abort()
    this.connection?.session?.closeStream()
    this.connection?.flush()
    this.connection?.stop()
    this.playback?.destroy()
    this.connection = this.playback = this.address = undefined
    this.isRenewed = this.isBlocked = this.hasFailed = false
  }

  private choose(level: LevelSource | undefined): Address | undefined {
    const address = level && parse(level.src, level.streamer ?? this.options.streamer)
    if (address) this.address = address
    return address
  }

  private async route(): Promise<Route> {
    const { source, endpoint, transports } = this.options
    if (source) {
      const src = await source()
      if (!this.choose({ src })) throw new Error(noSource(src).text)
    }
    const { address } = this
    if (!address) throw new Error('no address')
    const { app, tcUrl, host } = address
    const introduction = { app, tcUrl, pageUrl: location.href }
    const way = { pageProtocol: location.protocol, endpoint, transports }
    return { host, introduction, candidates: candidates(address, way) }
  }

  private lost(attempt: number, delay: number): void {
    const { playback, connection } = this
    // Who has everything needs nobody; a seek connects again.
    if (!playback?.needsConnection) return connection?.stop()
    this.tell('reconnect', { attempt, delay })
    // Chromium stalls a few ms before the end of what is buffered.
    if (this.video.readyState <= HTMLMediaElement.HAVE_CURRENT_DATA) this.report(lost(this.address?.host ?? ''))
  }

  /** The server asks its players to go elsewhere. */
  private move(server: string): void {
    const { address } = this
    const target = address && parse(address.name, server)
    if (target) this.address = { ...target, name: address.name }
    this.connection?.restart()
  }

  private denied(error: PlayerError): void {
    if (!this.options.source || this.isRenewed) return this.report(error)
    this.isRenewed = true
    this.connection?.restart()
  }

  private failed(what: Failure): void {
    this.report(failure(what, this.address?.host ?? '', location.protocol, this.isBlocked))
  }

  private switched(): void {
    const level = this.nextLevel
    if (level === undefined) return
    this.nextLevel = undefined
    this.currentLevel = level
    this.choose(this.allLevels[level])
    this.tell('level', { level })
  }

  private report(error: PlayerError): void {
    // One cause is enough: what fails behind it fails because of it.
    if (this.hasFailed) return
    this.hasFailed = error.fatal
    if (error.fatal) this.connection?.end()
    this.tell('error', error)
  }

  private tell<Detail>(type: keyof PlayerEventMap, detail: Detail): void {
    this.dispatchEvent(new CustomEvent(type, { detail }))
  }
}
