// Flowplayer 5 to 7: the engine `flash`, which plays RTMP, and whatever else a clip has beside it.

import { connect, isRtmp, whenGlobal } from './core.ts'

interface Rtmp {
  url?: string
}

interface ClipSource {
  type?: string
  src?: string
  rtmp?: string | Rtmp
}

interface Clip extends ClipSource {
  autoplay?: boolean
  loop?: boolean
  duration?: number
  buffer?: number
}

interface Configuration {
  rtmp?: string | Rtmp
  autoplay?: boolean
  loop?: boolean
  splash?: boolean
  clip?: { preload?: HTMLMediaElement['preload'] }
}

interface Player {
  conf: Configuration
  ready: boolean
  paused: boolean
  trigger(type: string, values: unknown): unknown
}

interface Engine {
  engineName: string
  pick(sources: ClipSource[]): ClipSource | undefined
  load(clip: Clip): void
  pause(): void
  resume(): void
  seek(time: number | string): void
  volume(level: number): void
  speed(rate: number): void
  unload(): void
}

interface EngineFactory {
  /** Up to 5 `root` is what jQuery found. */
  (player: Player, root: Element | ArrayLike<Element>): Engine
  engineName: string
  canPlay(type: string | undefined, conf: Configuration): boolean
}

interface Flowplayer {
  /** 6 and 7. */
  engines?: EngineFactory[]
  /** 5: by name. */
  engine?: Record<string, EngineFactory>
  support: { flashVideo?: boolean }
}

const NAME = 'flash'
const OWN_TYPE = /flash|rtmp/i
const STREAMED_TYPE = /mp4|flv|mp3|mpeg$/i
const urlOf = (rtmp: string | Rtmp | undefined): string => typeof rtmp === 'string' ? rtmp : rtmp?.url ?? ''

class FlashEngine implements Engine {
  readonly engineName = NAME
  #video: HTMLVideoElement | undefined
  #disconnect: (() => void) | undefined
  #clip: Clip = {}
  #level: number | undefined

  constructor(private readonly player: Player, private readonly root: Element, private readonly isOld: boolean) {}

  /** What RTMP plays before what the browser plays: the page asked for this engine, or has a streamer. */
  pick(sources: ClipSource[]): ClipSource | undefined {
    const source = sources.find(source => this.#isStream(source)) ?? sources.find(({ type }) => type && /mp4|webm|ogg/i.test(type))
    // A copy: the player puts what it learns of the clip into it.
    return source && { ...source }
  }

  load(clip: Clip): void {
    const { conf } = this.player
    const video = this.#video ??= this.#create()
    this.#clip = clip
    this.#disconnect?.()
    video.loop = Boolean(clip.loop ?? conf.loop)
    video.autoplay = Boolean(clip.autoplay || conf.autoplay)
    video.preload = conf.clip?.preload ?? 'metadata'
    if (this.#level !== undefined) video.volume = this.#level
    const { src = '' } = clip
    this.#disconnect = undefined
    if (!this.#isStream(clip)) video.src = src
    else this.#disconnect = connect(video, { src, streamer: this.#streamer(clip) }, ({ code, text }) => this.#fail(code, text))
    if (video.autoplay) void this.resume()
  }

  pause(): void {
    this.#video?.pause()
  }

  resume(): void {
    // A browser that lets nobody play without a gesture leaves the player paused.
    this.#video?.play().catch(() => undefined)
  }

  seek(time: number | string): void {
    if (this.#video) this.#video.currentTime = Number(time)
  }

  volume(level: number): void {
    this.#level = level
    if (this.#video) this.#video.volume = level
  }

  speed(rate: number): void {
    if (this.#video) this.#video.playbackRate = rate
  }

  unload(): void {
    this.#disconnect?.()
    this.#video?.remove()
    this.#disconnect = this.#video = undefined
  }

  #streamer({ rtmp }: ClipSource): string {
    return urlOf(rtmp ?? this.player.conf.rtmp)
  }

  #isStream(source: ClipSource): boolean {
    const { src = '' } = source
    return isRtmp(src) || (!/^https?:/i.test(src) && isRtmp(this.#streamer(source)))
  }

  /** Where the SWF would have been; the page's own element would only lie in its way. */
  #create(): HTMLVideoElement {
    const container = this.root.querySelector('.fp-player') ?? this.root
    this.root.querySelectorAll(':scope > video, .fp-player > video').forEach(video => video.remove())
    const video = document.createElement('video')
    video.className = 'fp-engine'
    video.playsInline = true
    container.prepend(video)
    this.#listen(video)
    return video
  }

  /** 5 puts itself before what its listeners get. */
  #tell(type: string, value?: unknown): void {
    const { player } = this
    player.trigger(type, this.isOld ? value : [player, value])
  }

  #listen(video: HTMLVideoElement): void {
    const tell = this.#tell.bind(this)
    const on = (type: string, act: () => void): void => video.addEventListener(type, () => {
      if (this.player.ready && this.#video === video) act()
    })
    video.addEventListener('loadeddata', () => this.#ready(video))
    on('play', () => tell('resume'))
    on('pause', () => tell('pause'))
    on('ended', () => tell('finish'))
    on('timeupdate', () => tell('progress', video.currentTime))
    on('seeked', () => tell('seek', video.currentTime))
    on('volumechange', () => tell('volume', video.muted ? 0 : video.volume))
    on('ratechange', () => tell('speed', video.playbackRate))
    on('progress', () => {
      const { buffered } = video
      if (buffered.length === 0) return
      this.#clip.buffer = buffered.end(buffered.length - 1)
      tell('buffer', this.#clip.buffer)
    })
    video.addEventListener('error', () => {
      if (!this.#disconnect) this.#fail(video.error?.code ?? 4, video.error?.message ?? '')
    })
  }

  #ready(video: HTMLVideoElement): void {
    const { duration, videoWidth: width, videoHeight: height } = video
    const { src } = this.#clip
    this.#tell('ready', Object.assign(this.#clip, { duration, width, height, seekable: duration, url: src }))
    // Without autoplay the player takes itself for paused, though a clip after the first plays at once.
    if (!video.paused && this.player.paused) this.#tell('resume')
  }

  /** Up to 4 its codes are those of MediaError. */
  #fail(code: number, message: string): void {
    this.#tell('error', { code, message, video: this.#clip })
  }
}

const factory: EngineFactory = Object.assign(
  (player: Player, root: Element | ArrayLike<Element>): Engine => root instanceof Element ? new FlashEngine(player, root, false) : new FlashEngine(player, root[0], true),
  {
    engineName: NAME,
    // Here nothing tells the addresses: what is no stream after all goes to the element as it is.
    canPlay: (type = '', { rtmp }: Configuration) => OWN_TYPE.test(type) || (rtmp !== undefined && STREAMED_TYPE.test(type)),
  },
)

const install = (flowplayer: Flowplayer): void => {
  const { engines, engine } = flowplayer
  if (engines) engines.splice(0, engines.length, factory, ...engines.filter(({ engineName }) => engineName !== NAME))
  else if (engine) engine[NAME] = factory
  // 3 has no engines, and nothing that could be said to it.
  else return
  // Else the player says that Flash is missing when nothing else plays.
  flowplayer.support.flashVideo = true
}

whenGlobal('flowplayer', install)
