// MediaSource, or ManagedMediaSource where there is no other (iPhone).

interface Managed extends MediaSource {
  readonly streaming: boolean
}

declare global {
  interface Window {
    ManagedMediaSource?: typeof MediaSource
  }
}

const sourceClass = (): typeof MediaSource | undefined =>
  typeof MediaSource === 'undefined' ? globalThis.window?.ManagedMediaSource : MediaSource

export const canPlay = (mime: string): boolean => sourceClass()?.isTypeSupported(mime) ?? false

export const isSupported = (): boolean => sourceClass() !== undefined

export interface SourceEvents {
  opened(): void
  /** Whether the browser wants media now. */
  streaming(isStreaming: boolean): void
}

export class Source {
  private readonly media: MediaSource
  private readonly url: string

  constructor(private readonly video: HTMLVideoElement, events: SourceEvents) {
    const Class = sourceClass()
    if (!Class) throw new Error('no Media Source Extensions')
    this.media = new Class()
    // Without this `sourceopen` never comes on an iPhone, unless the element has something for AirPlay as well.
    if (this.isManaged) video.disableRemotePlayback = true
    this.media.addEventListener('sourceopen', () => events.opened())
    this.media.addEventListener('startstreaming', () => events.streaming(true))
    this.media.addEventListener('endstreaming', () => events.streaming(false))
    this.url = URL.createObjectURL(this.media)
    video.src = this.url
  }

  private get isManaged(): boolean {
    return 'streaming' in this.media
  }

  get isStreaming(): boolean {
    return !this.isManaged || (this.media as Managed).streaming
  }

  get isOpen(): boolean {
    return this.media.readyState !== 'closed'
  }

  addBuffer(mime: string): SourceBuffer {
    return this.media.addSourceBuffer(mime)
  }

  get duration(): number {
    return this.media.duration
  }

  /** Never less than before: media that is buffered may reach further than metadata says. */
  set duration(seconds: number) {
    if (this.isUpdating || this.media.readyState !== 'open') return
    const known = this.media.duration
    if (!(known >= seconds) || known === Infinity) this.media.duration = seconds
  }

  end(): void {
    if (this.media.readyState === 'open' && !this.isUpdating) this.media.endOfStream()
  }

  destroy(): void {
    URL.revokeObjectURL(this.url)
    // The page may have put something else into the element meanwhile.
    if (this.video.src !== this.url) return
    this.video.removeAttribute('src')
    this.video.load()
  }

  private get isUpdating(): boolean {
    return Array.from(this.media.sourceBuffers).some(buffer => buffer.updating)
  }
}
