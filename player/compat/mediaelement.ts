// MediaElement.js 3 to 7: the renderer `flash_video`, under which pages know what played RTMP. For 2 see markup.ts.

import { connect, isRtmp, isRtmpType, setters, whenGlobal } from './core.ts'

interface MediaFile {
  src: string
  type?: string
}

/** The wrapper, which holds the media's properties and the listeners of the page. */
interface Wrapper extends HTMLElement {
  originalNode: HTMLMediaElement
  generateError(message: string, files: MediaFile[]): void
}

interface Options {
  prefix: string
}

interface Renderer {
  name: string
  options: Options
  canPlayType(type: string): boolean
  create(wrapper: Wrapper, options: Options, files: MediaFile[]): HTMLElement
}

interface Mejs {
  /** 3 and later. */
  Renderers?: { add(renderer: Renderer): void }
  Utils: {
    typeChecks: ((url: string) => string | undefined)[]
    createEvent(type: string, target: unknown): Event
  }
  html5media: { properties: string[], readOnlyProperties: string[], events: string[] }
}

const NAME = 'flash_video'

class Stage {
  readonly video = document.createElement('video')
  #disconnect = (): void => undefined
  #src = ''
  #isShown = true

  constructor(private readonly mejs: Mejs, private readonly wrapper: Wrapper, prefix: string) {
    const { video } = this
    const { originalNode: original } = wrapper
    video.id = `${wrapper.id}_${prefix}`
    video.preload = original.preload
    video.autoplay = original.autoplay
    video.loop = original.loop
    video.muted = original.muted
    video.playsInline = true
    // The page's own element can't play this, and would lie in the way.
    original.style.display = 'none'
    original.autoplay = false
    original.before(video)
    this.#repeat()
    this.#describe()
  }

  play(src: string): void {
    this.#disconnect()
    this.#src = src
    this.#disconnect = connect(this.video, { src }, ({ text }) => this.wrapper.generateError(text, [{ src }]))
  }

  /** The wrapper has its own dispatchEvent, which reaches only who listens at it. */
  #tell(type: string): void {
    this.wrapper.dispatchEvent(this.mejs.Utils.createEvent(type, this.wrapper))
  }

  #repeat(): void {
    const types = this.mejs.html5media.events.filter(type => type !== 'error')
    for (const type of [...types, 'click', 'mouseover', 'mouseout']) {
      this.video.addEventListener(type, () => {
        if (this.#isShown) this.#tell(type)
      })
    }
  }

  /** What the wrapper calls: a function to get and to set for each property. */
  #describe(): void {
    const { video } = this
    const { properties, readOnlyProperties } = this.mejs.html5media
    for (const name of properties) {
      Reflect.set(video, `get${name[0].toUpperCase()}${name.slice(1)}`, () => Reflect.get(video, name) as unknown)
    }
    setters(video, properties.filter(name => !readOnlyProperties.includes(name)))
    Object.assign(video, {
      getSrc: () => this.#src,
      setSrc: (file: string | MediaFile) => this.play(typeof file === 'string' ? file : file.src),
      setSize: (width: number, height: number) => {
        video.style.width = `${width}px`
        video.style.height = `${height}px`
      },
      show: () => this.#toggle(true),
      hide: () => this.#toggle(false),
      stop: () => this.#disconnect(),
    })
  }

  #toggle(isShown: boolean): void {
    this.#isShown = isShown
    this.video.style.display = isShown ? '' : 'none'
  }
}

const rendererFor = (mejs: Mejs): Renderer => ({
  name: NAME, options: { prefix: NAME }, canPlayType: isRtmpType,
  create: (wrapper, { prefix }, files) => {
    const stage = new Stage(mejs, wrapper, prefix)
    const file = files.find(({ type }) => isRtmpType(type))
    if (file) stage.play(file.src)
    wrapper.dispatchEvent(mejs.Utils.createEvent('rendererready', stage.video))
    return stage.video
  },
})

const install = (mejs: Mejs): void => {
  mejs.Utils?.typeChecks.unshift(url => isRtmp(url) ? 'video/rtmp' : undefined)
  mejs.Renderers?.add(rendererFor(mejs))
}

whenGlobal('mejs', install)
