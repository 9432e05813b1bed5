// What Flowplayer 3 plays: clips, as pages write them, with their own handlers.

import { isRtmp } from '../core.ts'
import type { Attempt } from '../media.ts'

export type Handler = (this: unknown, ...values: unknown[]) => unknown
export type Raw = Record<string, unknown>

export const isRaw = (value: unknown): value is Raw => typeof value === 'object' && value !== null && !Array.isArray(value)
const word = (value: unknown): string | undefined => typeof value === 'string' && value !== '' ? value : undefined

/** Handlers by the name that they have in a configuration. */
export class Handlers {
  readonly #lists = new Map<string, Handler[]>()

  add(name: string, act: unknown): void {
    if (typeof act === 'function') this.#lists.set(name, [...this.#lists.get(name) ?? [], act as Handler])
  }

  addAll(raw: Raw): void {
    for (const [name, act] of Object.entries(raw)) if (/^on[A-Z]/.test(name)) this.add(name, act)
  }

  /** Whether nobody said no. A handler that fails is the page's affair. */
  tell(name: string, self: unknown, ...values: unknown[]): boolean {
    let isAllowed = true
    for (const act of this.#lists.get(name) ?? []) {
      try {
        if (act.apply(self, values) === false) isAllowed = false
      } catch (error) {
        setTimeout(() => { throw error })
      }
    }
    return isAllowed
  }
}

export const CLIP_EVENTS = 'Begin Start Pause Resume Seek Stop Finish LastSecond Update BufferFull BufferEmpty BufferStop MetaData'.split(' ')

interface Cue {
  /** ms; less than 0 counts from the end. */
  time: number
  told: unknown
  act: Handler
}

/** Pages read and write the clip's own properties, so all they gave is in it. */
export class Clip {
  [name: string]: unknown
  url?: string
  index = 0
  duration?: number
  fullDuration?: number
  readonly #handlers = new Handlers()
  readonly #cues: Cue[] = []

  constructor(raw: Raw | string, index = 0) {
    const given = typeof raw === 'string' ? { url: raw } : raw
    for (const [name, value] of Object.entries(given)) if (!/^on[A-Z]/.test(name)) this[name] = value
    this.#handlers.addAll(given)
    const { onCuepoint: cue } = given
    if (Array.isArray(cue) && Array.isArray(cue[0]) && cue[0].length > 0) {
      // One pair of places and what they call, or several.
      const pairs: unknown[] = Array.isArray(cue[0][0]) ? cue : [cue]
      for (const pair of pairs) if (Array.isArray(pair)) this.onCuepoint(pair[0], pair[1])
    }
    this.index = index
    // What a page finds when it goes through a clip's properties is its own.
    for (const name of CLIP_EVENTS) {
      for (const method of [`on${name}`, `onBefore${name}`]) hide(this, method, (act: unknown) => this.#listen(method, act))
    }
  }

  update(raw: Raw): this {
    Object.assign(this, raw)
    this.tell('onUpdate', this)
    return this
  }

  onCuepoint(places: unknown, act: unknown): this {
    if (typeof act !== 'function') return this
    for (const told of Array.isArray(places) ? places as unknown[] : [places]) {
      const time = Number(isRaw(told) ? told.time : told)
      if (Number.isFinite(time)) this.#cues.push({ time, told, act: act as Handler })
    }
    return this
  }

  tell(name: string, self: unknown, ...values: unknown[]): boolean {
    return this.#handlers.tell(name, self, ...values)
  }

  /** Tells of what lies between two places, seconds. */
  pass(self: unknown, clip: Clip, from: number, to: number, duration: number): void {
    for (const { time, told, act } of this.#cues) {
      const at = time < 0 ? duration + time / 1000 : time / 1000
      if (at > from && at <= to) act.call(self, clip, told)
    }
  }

  #listen(name: string, act: unknown): this {
    this.#handlers.add(name, act)
    return this
  }
}

const hide = (target: object, name: string, value: unknown): void => void Object.defineProperty(target, name, { value, configurable: true, writable: true })

/** An address that went through escape(), as signed ones had to in a page of that time. */
const plain = (url: string): string => /%(?:3[adf]|2[6f])/i.test(url) && !/[?&=]/.test(url) ? decodeURIComponent(url) : url

/** What a clip plays, by its own words and those that are common to all. */
export const attemptsOf = (clip: Clip, common: Clip, plugins: Raw): Attempt[] => {
  const of = (name: string): unknown => clip[name] ?? common[name]
  const plugin = plugins[word(of('provider')) ?? '']
  const named = word(of('netConnectionUrl')) ?? (isRaw(plugin) ? word(plugin.netConnectionUrl) : undefined)
  const streamer = named && isRtmp(named) ? named : undefined
  const attempts: Attempt[] = []
  const rates = clip.bitrates ?? (clip.url ? undefined : common.bitrates)
  const listed = Array.isArray(rates) ? rates.filter(isRaw) : []
  const levels = (listed.length > 0 ? listed : [clip]).flatMap(level => {
    const src = plain(word(level.url) ?? '')
    const [bitrate, width] = [Number(level.bitrate) || undefined, Number(level.width) || undefined]
    return src ? [{ src, streamer: isRtmp(src) ? undefined : streamer, bitrate, width, label: word(level.label) }] : []
  })
  if (levels.length > 0) {
    const isStream = levels.some(({ src, streamer }) => isRtmp(streamer ?? src))
    attempts.push({ isStream, levels, first: Math.max(listed.findIndex(({ isDefault }) => isDefault === true), 0) })
  }
  // What the page had for who has no Flash.
  const file = word(clip.ipadUrl)
  if (file) attempts.push({ isStream: isRtmp(file), levels: [{ src: file }], first: 0 })
  return attempts
}
