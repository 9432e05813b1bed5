// The events of 7, and the methods by which 5 and 6 know them.

export type Handler = (event: Record<string, unknown>) => unknown

/** 7's name, and what follows `on` in 5 and 6 where that is not the same word. */
const RENAMED: Record<string, string> = { levels: 'QualityLevels', levelsChanged: 'QualityChange', captionsChanged: 'CaptionsChange', audioTrackChanged: 'AudioTrackChange' }
const TYPES = [
  'ready', 'setupError', 'error', 'play', 'pause', 'idle', 'buffer', 'beforePlay', 'beforeComplete', 'complete', 'firstFrame',
  'time', 'seek', 'seeked', 'meta', 'bufferChange', 'bufferFull', 'volume', 'mute', 'fullscreen', 'resize', 'playlist', 'playlistItem',
  'playlistComplete', 'levels', 'levelsChanged', 'captionsList', 'captionsChanged', 'audioTracks', 'audioTrackChanged', 'controls',
  'displayClick', 'dock', 'controlBar', 'cast',
  // No advertisement is ever played: these are there to be called.
  'adClick', 'adCompanions', 'adComplete', 'adError', 'adImpression', 'adPlay', 'adPause', 'adSkipped', 'adTime', 'adMeta', 'adStarted',
]

/** Each method's name and its event. */
export const METHODS: readonly (readonly [method: string, type: string])[] = TYPES.map(type =>
  [`on${RENAMED[type] ?? type[0].toUpperCase() + type.slice(1)}`, type] as const)

interface Listener {
  type: string
  act: Handler
  context: unknown
  isOnce: boolean
}

export class Emitter {
  #listeners: Listener[] = []

  add(types: string, act: Handler, context: unknown, isOnce = false): void {
    for (const type of types.trim().split(/\s+/)) this.#listeners.push({ type, act, context, isOnce })
  }

  /** Of all that is not named, all go. */
  remove(types?: string | null, act?: Handler | null): void {
    const named = types?.trim().split(/\s+/)
    this.#listeners = this.#listeners.filter(one => (named && !named.includes(one.type)) || (act && one.act !== act))
  }

  /** Handlers of a page that fail are the page's affair. */
  tell(type: string, event: Record<string, unknown> = {}): void {
    const told = { type, ...event }
    for (const listener of [...this.#listeners]) {
      if (listener.type !== type && listener.type !== 'all') continue
      if (listener.isOnce) this.#listeners = this.#listeners.filter(one => one !== listener)
      try {
        if (listener.type === 'all') (listener.act as unknown as (type: string, event: unknown) => unknown).call(listener.context, type, told)
        else listener.act.call(listener.context, told)
      } catch (error) {
        setTimeout(() => { throw error })
      }
    }
  }
}
