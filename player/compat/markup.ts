// Flash markup: <object> and <embed> that lead to RTMP are played; all others stay as they are. MediaElement.js 2 wrote
// such markup itself, with controls of its own around it.

import { connect, global, isRtmp, setters, type Source } from './core.ts'
import { dress, isOn, offerBare, type Bare, type Callback } from './flash.ts'

/** What MediaElement.js 2 listens to, and what it is told each time. */
const REPEATED = 'loadedmetadata loadeddata canplay play playing pause ended seeking seeked timeupdate progress volumechange'
const TOLD = ['currentTime', 'duration', 'ended', 'muted', 'paused', 'seeking', 'volume'] as const

/** MediaElement.js 2: what its own SWF had, and the two callbacks it calls. */
const interfaceOf = (video: HTMLVideoElement, source: Source, told: Callback, connect: (source: Source) => void): void => {
  const none = (): void => undefined
  const pauseMedia = (): void => video.pause()
  setters(video, ['currentTime', 'volume', 'muted'])
  Object.assign(video, {
    pauseMedia, stopMedia: pauseMedia, loadMedia: none,
    playMedia: () => void video.play().catch(none),
    setSrc: (src: string) => connect(isRtmp(src) ? { src } : { ...source, src }),
    setFullscreen: (isFull: boolean) => void (isFull ? video.requestFullscreen() : document.exitFullscreen()),
  })
  for (const type of REPEATED.split(' ')) {
    video.addEventListener(type, () => {
      const { buffered } = video
      const bufferedTime = buffered.length && buffered.end(buffered.length - 1)
      told(type, { ...Object.fromEntries(TOLD.map(name => [name, video[name]])), bufferedTime })
    })
  }
  connect(source)
  // It looks for the element by its id, and that is on the page a moment later.
  queueMicrotask(() => global<() => void>(`${video.id}_init`)?.())
}

const plain: Bare = (attributes, source, variables, told) => {
  const video = dress(document.createElement('video'), attributes)
  video.autoplay = isOn(variables.autoplay)
  video.preload = variables.preload as HTMLMediaElement['preload']
  let disconnect: (() => void) | undefined
  interfaceOf(video, source, told, source => {
    disconnect?.()
    disconnect = connect(video, source, ({ text: message }) => told('error', { message }))
  })
  return video
}

offerBare(plain)
