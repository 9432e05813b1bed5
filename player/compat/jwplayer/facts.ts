// What a player of JW Player tells of itself, and what of it can be set at any time.

import { number, prefersFlash, type Item, type Raw, type Version } from './config.ts'
import { Emitter } from './events.ts'
import { Media } from '../media.ts'
import type { Progress } from './progress.ts'
import type { View } from './view.ts'

export abstract class Facts {
  readonly emitter = new Emitter()
  readonly media = new Media({
    metadata: metadata => this.emitter.tell('meta', { metadata }),
    level: () => this.emitter.tell('levelsChanged', this.qualities),
    failed: text => this.fail(text),
  })
  readonly video = this.media.video
  readonly plugins: Raw = {}
  version: Version = 6
  config: Raw = {}
  protected view: View | undefined
  protected abstract readonly progress: Progress
  protected items: Item[] = []
  protected index = 0
  protected isReady = false
  protected isBusy = false
  /** Called before there is a player to obey. */
  protected calls: (() => void)[] = []

  constructor(readonly id: string) {}

  getState(): string {
    return this.progress.name
  }

  getPosition(): number {
    return this.progress.state === 'idle' ? 0 : this.video.currentTime
  }

  getDuration(): number {
    const { duration } = this.video
    if (duration === Infinity) return -1
    return duration > 0 ? duration : this.items[this.index]?.duration ?? 0
  }

  getBuffer(): number {
    return this.progress.bufferPercent
  }

  getPlaylist(): Item[] {
    return this.items
  }

  getPlaylistItem(index = this.index): Item | undefined {
    return this.items[index]
  }

  getPlaylistIndex(): number {
    return this.index
  }

  getVolume(): number {
    return Math.round(this.video.volume * 100)
  }

  setVolume(percent: number | string): this {
    return this.when(() => { this.video.volume = Math.min(Math.max((number(percent) ?? 0) / 100, 0), 1) })
  }

  getMute(): boolean {
    return this.video.muted
  }

  setMute(isMuted?: boolean): this {
    return this.when(() => { this.video.muted = isMuted ?? !this.video.muted })
  }

  getFullscreen(): boolean {
    return this.view !== undefined && document.fullscreenElement === this.view.element
  }

  setFullscreen(isFull?: boolean): this {
    return this.when(() => {
      const isWanted = isFull ?? !this.getFullscreen()
      const done = isWanted ? this.view?.element.requestFullscreen?.() : this.getFullscreen() ? document.exitFullscreen() : undefined
      // Browsers let nobody do so without a gesture.
      done?.catch(() => undefined)
    })
  }

  getWidth(): number {
    return this.view?.element.clientWidth ?? 0
  }

  getHeight(): number {
    return this.view?.element.clientHeight ?? 0
  }

  resize(width: number | string, height: number | string): this {
    return this.when(() => {
      this.view?.resize(width, height)
      this.emitter.tell('resize', { width: this.getWidth(), height: this.getHeight() })
    })
  }

  getSafeRegion(): Raw {
    return { x: 0, y: 0, width: this.getWidth(), height: this.getHeight() }
  }

  getControls(): boolean {
    return this.video.controls
  }

  setControls(isShown?: boolean): this {
    return this.when(() => {
      this.video.controls = isShown ?? !this.video.controls
      this.emitter.tell('controls', { controls: this.video.controls })
    })
  }

  getQualityLevels(): unknown[] {
    return this.qualities.levels
  }

  getCurrentQuality(): number {
    return this.media.level
  }

  setCurrentQuality(index: number): void {
    this.media.level = index
  }

  getCaptionsList(): Raw[] {
    return [{ id: 'off', label: 'Off' }, ...this.captions.map(({ label, id }, index) => ({ id: id || index, label }))]
  }

  getCurrentCaptions(): number {
    return this.captions.findIndex(({ mode }) => mode === 'showing') + 1
  }

  setCurrentCaptions(index: number): void {
    this.captions.forEach((track, at) => { track.mode = at === index - 1 ? 'showing' : 'disabled' })
    this.emitter.tell('captionsChanged', { tracks: this.getCaptionsList(), track: index })
  }

  getAudioTracks(): unknown[] {
    return []
  }

  getCurrentAudioTrack(): number {
    return -1
  }

  setCurrentAudioTrack(): void {
    // One sound is all that a stream has.
  }

  getContainer(): HTMLElement | null {
    return this.view?.element ?? document.getElementById(this.id)
  }

  /** "flash" on pages that ask for it: they show what they have for Flash then. */
  getRenderingMode(): string {
    return this.media.isStream || prefersFlash(this.config, this.version) ? 'flash' : 'html5'
  }

  getProvider(): Raw {
    return { name: this.getRenderingMode() }
  }

  getMeta(): Raw {
    return this.progress.metadata
  }

  getItemMeta(): Raw {
    return this.getMeta()
  }

  getConfig(): Raw {
    return { ...this.config, playlist: this.items, item: this.index, state: this.getState(), volume: this.getVolume(), mute: this.getMute(), position: this.getPosition(), duration: this.getDuration(), fullscreen: this.getFullscreen() }
  }

  getPlugin(name: string): unknown {
    return this.plugins[name]
  }

  protected get qualities(): { levels: Raw[], currentQuality: number } {
    const levels = this.media.levels.map(({ label, bitrate, width, height }, index) => ({ label: label ?? (bitrate ? `${bitrate}kbps` : `${index}`), bitrate, width, height }))
    return { levels, currentQuality: this.getCurrentQuality() }
  }

  protected get captions(): TextTrack[] {
    return Array.from(this.video.textTracks).filter(({ kind }) => kind === 'captions' || kind === 'subtitles')
  }

  protected abstract fail(text: string): void

  protected when(act: () => void): this {
    if (this.isReady && !this.isBusy) act()
    else this.calls.push(act)
    return this
  }
}
