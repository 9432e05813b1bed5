// What a player of Flowplayer 3 tells of itself, whom it tells, and what does not depend on what it plays.

import type { Media } from '../media.ts'
import { Handlers, isRaw, type Clip, type Raw } from './clip.ts'
import { Plugin } from './plugin.ts'

/** The states, by the numbers that pages compare. */
export const UNLOADED = -1
export const LOADED = 0
export const UNSTARTED = 1
export const BUFFERING = 2
export const PLAYING = 3
export const PAUSED = 4
export const ENDED = 5

export class Facts {
  protected readonly handlers = new Handlers()
  protected readonly plugins = new Map<string, Plugin>()
  protected media: Media | undefined
  protected clips: Clip[] = []
  protected current = 0
  protected state: number = UNLOADED

  constructor(protected readonly parent: HTMLElement, protected readonly config: Raw, protected readonly common: Clip) {}

  id(): string {
    return this.parent.id
  }

  getParent(): HTMLElement {
    return this.parent
  }

  getVersion(): number[] {
    return [3, 2, 18]
  }

  isLoaded(): boolean {
    return this.media !== undefined
  }

  isPlaying(): boolean {
    return this.state === PLAYING
  }

  isPaused(): boolean {
    return this.state === PAUSED
  }

  getState(): number {
    return this.state
  }

  mute(isMuted = true): this {
    if (this.video && this.asks(isMuted ? 'Mute' : 'Unmute')) this.video.muted = isMuted
    return this
  }

  unmute(): this {
    return this.mute(false)
  }

  getVolume(): number {
    return Math.round((this.video?.volume ?? 1) * 100)
  }

  setVolume(percent: number): this {
    if (this.asks('Volume', percent) && this.video) this.video.volume = Math.min(Math.max(Number(percent) / 100, 0), 1)
    return this
  }

  getTime(): number {
    return this.video?.currentTime ?? 0
  }

  getStatus(): Raw {
    const { buffered } = this.video ?? {}
    const count = buffered?.length ?? 0
    return {
      state: this.state, time: this.getTime(), volume: this.getVolume(), muted: this.video?.muted ?? false,
      bufferStart: count > 0 ? buffered?.start(0) : 0, bufferEnd: count > 0 ? buffered?.end(count - 1) : 0,
    }
  }

  isFullscreen(): boolean {
    return document.fullscreenElement === this.parent
  }

  getClip(index = this.current): Clip | undefined {
    return this.clips[index]
  }

  getCommonClip(): Clip {
    return this.common
  }

  getPlaylist(): Clip[] {
    return this.clips
  }

  getPlugin(name: string): Plugin {
    const plugin = this.plugins.get(name) ?? new Plugin(name, isShown => {
      if (name === 'controls' && this.video) this.video.controls = isShown
    }, isRaw(this.pluginConfigs[name]) ? this.pluginConfigs[name] : {})
    this.plugins.set(name, plugin)
    return plugin
  }

  getControls(): Plugin {
    return this.getPlugin('controls')
  }

  getScreen(): Plugin {
    return this.getPlugin('screen')
  }

  /** The page's own plugins drew controls or replaced Flash: neither is needed. */
  ipad(): this {
    return this
  }

  controls(): this {
    return this.ipad()
  }

  embed(): this {
    return this.ipad()
  }

  get video(): HTMLVideoElement | undefined {
    return this.media?.video
  }

  protected get pluginConfigs(): Raw {
    return isRaw(this.config.plugins) ? this.config.plugins : {}
  }

  protected tell(name: string, ...values: unknown[]): boolean {
    return this.handlers.tell(name, this, ...values)
  }

  protected asks(name: string, ...values: unknown[]): boolean {
    return this.tell(`onBefore${name}`, ...values)
  }

  protected tellClip(name: string, ...values: unknown[]): boolean {
    const clip = this.clips[this.current]
    const isAllowed = clip?.tell(name, this, clip, ...values) ?? true
    return this.common.tell(name, this, clip, ...values) && isAllowed
  }

  protected may(name: string, ...values: unknown[]): boolean {
    return this.tellClip(`onBefore${name}`, ...values)
  }
}
