// What scripts called of the SWF itself, in 3 to 5, before there was a library: sendEvent(), listeners by the names of
// global functions, and the page's own playerReady().

import { global } from '../core.ts'
import { Api } from './api.ts'
import { number, type Raw } from './config.ts'
import type { Handler } from './events.ts'
import { Facts } from './facts.ts'

type Told = (event: Raw, api: Api) => Raw

const message: Told = ({ message }) => ({ message })
const state: Told = ({ oldstate, newstate }) => ({ oldstate, newstate })

/** What model, view and controller tell, by their types: the library's events, and what is in them. */
const TYPES: Record<string, [events: string, told: Told]> = {
  TIME: ['time', ({ position, duration }) => ({ position, duration })],
  STATE: ['buffer play pause idle', state],
  META: ['meta', ({ metadata }) => metadata as Raw],
  BUFFER: ['bufferChange', ({ bufferPercent }) => ({ percentage: bufferPercent })],
  LOADED: ['bufferChange', ({ bufferPercent }) => ({ loaded: bufferPercent, total: 100, offset: 0 })],
  ERROR: ['error', message],
  ITEM: ['playlistItem', ({ index }) => ({ index })],
  MUTE: ['mute', ({ mute }) => ({ state: mute })],
  SEEK: ['seek', ({ offset }) => ({ position: offset })],
  VOLUME: ['volume', ({ volume }) => ({ percentage: volume })],
  PLAY: ['beforePlay pause', ({ type }) => ({ state: type !== 'pause' })],
  PLAYLIST: ['playlist', ({ playlist }) => ({ playlist })],
  RESIZE: ['resize fullscreen', (_, api) => ({ width: api.getWidth(), height: api.getHeight(), fullscreen: api.getFullscreen() })],
  FULLSCREEN: ['fullscreen', ({ fullscreen }) => ({ state: fullscreen })],
  STOP: ['idle', () => ({})],
}

/** What 3 called in small letters is the same. */
const send = (api: Api, type: string, data: unknown): void => {
  const is = data === undefined || data === null ? undefined : data === true || data === 'true'
  const acts: Record<string, () => unknown> = {
    PLAY: () => api.play(is), PLAYPAUSE: () => api.play(), STOP: () => api.stop(), SEEK: () => api.seek(number(data) ?? 0),
    SCRUB: () => api.seek(number(data) ?? 0), VOLUME: () => api.setVolume(number(data) ?? 0), MUTE: () => api.setMute(is),
    FULLSCREEN: () => api.setFullscreen(is), LOAD: () => api.load(data as Raw), ITEM: () => api.playlistItem(number(data) ?? 0),
    PLAYITEM: () => api.playlistItem(number(data) ?? 0), NEXT: () => api.playlistNext(), PREV: () => api.playlistPrev(),
    REDRAW: () => undefined,
  }
  acts[type.toUpperCase()]?.()
}

/** Gives an element the calls of the SWF that it stands for. */
export const actAsSwf = (element: HTMLElement, api: Api): void => {
  const own = { id: api.id, version: `${api.version}.0.0`, client: 'MILLRACE' }
  /** What is wanted, by type and name. */
  const wanted = new Map<string, Handler>()
  const methods: Record<string, (...values: never[]) => unknown> = {
    sendEvent: (type: string, data: unknown) => send(api, type, data),
    loadFile: (file: Raw) => api.load(file),
    getConfig: () => api.getConfig(),
    getPlaylist: () => api.getPlaylist(),
    getPluginConfig: () => ({}),
    getLength: () => api.getPlaylist().length,
    itemData: (index: number) => api.getPlaylistItem(index),
  }
  for (const group of ['Model', 'View', 'Controller']) {
    methods[`add${group}Listener`] = (type: string, name: string) => {
      const [events, told] = TYPES[type.toUpperCase()] ?? []
      if (!events || !told) return
      let isOver = false
      const act: Handler = event => {
        const tell = told(event, api)
        // Idle after an end is COMPLETED, for these.
        if (tell.newstate === 'IDLE' && isOver) tell.newstate = 'COMPLETED'
        isOver = event.type === 'beforeComplete'
        if (!isOver) call(name, { ...tell, ...own })
      }
      wanted.set([group, type, name].join(), act)
      api.on(told === state ? `${events} beforeComplete` : events, act)
    }
    methods[`remove${group}Listener`] = (type: string, name: string) => {
      const act = wanted.get([group, type, name].join())
      if (act) api.off(null, act)
    }
  }
  // 5 has its library's calls at the SWF as well: jwPlay, jwGetPosition, …
  for (const name of [Api, Facts].flatMap(type => Object.getOwnPropertyNames(type.prototype))) {
    const method: unknown = Reflect.get(api, name)
    if (typeof method === 'function' && /^(?:play|pause|stop|seek|load|get|set)/.test(name) && name !== 'setup') {
      methods[`jw${name[0].toUpperCase()}${name.slice(1)}`] = method.bind(api) as () => unknown
    }
  }
  Object.assign(element, methods)
  api.on('ready', () => call('playerReady', own))
}

/** Pages name their functions, also within objects: `page.player.onTime`. */
const call = (name: string, event: Raw): void => {
  const path = name.split('.')
  const holder = path.slice(0, -1).reduce<unknown>((object, key) => Reflect.get(Object(object), key), window)
  const act: unknown = path.length > 1 ? Reflect.get(Object(holder), path[path.length - 1]) : global(name)
  if (typeof act === 'function') act.call(holder, event)
}
