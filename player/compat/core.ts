// What all adapters share: the core, wherever it is, and the libraries, whenever they come.

import type { MillracePlayer, PlayerError } from '../src/index.ts'

export type Core = typeof import('../src/index.ts')

export interface Source {
  src: string
  /** The connection, if `src` is only the name. */
  streamer?: string
}

const FILE = 'millrace-player.js'
const NETWORK = 2

/** The adapter's own script, which is known only while it runs for the first time. */
export const script = document.currentScript as HTMLScriptElement | null

export const global = <Type>(name: string): Type | undefined => Reflect.get(window, name) as Type | undefined

/** Only whose address it is: what it means is for the core, which has the grammar. */
export const isRtmp = (src = ''): boolean => /^rtmp\w*:\/\//i.test(src)

/** What Flowplayer 3 shows until somebody plays stands in its playlist. */
export const isPicture = (src = ''): boolean => /\.(jpe?g|png|gif)$/i.test(src)

/** The types by which video.js and MediaElement.js know RTMP. */
export const isRtmpType = (type = ''): boolean => /^(?:rtmp\/(?:mp4|flv|mp3)|(?:video|audio)\/rtmp)$/i.test(type)

/** Gives an element a function to set each of these properties, as libraries call it. */
export const setters = (element: HTMLElement, names: readonly string[]): void => names.forEach(name =>
  Reflect.set(element, `set${name[0].toUpperCase()}${name.slice(1)}`, (value: unknown) => Reflect.set(element, name, value)))

/** The name of an old library: its own value as soon as its script ran, until then what we have for who calls it. */
interface Slot {
  theirs?: unknown
  ours?(): unknown
  waiting: ((value: never) => void)[]
}

const slots: Record<string, Slot> = {}

const slotOf = (name: string): Slot => {
  if (name in slots) return slots[name]
  const slot: Slot = slots[name] = { theirs: global(name), waiting: [] }
  if (slot.theirs === undefined) Object.defineProperty(window, name, {
    configurable: true, enumerable: true,
    get: () => slot.theirs ?? slot.ours?.(),
    set: (to: unknown) => {
      // Once the script ran to its end: video.js 4 sets `videojs` before anything is in it.
      if (slot.theirs === undefined) queueMicrotask(() => slot.waiting.forEach(act => act(slot.theirs as never)))
      slot.theirs = to
    },
  })
  return slot
}

/** Acts once a library of this name is there. */
export const whenGlobal = <Type>(name: string, act: (value: Type) => void): void => {
  const { theirs, waiting } = slotOf(name)
  if (theirs === undefined) waiting.push(act)
  else act(theirs as Type)
}

/** JW Player leaves its name to whoever has it already: its script, also that of its cloud, finds nothing there, and takes it. */
const isLibrary = (name: string): boolean => {
  const { src = '' } = document.currentScript as HTMLScriptElement | null ?? {}
  return new RegExp(`/${name}([.-]\\d[\\d.]*)?(\\.min)?\\.js|//[^/]*jwp[^/]*/librar`, 'i').test(src)
}

/** Has this under the name of a library, for as long as that is not on the page. */
export const offer = (name: string, value: unknown): void => {
  slotOf(name).ours = () => isLibrary(name) ? undefined : value
}

export const loadedCore = (): Core | undefined => global<Core>('Millrace')

let loading: Promise<Core> | undefined

/** The core: on the page already, or in the folder that the adapter came from. */
export const core = (): Promise<Core> => {
  const found = loadedCore()
  return found ? Promise.resolve(found) : loading ??= load()
}

const load = (): Promise<Core> => new Promise((resolve, reject) => {
  const element = document.createElement('script')
  element.src = new URL(FILE, script?.src || document.baseURI).href
  element.onload = () => resolve(loadedCore() as Core)
  element.onerror = () => reject(new Error(`${element.src} can’t be loaded.`))
  document.head.append(element)
})

/** Plays RTMP in a video element, until the function that it returns is called. */
export const connect = (video: HTMLVideoElement, source: Source, failed: (error: PlayerError) => void): (() => void) => {
  let player: MillracePlayer | undefined
  let isOver = false
  const begin = ({ MillracePlayer: Player }: Core): void => {
    if (isOver) return
    const { paused } = video
    player = new Player(video)
    // Not at once: who calls this is not yet ready to hear of it.
    player.addEventListener('error', ({ detail }) => queueMicrotask(() => {
      if (detail.fatal && !isOver) failed(detail)
    }))
    player.configure({ ...source, endpoint: script?.dataset.endpoint })
    // A source that comes while an element waits for one stops it (HTML, media element load algorithm).
    if (!paused && video.paused) void video.play().catch(() => undefined)
  }
  // At once where that can be: a page says play() right after it said what.
  const found = loadedCore()
  if (found) begin(found)
  else core().then(begin, (error: Error) => failed({ code: NETWORK, fatal: true, text: error.message, server: '' }))
  return () => {
    isOver = true
    player?.destroy()
  }
}
