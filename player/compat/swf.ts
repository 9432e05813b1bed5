// The script interfaces of the SWFs that are gone, at what plays instead of them.

import { core, isRtmp, type Source } from './core.ts'

/** What a library lets its SWF call. */
export type Callback = (type: string, values: Record<string, unknown>) => void

type Listener = string | ((event: unknown) => void)

const DEFAULT_STATE = 'IDLE'
/** JW Player's states, by the element's events. */
const STATES: Record<string, string> = { waiting: 'BUFFERING', playing: 'PLAYING', pause: 'PAUSED', ended: 'COMPLETED' }

const call = (listener: Listener, event: unknown): void => {
  const act: unknown = typeof listener === 'string' ? Reflect.get(window, listener) : listener
  if (typeof act === 'function') (act as (event: unknown) => void)(event)
}

/** JW Player 3 to 5: sendEvent() and listeners by name, the same for model, view and controller. */
export const playAsJwPlayer = (element: HTMLElement, variables: Record<string, string>): void => {
  const video = element as HTMLVideoElement
  const who = { id: element.id, version: '5.10', client: 'FLASH' }
  const listeners: [string, Listener][] = []
  let state = DEFAULT_STATE
  const tell = (type: string, values: object): void =>
    listeners.filter(([wanted]) => wanted === type).forEach(([, listener]) => call(listener, { ...who, ...values }))
  for (const [event, newstate] of Object.entries(STATES)) {
    video.addEventListener(event, () => {
      const oldstate = state
      state = newstate
      tell('STATE', { oldstate, newstate })
    })
  }
  const on = (event: string, type: string, values: () => object): void => video.addEventListener(event, () => tell(type, values()))
  on('timeupdate', 'TIME', () => ({ position: video.currentTime, duration: video.duration }))
  on('play', 'PLAY', () => ({ state: true }))
  on('pause', 'PLAY', () => ({ state: false }))
  on('seeking', 'SEEK', () => ({ position: video.currentTime }))
  on('volumechange', 'VOLUME', () => ({ percentage: video.volume * 100 }))
  on('error', 'ERROR', () => ({ message: video.error?.message ?? '' }))
  const add = (type: string, listener: Listener): void => void listeners.push([type.toUpperCase(), listener])
  const remove = (type: string, listener: Listener): void => {
    const at = listeners.findIndex(([wanted, one]) => wanted === type.toUpperCase() && one === listener)
    if (at >= 0) listeners.splice(at, 1)
  }
  Object.assign(element, {
    sendEvent: (type: string, data?: unknown) => obey(video, type.toUpperCase(), data),
    addModelListener: add, addViewListener: add, addControllerListener: add,
    removeModelListener: remove, removeViewListener: remove, removeControllerListener: remove,
    getConfig: () => ({ ...variables, state, position: video.currentTime, duration: video.duration, volume: video.volume * 100, mute: video.muted }),
    getPlaylist: () => [variables],
    getPluginConfig: () => ({}),
  })
  core().then(() => call('playerReady', who), () => undefined)
}

const obey = (video: HTMLVideoElement, type: string, data: unknown): void => {
  switch (type) {
    case 'PLAY':
      if (data === undefined ? video.paused : data === true || data === 'true') void video.play().catch(() => undefined)
      else video.pause()
      return
    case 'STOP':
      video.pause()
      video.currentTime = 0
      return
    case 'SEEK': video.currentTime = Number(data)
      return
    case 'VOLUME': video.volume = Number(data) / 100
      return
    case 'MUTE': video.muted = data === undefined ? !video.muted : data === true || data === 'true'
      return
    case 'LOAD': load(video, data)
  }
}

const load = (video: HTMLVideoElement, data: unknown): void => {
  const [item] = Array.isArray(data) ? data as unknown[] : [data]
  const { file, streamer } = typeof item === 'string' ? { file: item } as { file?: string, streamer?: string } : item as { file?: string, streamer?: string }
  if (!file) return
  if (streamer) video.setAttribute('streamer', streamer)
  video.setAttribute('src', file)
}

const REPEATED = [
  'loadedmetadata', 'loadeddata', 'canplay', 'play', 'playing', 'pause', 'ended', 'seeking', 'seeked', 'timeupdate', 'progress',
  'volumechange', 'waiting',
]

/** MediaElement.js 2: what its own SWF had, and the two callbacks it calls. */
export const playAsMediaElement = (video: HTMLVideoElement, source: Source, told: Callback, connect: (source: Source) => void): void => {
  const start = (): void => void video.play().catch(() => undefined)
  const pause = (): void => video.pause()
  Object.assign(video, {
    playMedia: start,
    loadMedia: () => undefined,
    pauseMedia: pause,
    stopMedia: pause,
    setSrc: (src: string) => connect(isRtmp(src) ? { src } : { ...source, src }),
    setCurrentTime: (seconds: number) => { video.currentTime = seconds },
    setVolume: (volume: number) => { video.volume = volume },
    setMuted: (isMuted: boolean) => { video.muted = isMuted },
    setVideoSize: () => undefined,
    setFullscreen: (isFull: boolean) => void (isFull ? video.requestFullscreen() : document.exitFullscreen()),
    positionFullscreenButton: () => undefined,
    hideFullscreenButton: () => undefined,
  })
  for (const type of REPEATED) video.addEventListener(type, () => told(type, valuesOf(video)))
  connect(source)
  call(`${video.id}_init`, undefined)
}

const valuesOf = ({ buffered, currentTime, duration, ended, muted, paused, seeking, volume, videoHeight, videoWidth }: HTMLVideoElement): Record<string, unknown> => ({
  currentTime, duration: duration || 0, ended, muted, paused, seeking, volume, videoHeight, videoWidth,
  bufferedTime: buffered.length > 0 ? buffered.end(buffered.length - 1) : 0,
})
