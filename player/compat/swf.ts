// The script interface of JW Player's SWF, at what plays instead of it.

import { core } from './core.ts'

type Listener = string | ((event: unknown) => void)

/** JW Player's states, by the element's events. */
const STATES: Record<string, string> = { waiting: 'BUFFERING', playing: 'PLAYING', pause: 'PAUSED', ended: 'COMPLETED' }

/** Pages name their functions, also within objects: `page.player.onTime`. */
const call = (listener: Listener, event: unknown): void => {
  const act: unknown = typeof listener === 'string'
    ? listener.split('.').reduce<unknown>((object, name) => Reflect.get(Object(object), name), window) : listener
  if (typeof act === 'function') (act as (event: unknown) => void)(event)
}

/** JW Player 3 to 5: sendEvent() and listeners by name, the same for model, view and controller. */
export const playAsJwPlayer = (video: HTMLVideoElement, variables: Record<string, string>): void => {
  const who = { id: video.id, version: '5.10', client: 'FLASH' }
  let listeners: [string, Listener][] = []
  let state = 'IDLE'
  const on = (event: string, type: string, values: () => object): void => video.addEventListener(event, () => {
    const told = { ...who, ...values() }
    listeners.forEach(([wanted, listener]) => wanted === type && call(listener, told))
  })
  const place = (): object => ({ position: video.currentTime, duration: video.duration })
  for (const [event, newstate] of Object.entries(STATES)) {
    on(event, 'STATE', () => {
      const oldstate = state
      state = newstate
      return { oldstate, newstate }
    })
  }
  on('timeupdate', 'TIME', place)
  on('seeking', 'SEEK', place)
  on('play', 'PLAY', () => ({ state: true }))
  on('pause', 'PLAY', () => ({ state: false }))
  on('error', 'ERROR', () => ({ message: video.error?.message }))
  const methods: Record<string, unknown> = {
    sendEvent: (type: string, data?: unknown) => obey(video, type.toUpperCase(), data),
    getConfig: () => ({ ...variables, ...place(), state }),
    getPlaylist: () => [variables],
  }
  for (const kind of ['Model', 'View', 'Controller']) {
    methods[`add${kind}Listener`] = (type: string, listener: Listener) => listeners.push([type.toUpperCase(), listener])
    methods[`remove${kind}Listener`] = (type: string, listener: Listener) => {
      listeners = listeners.filter(([wanted, one]) => wanted !== type.toUpperCase() || one !== listener)
    }
  }
  Object.assign(video, methods)
  core().then(() => call('playerReady', who), ({ message }: Error) => console.error(message))
}

const obey = (video: HTMLVideoElement, type: string, data: unknown): void => {
  const isOn = (otherwise: boolean): boolean => data === undefined ? otherwise : String(data) === 'true'
  if (type === 'PLAY') {
    if (isOn(video.paused)) void video.play().catch(() => undefined)
    else video.pause()
  } else if (type === 'STOP') {
    video.pause()
    video.currentTime = 0
  } else if (type === 'SEEK') video.currentTime = Number(data)
  else if (type === 'VOLUME') video.volume = Number(data) / 100
  else if (type === 'MUTE') video.muted = isOn(!video.muted)
  // An address, or an item of a playlist: of that the streamer is as it was.
  else if (type === 'LOAD') video.setAttribute('src', (data as { file?: string }).file ?? String(data))
}
