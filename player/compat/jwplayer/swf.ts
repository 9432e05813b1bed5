// What scripts called of the SWF itself, in 3 to 5, before there was a library: sendEvent(), listeners by the names of
// global functions, and the page's own playerReady().

import { global } from '../core.ts'
import type { Api } from './api.ts'
import { number, type Raw } from './config.ts'

type Listen = (api: Api, tell: (event: Raw) => void) => void
type Group = Record<string, Listen>

const on = (type: string, event: (event: Raw, api: Api) => Raw): Listen => (api, tell) =>
  void api.on(type, happened => tell(event(happened, api)))
const percentage: Listen = on('volume', ({ volume }) => ({ percentage: volume }))
const muted: Listen = on('mute', ({ mute }) => ({ state: mute }))
const sought: Listen = on('seek', ({ offset }) => ({ position: offset }))
const item: Listen = on('playlistItem', ({ index }) => ({ index }))
const full: Listen = on('fullscreen', ({ fullscreen }) => ({ state: fullscreen }))
const played: Listen = (api, tell) => {
  on('beforePlay', () => ({ state: true }))(api, tell)
  on('pause', () => ({ state: false }))(api, tell)
}
/** Idle after an end is COMPLETED, for these. */
const state: Listen = (api, tell) => {
  let isOver = false
  api.on('beforeComplete', () => { isOver = true })
  api.on('buffer play pause idle', ({ oldstate, newstate }) => {
    tell({ oldstate, newstate: isOver && newstate === 'IDLE' ? 'COMPLETED' : newstate })
    isOver = false
  })
}

const GROUPS: Record<string, Group> = {
  Model: {
    TIME: on('time', ({ position, duration }) => ({ position, duration })),
    STATE: state,
    META: on('meta', ({ metadata }) => metadata as Raw),
    BUFFER: on('bufferChange', ({ bufferPercent }) => ({ percentage: bufferPercent })),
    LOADED: on('bufferChange', ({ bufferPercent }) => ({ loaded: bufferPercent, total: 100, offset: 0 })),
    ERROR: on('error', ({ message }) => ({ message })),
  },
  Controller: {
    ITEM: item, MUTE: muted, SEEK: sought, VOLUME: percentage, PLAY: played,
    ERROR: on('error', ({ message }) => ({ message })),
    PLAYLIST: on('playlist', ({ playlist }) => ({ playlist })),
    RESIZE: on('resize fullscreen', (_, api) => ({ width: api.getWidth(), height: api.getHeight(), fullscreen: api.getFullscreen() })),
    STOP: on('idle', () => ({})),
  },
  View: { ITEM: item, MUTE: muted, SEEK: sought, VOLUME: percentage, PLAY: played, FULLSCREEN: full, STOP: on('idle', () => ({})) },
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
  /** By group, type and name: what is not wanted any more is only not told. */
  const wanted = new Set<string>()
  const heard = new Set<string>()
  const methods: Record<string, (...values: never[]) => unknown> = {
    sendEvent: (type: string, data: unknown) => send(api, type, data),
    loadFile: (file: Raw) => api.load(file),
    getConfig: () => api.getConfig(),
    getPlaylist: () => api.getPlaylist(),
    getPluginConfig: () => ({}),
    getLength: () => api.getPlaylist().length,
    itemData: (index: number) => api.getPlaylistItem(index),
  }
  for (const [group, types] of Object.entries(GROUPS)) {
    methods[`add${group}Listener`] = (type: string, name: string) => {
      const key = [group, type.toUpperCase(), name].join()
      wanted.add(key)
      if (heard.has(key)) return
      heard.add(key)
      types[type.toUpperCase()]?.(api, event => {
        if (wanted.has(key)) call(name, { ...event, ...own })
      })
    }
    methods[`remove${group}Listener`] = (type: string, name: string) => void wanted.delete([group, type.toUpperCase(), name].join())
  }
  // 5 has its library's calls at the SWF as well: jwPlay, jwGetPosition, …
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(api))) {
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
