// What becomes of a video, told in the states and events of JW Player.

import type { Api } from './api.ts'
import type { Raw } from './config.ts'
import type { Media } from '../media.ts'

export type State = 'idle' | 'buffering' | 'playing' | 'paused' | 'complete'

/** What each state is announced by. */
const EVENTS: Record<State, string> = { idle: 'idle', buffering: 'buffer', playing: 'play', paused: 'pause', complete: 'complete' }
/** A jump of the play head that is less comes from the core, over a gap. */
const SEEK_S = 0.7

export class Progress {
  state: State = 'idle'
  metadata: Raw = {}
  #position = 0
  #isSeek = false
  #hasPlayed = false
  #volume: number
  #muted: boolean
  #percent = -1

  constructor(private readonly api: Api, private readonly media: Media) {
    const { video } = media
    this.#volume = video.volume
    this.#muted = video.muted
    this.#listen(video)
    api.emitter.add('meta', ({ metadata }) => { this.metadata = { ...this.metadata, ...metadata as Raw } }, this)
  }

  get isActive(): boolean {
    return this.state === 'playing' || this.state === 'buffering'
  }

  get hasBegun(): boolean {
    return this.isActive || this.state === 'paused'
  }

  /** Upper case up to 6, where what is complete is idle. */
  get name(): string {
    return this.#nameOf(this.state)
  }

  get bufferPercent(): number {
    const { buffered, duration } = this.media.video
    const end = buffered.length > 0 ? buffered.end(buffered.length - 1) : 0
    return duration > 0 && duration < Infinity ? Math.min(Math.round(100 * end / duration), 100) : 0
  }

  /** Somebody wants to see something. */
  wait(): void {
    if (!this.isActive && !(this.state === 'paused' && this.media.video.readyState > HTMLMediaElement.HAVE_CURRENT_DATA)) this.#turn('buffering')
  }

  willSeek(to: number): void {
    this.#isSeek = true
    this.#tell('seek', { position: this.#position, offset: to })
    this.#position = to
  }

  idle(): void {
    this.#hasPlayed = false
    this.#position = 0
    this.metadata = {}
    this.#percent = -1
    this.#turn('idle')
  }

  #listen(video: HTMLVideoElement): void {
    const on = (type: string, act: () => void): void => video.addEventListener(type, act)
    on('playing', () => this.#playing())
    on('waiting', () => {
      if (this.state === 'playing' && !video.paused) this.#turn('buffering')
    })
    on('pause', () => {
      if (this.isActive && !video.ended && this.media.isOpen) this.#turn('paused')
    })
    on('ended', () => this.#complete())
    on('timeupdate', () => this.#time(video))
    on('seeking', () => this.#seeking(video))
    on('seeked', () => this.#tell('seeked'))
    on('loadedmetadata', () => this.#tell('meta', { metadata: { duration: video.duration, width: video.videoWidth, height: video.videoHeight } }))
    on('progress', () => this.#buffer(video))
    on('volumechange', () => this.#loudness(video))
    on('click', () => this.#tell('displayClick'))
    on('play', () => {
      // By the browser's own controls.
      if (!this.hasBegun) this.api.play(true)
    })
  }

  #playing(): void {
    if (!this.media.isOpen) return
    if (!this.#hasPlayed) this.#tell('firstFrame')
    this.#hasPlayed = true
    if (this.state === 'buffering') this.#tell('bufferFull')
    this.#turn('playing')
  }

  #time({ currentTime: position, duration }: HTMLVideoElement): void {
    if (this.media.video.seeking || !this.hasBegun) return
    this.#position = position
    if (this.state === 'playing') this.#tell('time', { position, duration: duration > 0 ? this.api.getDuration() : -1 })
  }

  #seeking({ currentTime }: HTMLVideoElement): void {
    const isOwn = this.#isSeek
    this.#isSeek = false
    if (!isOwn && Math.abs(currentTime - this.#position) > SEEK_S) this.#tell('seek', { position: this.#position, offset: currentTime })
    this.#position = currentTime
  }

  #buffer({ currentTime: position, duration }: HTMLVideoElement): void {
    const { bufferPercent } = this
    if (bufferPercent === this.#percent) return
    this.#percent = bufferPercent
    this.#tell('bufferChange', { bufferPercent, position, duration })
  }

  #loudness({ volume, muted }: HTMLVideoElement): void {
    if (volume !== this.#volume) this.#tell('volume', { volume: Math.round(volume * 100) })
    if (muted !== this.#muted) this.#tell('mute', { mute: muted })
    this.#volume = volume
    this.#muted = muted
  }

  #complete(): void {
    this.#tell('beforeComplete')
    // A handler may have begun something else.
    if (!this.media.video.ended) return
    this.#hasPlayed = false
    this.#position = 0
    if (this.api.version >= 7) {
      this.#turn('complete')
    } else {
      this.#turn('idle')
      this.#tell('complete')
    }
    if (!this.isActive) this.api.next()
  }

  #turn(state: State): void {
    if (state === this.state) return
    const [oldstate, newstate] = [this.name, this.#nameOf(state)]
    this.state = state
    this.#tell(EVENTS[state], { oldstate, newstate, ...state === 'buffering' && { reason: 'loading' } })
  }

  #nameOf(state: State): string {
    if (this.api.version >= 7) return state
    return (state === 'complete' ? 'idle' : state).toUpperCase()
  }

  #tell(type: string, event?: Raw): void {
    this.api.emitter.tell(type, event)
  }
}
