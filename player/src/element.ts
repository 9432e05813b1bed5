// <millrace-video>: a media element that plays rtmp://. The <video> in it lies in the light DOM, where the page's
// styles, tracks and scripts find it; what is drawn over it lies in the shadow.

import { actAsVideo } from './proxy.ts'
import { Overlay } from './overlay.ts'
import { MillracePlayer, type PlayerOptions } from './player.ts'
import type { LevelSource } from './level.ts'
import type { Transport } from './wire/wire.ts'

/** Attributes that are the video's own. */
const PASSED_ON = [
  'controls', 'autoplay', 'muted', 'loop', 'poster', 'playsinline', 'preload', 'width', 'height', 'controlslist',
  'disablepictureinpicture', 'aria-label', 'title',
]
/** Attributes that say what to play: a change begins anew. */
const SOURCES = ['src', 'streamer', 'endpoint', 'transports', 'buffer-ahead']
/** Events of media do not bubble (HTML, 4.8.11.16): each is repeated at the element. */
const EVENTS = [
  'abort', 'canplay', 'canplaythrough', 'durationchange', 'emptied', 'ended', 'loadeddata', 'loadedmetadata',
  'loadstart', 'pause', 'play', 'playing', 'progress', 'ratechange', 'resize', 'seeked', 'seeking', 'stalled', 'suspend',
  'timeupdate', 'volumechange', 'waiting', 'enterpictureinpicture', 'leavepictureinpicture',
]

export class MillraceVideo extends HTMLElement {
  static readonly observedAttributes = [...PASSED_ON, ...SOURCES]

  readonly video: HTMLVideoElement
  player: MillracePlayer | undefined
  private readonly overlay: Overlay
  private isDue = false
  private failure: { code: number, message: string } | undefined

  constructor() {
    super()
    this.video = document.createElement('video')
    const root = this.attachShadow({ mode: 'open' })
    this.overlay = new Overlay(root, this)
    EVENTS.forEach(type => this.video.addEventListener(type, () => this.dispatchEvent(new Event(type))))
  }

  connectedCallback(): void {
    if (!this.video.isConnected) this.adopt()
    this.plan()
  }

  disconnectedCallback(): void {
    // A move within the page is none: it is back before this runs.
    queueMicrotask(() => {
      if (!this.isConnected) this.end()
    })
  }

  attributeChangedCallback(name: string, before: string | null, value: string | null): void {
    if (before === value) return
    if (SOURCES.includes(name)) return this.plan()
    if (value === null) this.video.removeAttribute(name)
    else this.video.setAttribute(name, value)
    // The attribute is the default only, which counts when the element is made by a parser.
    if (name === 'muted') this.video.muted = value !== null
    this.overlay.update()
  }

  /** As MediaError has it, with the sentence for the viewer. */
  get error(): { code: number, message: string } | null {
    return this.failure ?? this.video.error
  }

  get src(): string {
    return this.getAttribute('src') ?? ''
  }

  set src(src: string) {
    this.setAttribute('src', src)
  }

  /** Takes the <track>s and <source>s of the page. */
  private adopt(): void {
    for (const child of this.querySelectorAll(':scope > track')) this.video.append(child)
    this.append(this.video)
  }

  /** One beginning for all attributes that a script sets in one go. */
  private plan(): void {
    if (this.isDue || !this.isConnected) return
    this.isDue = true
    queueMicrotask(() => {
      this.isDue = false
      if (this.isConnected) this.begin()
    })
  }

  private begin(): void {
    const options = this.options
    const key = JSON.stringify(options)
    if (this.dataset.playing === key) return
    this.end()
    if (!options.src && !options.levels) return
    this.dataset.playing = key
    this.player = new MillracePlayer(this.video)
    this.overlay.watch(this.player)
    this.player.addEventListener('error', ({ detail }) => {
      if (detail.fatal) this.failure = { code: detail.code, message: detail.text }
      this.dispatchEvent(new CustomEvent('error', { detail }))
    })
    this.player.addEventListener('level', ({ detail }) => this.dispatchEvent(new CustomEvent('level', { detail })))
    this.player.configure(options)
  }

  private end(): void {
    this.player?.destroy()
    this.player = this.failure = undefined
    delete this.dataset.playing
  }

  private get options(): PlayerOptions {
    const value = (name: string): string | undefined => this.getAttribute(name) ?? undefined
    const ahead = Number(value('buffer-ahead'))
    const levels = this.levelSources()
    return {
      src: value('src'),
      streamer: value('streamer'),
      endpoint: value('endpoint'),
      transports: value('transports')?.split(/[\s,]+/) as Transport[] | undefined,
      bufferAhead: ahead > 0 ? ahead : undefined,
      levels: levels.length > 0 ? levels : undefined,
    }
  }

  /** `<source src="rtmp://…" label="720p">` children. */
  private levelSources(): LevelSource[] {
    return Array.from(this.querySelectorAll<HTMLSourceElement>(':scope > source'), source => ({
      src: source.getAttribute('src') ?? '',
      label: source.getAttribute('label') ?? undefined,
    }))
  }
}

/** Whatever HTMLVideoElement has and HTMLElement has not: see proxy.ts. */
export interface MillraceVideo extends Omit<HTMLVideoElement, keyof HTMLElement | 'src' | 'error'> {}

actAsVideo(MillraceVideo)
// Two scripts on one page, of two versions perhaps: the first wins.
if (!customElements.get('millrace-video')) customElements.define('millrace-video', MillraceVideo)
