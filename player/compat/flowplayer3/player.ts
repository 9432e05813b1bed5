// One player: the calls and events of Flowplayer 3.

import { playButton } from '../button.ts'
import { isPicture } from '../core.ts'
import { Media } from '../media.ts'
import { attemptsOf, Clip, CLIP_EVENTS, isRaw, type Raw } from './clip.ts'
import { BUFFERING, ENDED, Facts, LOADED, PAUSED, PLAYING, UNLOADED, UNSTARTED } from './facts.ts'

const PLAYER_EVENTS = 'Load Unload Click Keypress Volume Mute Unmute PlaylistReplace ClipAdd Fullscreen FullscreenExit Error MouseOver MouseOut'.split(' ')
/** `scaling`, by the words of CSS; `scale` is what nobody has to say. */
const FITS: Record<string, string> = { fit: 'contain', orig: 'none', half: 'scale-down', crop: 'cover' }
const STREAM_NOT_FOUND = 200
const NO_CLIP = 201

export class Player extends Facts {
  #place = 0
  #hasBegun = false
  #isSeeking = false
  #original = ''
  readonly #href: string

  constructor(parent: HTMLElement, config: Raw) {
    super(parent, config, new Clip(clipOf(config.clip)))
    this.handlers.addAll(config)
    this.#href = parent.getAttribute('href') ?? ''
    this.#list(this.#configured())
    for (const name of [...CLIP_EVENTS, 'Cuepoint']) this.#provide(name, (method, ...values) => void Reflect.apply(Reflect.get(this.common, method) as () => void, this.common, values))
    for (const name of PLAYER_EVENTS) this.#provide(name, (method, act) => this.handlers.add(method, act))
    this.#original = parent.innerHTML
    // What stands in the container is there to be clicked at.
    if (parent.innerHTML.trim() === '') this.load()
    else parent.addEventListener('click', this.#onSplash)
  }

  load(then?: () => void): this {
    if (!this.media && this.asks('Load')) {
      this.parent.removeEventListener('click', this.#onSplash)
      this.#mount()
      this.state = LOADED
      // Handlers are set by who makes the player, perhaps in another script.
      const begin = (): void => {
        this.tell('onLoad')
        then?.()
        this.#begin()
      }
      if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', begin, { once: true })
      else setTimeout(begin)
    } else if (this.media) then?.()
    return this
  }

  unload(): this {
    if (!this.media || !this.asks('Unload')) return this
    this.media.close()
    this.media = undefined
    this.state = UNLOADED
    this.parent.innerHTML = this.#original
    if (this.#href) this.parent.setAttribute('href', this.#href)
    this.parent.addEventListener('click', this.#onSplash)
    this.tell('onUnload')
    return this
  }

  close(): this {
    return this.stop()
  }

  reset(): this {
    return this.stop()
  }

  /** Also by number, address or clip, which take the place of what is played. */
  play(what?: number | string | Raw): this {
    if (!this.media) return this.load(() => this.play(what ?? this.current))
    if (typeof what === 'number') return this.#start(what)
    if (what !== undefined) {
      this.setPlaylist([what])
      return this.#start(0)
    }
    return this.state === PAUSED ? this.resume() : this.state === PLAYING ? this : this.#start(this.current)
  }

  pause(): this {
    if (this.state !== PLAYING && this.state !== BUFFERING) return this
    if (this.may('Pause')) this.media?.pause()
    return this
  }

  resume(): this {
    if (this.state === PAUSED && this.may('Resume')) this.media?.play()
    return this
  }

  toggle(): this {
    return this.isPlaying() ? this.pause() : this.play()
  }

  stop(): this {
    if (this.state < BUFFERING || !this.may('Stop')) return this
    this.media?.close()
    this.state = UNSTARTED
    this.tellClip('onStop')
    return this
  }

  seek(seconds: number | string): this {
    const to = Number(seconds)
    if (!this.media || !this.may('Seek', to)) return this
    this.#isSeeking = true
    this.media.seek(to)
    return this
  }

  /** Asks for the media and waits with the first picture. */
  startBuffering(): this {
    if (this.video) this.video.preload = 'auto'
    this.#open()
    return this
  }

  stopBuffering(): this {
    this.media?.close()
    this.tellClip('onBufferStop')
    return this
  }

  toggleFullscreen(): this {
    if (this.isFullscreen()) void document.exitFullscreen()
    // Browsers let nobody do so without a gesture.
    else if (this.asks('Fullscreen')) this.parent.requestFullscreen?.().catch(() => undefined)
    return this
  }

  setClip(what: string | Raw): this {
    return this.setPlaylist([what])
  }

  setPlaylist(list: unknown): this {
    this.#list(Array.isArray(list) ? list as (string | Raw)[] : [clipOf(list)])
    this.media?.close()
    this.current = 0
    if (this.media && this.state !== LOADED) this.state = UNSTARTED
    this.tell('onPlaylistReplace', this.clips)
    return this
  }

  addClip(what: string | Raw, index = this.clips.length): this {
    const clip = new Clip(what)
    this.clips.splice(index, 0, clip)
    this.clips.forEach((clip, at) => { clip.index = at })
    if (index <= this.current && this.clips.length > 1) this.current++
    this.tell('onClipAdd', clip, index)
    return this
  }

  /** The links of a list play what they lead to. */
  playlist(selector: string): this {
    for (const list of document.querySelectorAll(/^\w+$/.test(selector) ? `#${selector}` : selector)) {
      list.addEventListener('click', event => {
        const href = (event.target as Element).closest('a')?.getAttribute('href')
        if (!href) return
        event.preventDefault()
        this.play({ url: href })
      })
    }
    return this
  }

  readonly #onSplash = (event: Event): void => {
    event.preventDefault()
    if (this.asks('Click')) this.load(() => this.#start(this.current))
  }

  #provide(name: string, act: (method: string, ...values: unknown[]) => void): void {
    for (const method of [`on${name}`, `onBefore${name}`]) {
      Object.assign(this, { [method]: (...values: unknown[]) => {
        act(method, ...values)
        return this
      } })
    }
  }

  /** The clips of the page: its list, its clip, or what the container's link leads to. */
  #configured(): (string | Raw)[] {
    const { playlist, clip } = this.config
    if (Array.isArray(playlist) && playlist.length > 0) return playlist as (string | Raw)[]
    const one = withoutHandlers(clipOf(clip))
    return [typeof playlist === 'string' ? playlist : one.url || one.bitrates ? one : { ...one, url: this.#href }]
  }

  /** A clip has what is common to all, but for handlers: these are told by the common clip itself. */
  #list(list: (string | Raw)[]): void {
    this.clips = list.map((raw, index) => new Clip({ ...this.common, ...clipOf(raw) }, index))
  }

  #mount(): void {
    const media = this.media = new Media({
      metadata: metadata => {
        const clip = this.clips[this.current]
        clip.metaData = metadata
        this.tellClip('onMetaData')
      },
      level: () => undefined,
      failed: text => this.#fail(text),
    })
    const { video } = media
    Object.assign(video.style, { display: 'block', width: '100%', height: '100%', background: '#000' })
    video.controls = this.pluginConfigs.controls !== null
    const { parent } = this
    if (getComputedStyle(parent).position === 'static') parent.style.position = 'relative'
    // Who clicks into the player does not want to follow the container's link.
    parent.removeAttribute('href')
    parent.replaceChildren(video, playButton(video, () => this.play()))
    this.#listen(video)
  }

  /** What the page wants without a click. */
  #begin(): void {
    const first = this.clips[this.current]
    if (this.video && isPicture(first?.url)) {
      this.video.poster = first.url ?? ''
      this.current++
    }
    const clip = this.clips[this.current]
    if (this.state !== LOADED || !clip) return
    this.state = UNSTARTED
    const { autoPlay = true, autoBuffering = false } = clip
    if (this.video) this.video.preload = autoBuffering ? 'auto' : 'none'
    if (autoPlay !== false) this.#start(this.current)
    else if (autoBuffering) this.#open()
  }

  #start(index: number): this {
    const isOther = index !== this.current || this.state === ENDED
    if (!this.clips[index]) return this
    this.current = index
    if (isOther) this.media?.close()
    if (!this.may('Begin')) {
      this.media?.pause()
      return this
    }
    this.state = BUFFERING
    this.#hasBegun = false
    this.tellClip('onBegin')
    if (!this.media?.isOpen) this.#open()
    this.media?.play()
    return this
  }

