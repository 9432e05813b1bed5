// One player: the calls of JW Player 5 to 7.

import { playButton } from '../button.ts'
import { attemptsOf, feedOf, flag, isRaw, itemsOf, number, versionOf, word, type Raw } from './config.ts'
import { METHODS, type Handler } from './events.ts'
import { Facts } from './facts.ts'
import { fetchFeed } from './feed.ts'
import { Progress } from './progress.ts'
import { fromElement, View } from './view.ts'

/** What the page is told of the registry. */
export interface Registry {
  /** What the page says of its version. */
  said(): unknown
  removed(api: Api): void
}

type Load = string | number | Raw | Raw[]

export class Api extends Facts {
  protected readonly progress = new Progress(this, this.media)
  #isInterrupted = false

  constructor(id: string, private readonly registry: Registry) {
    super(id)
    for (const [method, type] of METHODS) Object.assign(this, { [method]: (act: Handler) => this.on(type, act) })
  }

  setup(config: Raw, place: HTMLElement | null = document.getElementById(this.id)): this {
    if (!place) {
      if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', () => this.setup(config), { once: true })
      return this
    }
    if (this.view) this.#end()
    this.config = { ...fromElement(place), ...config }
    this.version = versionOf(this.config, this.registry.said())
    this.view = new View(place, this.video, this.config)
    this.view.element.addEventListener('fullscreenchange', () => this.emitter.tell('fullscreen', { fullscreen: this.getFullscreen() }))
    this.view.element.prepend(this.video, playButton(this.video, () => this.play(true)))
    this.#prepare(this.video)
    if (isRaw(config.events)) for (const [name, act] of Object.entries(config.events)) this.#listen(name, act)
    if (config.skin ?? config.plugins) console.info('Skins and plugins of JW Player are left out.')
    void this.#begin()
    return this
  }

  on(types: string, act: Handler, context: unknown = this): this {
    // Who comes late is told at once.
    if (/\bready\b/.test(types) && this.isReady) setTimeout(() => act.call(context, { type: 'ready' }))
    this.emitter.add(types, act, context)
    return this
  }

  once(types: string, act: Handler, context: unknown = this): this {
    this.emitter.add(types, act, context, true)
    return this
  }

  off(types?: string | null, act?: Handler | null): this {
    this.emitter.remove(types, act)
    return this
  }

  trigger(type: string, event?: Raw): this {
    this.emitter.tell(type, event)
    return this
  }

  remove(): this {
    this.emitter.tell('remove')
    this.#end()
    this.emitter.remove()
    this.registry.removed(this)
    return this
  }

  load(what: Load): this {
    return this.when(() => {
      this.#halt()
      if (typeof what === 'number') return this.#take(what)
      const { file: _, sources: __, levels: ___, playlist: ____, playlistfile: _____, modes: ______, ...shared } = this.config
      const own = typeof what === 'string' ? { [feedOf({ file: what }) ? 'playlistfile' : 'file']: what } : Array.isArray(what) ? { playlist: what } : what
      void this.#fill({ ...shared, ...own }).then(() => this.#flush(), (error: Error) => this.fail(error.message))
    })
  }

  /** Without a word: the other of what it does. */
  play(isToPlay?: boolean): this {
    return this.when(() => {
      const isPlaying = this.progress.isActive
      if (isToPlay ?? !isPlaying) this.#start()
      else this.media.pause()
    })
  }

  pause(isToPause?: boolean): this {
    return this.play(isToPause === undefined ? undefined : !isToPause)
  }

  stop(): this {
    return this.when(() => this.#halt())
  }

  /** Who seeks, plays: in all versions. */
  seek(to: number | string): this {
    return this.when(() => {
      const seconds = number(to) ?? 0
      if (!this.media.isOpen) this.#open()
      this.progress.willSeek(seconds)
      this.media.seek(seconds)
      if (!this.progress.isActive) this.#start()
    })
  }

  playlistItem(index: number | string): this {
    return this.when(() => {
      this.#halt()
      this.#take(number(index) ?? 0)
      this.#start()
    })
  }

  playlistNext(): this {
    return this.playlistItem((this.index + 1) % Math.max(this.items.length, 1))
  }

  playlistPrev(): this {
    return this.playlistItem((this.index + this.items.length - 1) % Math.max(this.items.length, 1))
  }

  addButton(icon: string, label: string, act: () => void, id: string): this {
    return this.when(() => this.view?.addButton(icon, label, act, id))
  }

  removeButton(id: string): this {
    return this.when(() => this.view?.removeButton(id))
  }

  registerPlugin(): void {
    // Plugins drew into a SWF.
  }

  callback(): void {
    // What JW Player's own plugins report to.
  }

  /** What ends leads to what is next, as each version has it. */
  next(): void {
    const { repeat = this.version <= 5 ? 'none' : false } = this.config
    const isLast = this.index >= this.items.length - 1
    if (repeat === 'single') this.#again(this.index)
    else if (!isLast && (this.version >= 6 || repeat === 'list' || repeat === 'always')) this.#again(this.index + 1)
    else if (flag(repeat) || repeat === 'always') this.#again(0)
    else if (isLast) this.emitter.tell('playlistComplete')
  }

  #flush(): void {
    this.calls.splice(0).forEach(act => act())
  }

