// A video element that tries one source after the other: streams by the core, files as the browser plays them.
// JW Player and Flowplayer 3 both have it inside.

import type { LevelSource, MillracePlayer } from '../src/index.ts'
import { core, script } from './core.ts'

/** Qualities of one kind. If none of them plays, the next attempt is made. */
export interface Attempt {
  isStream: boolean
  levels: LevelSource[]
  /** The level to begin with. */
  first: number
  bufferAhead?: number
}

export interface MediaEvents {
  metadata(metadata: Record<string, unknown>): void
  level(index: number): void
  /** Nothing plays. The code is that of MediaError. */
  failed(text: string, code: number): void
}

const NETWORK = 2
const NOT_SUPPORTED = 4

export class Media {
  readonly video = document.createElement('video')
  #player: MillracePlayer | undefined
  #attempts: Attempt[] = []
  #attempt: Attempt | undefined
  #current = 0
  #isWanted = false
  /** Where to begin, as soon as there is something. */
  #at = 0
  /** Changes with each source: what is told of an older one is of no interest. */
  #turn = 0

  constructor(private readonly events: MediaEvents) {
    const { video } = this
    video.playsInline = true
    video.addEventListener('loadedmetadata', () => {
      if (this.#at > 0) video.currentTime = this.#at
      this.#at = 0
    })
    video.addEventListener('pause', () => { this.#isWanted = false })
    video.addEventListener('error', () => {
      if (this.#attempt && !this.#attempt.isStream) this.#next(video.error?.message ?? '', video.error?.code)
    })
  }

  open(attempts: readonly Attempt[], at = 0): void {
    const wasWanted = this.#isWanted
    this.close()
    this.#isWanted = wasWanted
    this.#attempts = [...attempts]
    this.#at = at
    this.#next('There is nothing to play here.')
  }

  close(): void {
    this.#turn++
    this.#player?.destroy()
    this.#isWanted = false
    this.#player = this.#attempt = undefined
    if (!this.video.hasAttribute('src')) return
    this.video.removeAttribute('src')
    this.video.load()
  }

  get isOpen(): boolean {
    return this.#attempt !== undefined
  }

  get isStream(): boolean {
    return this.#attempt?.isStream ?? false
  }

  get levels(): readonly LevelSource[] {
    return this.#attempt?.levels ?? []
  }

  get level(): number {
    return this.#current
  }

  set level(index: number) {
    const attempt = this.#attempt
    if (!attempt?.levels[index] || index === this.#current) return
    if (this.#player) {
      this.#player.level = this.#order(attempt).indexOf(index)
      return
    }
    this.#attempts.unshift({ ...attempt, first: index })
    this.#next('')
    this.events.level(index)
  }

  play(): void {
    this.#isWanted = true
    this.video.play().catch((error: Error) => {
      // A page that starts by itself may do so without sound only.
      if (error.name !== 'NotAllowedError' || this.video.muted) return
      this.video.muted = true
      this.video.play().catch(() => undefined)
    })
  }

  pause(): void {
    this.#isWanted = false
    this.video.pause()
  }

  seek(seconds: number): void {
    if (this.video.readyState > 0) this.video.currentTime = seconds
    else this.#at = seconds
  }

  #next(text: string, code = NOT_SUPPORTED): void {
    const { video } = this
    const turn = ++this.#turn
    const place = video.currentTime
    if (place > 0 && !video.ended) this.#at = place
    this.#player?.destroy()
    this.#player = undefined
    this.#attempt = this.#attempts.shift()
    const attempt = this.#attempt
    if (!attempt) return this.events.failed(text, code)
    this.#current = attempt.first
    if (attempt.isStream) return this.#connect(attempt, turn)
    video.src = attempt.levels[attempt.first].src
    if (this.#isWanted) this.play()
  }

  #connect(attempt: Attempt, turn: number): void {
    const { video, events } = this
    const order = this.#order(attempt)
    core().then(({ MillracePlayer: Player }) => {
      if (turn !== this.#turn) return
      const player = this.#player = new Player(video)
      player.addEventListener('error', ({ detail }) => {
        if (detail.fatal && turn === this.#turn) this.#next(detail.text, detail.code)
      })
      player.addEventListener('metadata', ({ detail }) => events.metadata({ ...detail }))
      player.addEventListener('level', ({ detail }) => {
        this.#current = order[detail.level]
        events.level(this.#current)
      })
      const levels = order.map(index => attempt.levels[index])
      player.configure({ levels, endpoint: script?.dataset.endpoint, bufferAhead: attempt.bufferAhead })
      if (this.#isWanted && turn === this.#turn) this.play()
    }).catch((error: Error) => {
      if (turn === this.#turn) this.#next(error.message, NETWORK)
    })
  }

  /** The core begins with the first level. */
  #order({ levels, first }: Attempt): number[] {
    return [first, ...levels.map((_, index) => index).filter(index => index !== first)]
  }
}