  #open(): void {
    const { media } = this
    const clip = this.clips[this.current]
    if (!media || !clip) return
    media.video.style.objectFit = FITS[String(clip.scaling)] ?? 'fill'
    this.#place = Number(clip.start) || 0
    media.open(attemptsOf(clip, this.common, this.pluginConfigs), this.#place)
  }

  #listen(video: HTMLVideoElement): void {
    const on = (type: string, act: () => void): void => video.addEventListener(type, () => {
      if (this.video === video) act()
    })
    on('play', () => {
      // By the browser's own controls.
      if (this.state === UNSTARTED || this.state === ENDED) this.#start(this.current)
    })
    on('playing', () => this.#playing(video))
    on('pause', () => {
      if (video.ended || this.state < BUFFERING || !this.media?.isOpen) return
      this.state = PAUSED
      this.tellClip('onPause')
    })
    on('waiting', () => {
      if (this.state !== PLAYING || video.seeking) return
      this.state = BUFFERING
      this.tellClip('onBufferEmpty')
    })
    on('seeked', () => {
      if (this.#isSeeking) this.tellClip('onSeek', video.currentTime)
      this.#isSeeking = false
    })
    on('timeupdate', () => this.#time(video))
    on('ended', () => this.#finish())
    on('volumechange', () => {
      this.tell(video.muted ? 'onMute' : 'onUnmute')
      this.tell('onVolume', this.getVolume())
    })
    for (const name of ['Click', 'MouseOver', 'MouseOut']) on(name.toLowerCase(), () => this.tell(`on${name}`))
    video.addEventListener('keydown', ({ keyCode }) => this.tell('onKeypress', keyCode))
    this.parent.addEventListener('fullscreenchange', () => this.tell(this.isFullscreen() ? 'onFullscreen' : 'onFullscreenExit'))
  }

  #playing({ duration }: HTMLVideoElement): void {
    const wasPaused = this.state === PAUSED
    const wasBuffering = this.state !== PLAYING && !wasPaused
    this.state = PLAYING
    const clip = this.clips[this.current]
    if (!this.#hasBegun) {
      clip.fullDuration = duration
      clip.duration = Number(clip.duration) || duration
      this.tellClip('onStart')
    }
    if (wasBuffering) this.tellClip('onBufferFull')
    if (wasPaused) this.tellClip('onResume')
    this.#hasBegun = true
  }

  #time({ currentTime, duration, seeking }: HTMLVideoElement): void {
    if (seeking || !this.#hasBegun) return
    const clip = this.clips[this.current]
    const before = this.#place
    this.#place = currentTime
    if (this.#isSeeking || currentTime < before) return
    clip.pass(this, clip, before, currentTime, duration)
    this.common.pass(this, clip, before, currentTime, duration)
    const last = duration - 1
    if (before < last && currentTime >= last) this.tellClip('onLastSecond')
    // A part of a file only, as the page says.
    const length = Number(clip.duration)
    if (length > 0 && length < duration - 1 && currentTime >= (Number(clip.start) || 0) + length) this.#finish()
  }

  #finish(): void {
    if (this.state === ENDED) return
    if (!this.may('Finish')) {
      // Who forbids the end, plays again.
      if (this.video) this.video.currentTime = Number(this.clips[this.current].start) || 0
      this.media?.play()
      return
    }
    this.state = ENDED
    this.media?.pause()
    this.tellClip('onFinish')
    if (this.state === ENDED && this.current < this.clips.length - 1) this.#start(this.current + 1)
  }

  #fail(text: string): void {
    this.state = UNSTARTED
    const code = this.clips[this.current]?.url ? STREAM_NOT_FOUND : NO_CLIP
    this.tell('onError', code, text)
  }
}

const clipOf = (what: unknown): Raw => typeof what === 'string' ? { url: what } : isRaw(what) ? what : {}
const withoutHandlers = (raw: Raw): Raw => Object.fromEntries(Object.entries(raw).filter(([name]) => !/^on[A-Z]/.test(name)))
