// video.js 4 to 8: the tech `Flash`, which pages ask for by techOrder, and RTMP for who asks for nothing.

import { connect, isRtmp, isRtmpType, whenGlobal } from './core.ts'

interface VideoSource {
  src: string
  type?: string
}

interface Tech {
  el(): HTMLVideoElement
  setSource(source: VideoSource): unknown
}

interface SourceHandler {
  canPlayType(type?: string): string
  canHandleSource(source: VideoSource): string
  handleSource(source: VideoSource, tech: Tech): { dispose(): void }
}

interface TechClass {
  new (...options: unknown[]): Tech
  registerSourceHandler(handler: SourceHandler, index: number): void
}

interface Player {
  el(): Element | null
  error(error: { code: number, message: string }): void
}

interface VideoJs {
  options: Record<string, unknown>
  players: Record<string, Player | null>
  /** 5 and later. */
  getTech?(name: string): TechClass
  registerTech?(name: string, tech: TechClass): void
  /** 4. */
  Html5?: TechClass
  Flash?: TechClass
}

const handlerFor = (videojs: VideoJs): SourceHandler => {
  // Html5's own error() of 5 and later ignores what it is told, and techs of 4 have none: the player has it in all.
  const fail = (tech: Tech, code: number, message: string): void =>
    Object.values(videojs.players).find(player => player?.el()?.contains(tech.el()))?.error({ code, message })
  const canPlayType = (type?: string): string => isRtmpType(type) ? 'maybe' : ''
  return {
    canPlayType,
    canHandleSource: ({ src, type }) => canPlayType(type) || (isRtmp(src) ? 'maybe' : ''),
    handleSource: ({ src }, tech) => {
      const video = tech.el()
      quiet(video)
      return { dispose: connect(video, { src }, ({ code, text }) => fail(tech, code, text)) }
    },
  }
}

/** 5 takes a second `loadstart` for somebody else's source, and ends ours: what the page's <source>s began is to be over. */
const quiet = (video: HTMLVideoElement): void => {
  video.querySelectorAll('source').forEach(source => source.remove())
  video.removeAttribute('src')
  video.load()
}

/** What pages call of the tech that was: addresses are taken apart and put together, SWFs are not embedded. */
const statics = {
  isSupported: () => true,
  isStreamingSrc: isRtmp,
  isStreamingType: isRtmpType,
  RTMP_RE: /^rtmp[set]?:\/\//i,
  /** At an `&`, but none of a query, or else behind the last slash: this was the tech's own rule. */
  streamToParts: (src: string) => {
    const ampersand = src.search(/&(?![\w-]+=)/)
    const end = ampersand < 0 ? src.lastIndexOf('/') + 1 : ampersand
    return { connection: src.slice(0, end), stream: src.slice(end).replace(/^&/, '') }
  },
  streamFromParts: (connection: string, stream: string) => `${connection}&${stream}`,
  embed: () => undefined,
}

const install = (videojs: VideoJs): void => {
  const Html5 = videojs.getTech?.('Html5') ?? videojs.Html5
  if (!Html5) return
  const handler = handlerFor(videojs)
  Html5.registerSourceHandler(handler, 0)
  // An ES class: 8 has no other, and the constructors of 4 to 7 are functions, which can be extended as well.
  class Flash extends Html5 {
    // 4 looks for this at the prototype itself, and sets the element's src where it finds none.
    override setSource(source: VideoSource): unknown {
      return super.setSource(source)
    }
  }
  Object.assign(Flash, statics, { canPlayType: handler.canPlayType, canPlaySource: handler.canHandleSource })
  videojs.registerTech?.('Flash', Flash)
  videojs.Flash = Flash
  // Pages write videojs.options.flash.swf = …; 6 and later have no such object.
  videojs.options.flash ??= {}
}

whenGlobal('videojs', install)