  #listen(name: string, act: unknown): void {
    const [, type] = METHODS.find(([method]) => method === name) ?? []
    if (type && typeof act === 'function') this.emitter.add(type, act as Handler, this)
  }

  #prepare(video: HTMLVideoElement): void {
    const { controls, controlbar, mute, volume } = this.config
    video.controls = controls === undefined ? controlbar !== 'none' : flag(controls)
    video.muted = flag(mute)
    const percent = number(volume)
    if (percent !== undefined) video.volume = Math.min(Math.max(percent / 100, 0), 1)
    // JW Player asks for nothing before somebody plays.
    video.preload = 'none'
  }

  async #begin(): Promise<void> {
    const { view } = this
    // The page's handlers are set after setup() comes back, perhaps in another script.
    await new Promise(resolve => document.readyState === 'loading'
      ? document.addEventListener('DOMContentLoaded', resolve, { once: true }) : setTimeout(resolve))
    try {
      await this.#fill(this.config, () => {
        this.isReady = true
        this.emitter.tell('ready')
      })
    } catch (error) {
      if (view !== this.view) return
      const message = (error as Error).message
      view?.say(message)
      return this.emitter.tell('setupError', { message, fallback: false })
    }
    if (view !== this.view) return
    this.#flush()
    if (flag(this.config.autostart)) this.play(true)
  }

  /** Another list, which may have to be fetched. */
  async #fill(config: Raw, then?: () => void): Promise<void> {
    const { view } = this
    const feed = feedOf(config)
    this.isBusy = true
    try {
      const items = itemsOf(feed ? await fetchFeed(feed, config) : config).filter(({ sources }) => sources.length > 0)
      if (view !== this.view) return
      if (items.length === 0) throw new Error('Error loading player: No playable sources found')
      this.items = items
      then?.()
      this.emitter.tell('playlist', { playlist: items })
      this.#take(number(config.item) ?? 0)
    } finally {
      this.isBusy = false
    }
  }

  #take(index: number): void {
    this.index = Math.min(Math.max(index, 0), this.items.length - 1)
    const item = this.items[this.index]
    const { video, view } = this
    if (!view) return
    video.poster = item.image ?? word(this.config.image) ?? ''
    view.say('')
    view.clearTracks()
    const captions = item.tracks.filter(({ kind }) => kind !== 'thumbnails')
    captions.forEach(track => void view.track(track, track.default ?? false))
    this.emitter.tell('playlistItem', { index: this.index, item })
    if (captions.length > 0) this.emitter.tell('captionsList', { tracks: this.getCaptionsList(), track: this.getCurrentCaptions() })
  }

  #start(): void {
    this.#isInterrupted = false
    this.emitter.tell('beforePlay')
    if (this.#isInterrupted) return
    if (!this.media.isOpen) this.#open()
    if (!this.progress.hasBegun) this.emitter.tell('levels', this.qualities)
    this.progress.wait()
    this.media.play()
  }

  #open(): void {
    const item = this.items[this.index]
    if (item) this.media.open(attemptsOf(item, this.config, this.version), item.start)
  }

  #halt(): void {
    this.#isInterrupted = true
    this.media.close()
    this.progress.idle()
  }

  #again(index: number): void {
    this.media.close()
    if (index !== this.index || this.items.length > 1) this.#take(index)
    this.#start()
  }

  protected fail(message: string): void {
    this.#halt()
    this.view?.say(message)
    this.emitter.tell('error', { message })
  }

  #end(): void {
    this.isReady = false
    this.calls = []
    this.#halt()
    this.view?.remove()
    this.view = undefined
  }
}
