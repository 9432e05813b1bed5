// What stands in the page: the place that the page gave, with a video in it that has the browser's own controls.

import { flag, number, word, type Raw, type Track } from './config.ts'

/** `stretching`, by the words of CSS. */
const FITS: Record<string, string> = { uniform: 'contain', fill: 'cover', exactfit: 'fill', none: 'none' }
const DEFAULT_WIDTH = 480
const DEFAULT_HEIGHT = 270

export class View {
  readonly element: HTMLElement
  readonly #message = document.createElement('p')
  readonly #buttons = new Map<string, HTMLElement>()

  constructor(private readonly place: HTMLElement, readonly video: HTMLVideoElement, config: Raw) {
    // 3 to 5 may be given a <video> or the SWF's own element: nothing can be shown within those.
    this.element = document.createElement('div')
    this.element.id = place.id
    this.element.className = `jwplayer ${place.className}`.trim()
    Object.assign(this.element.style, { position: 'relative', background: '#000', maxWidth: '100%' })
    Object.assign(video.style, { display: 'block', width: '100%', height: '100%', objectFit: FITS[word(config.stretching) ?? ''] ?? 'contain' })
    Object.assign(this.#message.style, { position: 'absolute', inset: '0', margin: '0', padding: '1em', color: '#fff', background: '#000c', pointerEvents: 'none' })
    this.#message.setAttribute('role', 'alert')
    this.#message.hidden = true
    this.element.append(this.#message)
    place.replaceWith(this.element)
    this.resize(config.width ?? DEFAULT_WIDTH, config.height ?? DEFAULT_HEIGHT)
    const ratio = /^(\d+):(\d+)$/.exec(word(config.aspectratio) ?? '')
    if (ratio) Object.assign(this.element.style, { aspectRatio: `${ratio[1]} / ${ratio[2]}`, height: 'auto' })
  }

  resize(width: unknown, height: unknown): void {
    const length = (value: unknown): string => /%$/.test(String(value)) ? String(value) : `${number(value) ?? 0}px`
    Object.assign(this.element.style, { width: length(width), height: length(height) })
  }

  /** What went wrong, in the player's place. */
  say(text: string): void {
    this.#message.textContent = text
    this.#message.hidden = text === ''
  }

  async track(track: Track, isShown: boolean): Promise<HTMLTrackElement> {
    const element = document.createElement('track')
    Object.assign(element, { kind: track.kind, label: track.label ?? '' })
    this.video.append(element)
    // "disabled" is never fetched; what is shown is what the page says is the default, or nothing.
    element.track.mode = isShown ? 'showing' : 'disabled'
    const answer = await fetch(track.file).catch(() => undefined)
    if (answer?.ok) element.src = URL.createObjectURL(new Blob([webVtt(await answer.text())], { type: 'text/vtt' }))
    return element
  }

  clearTracks(): void {
    this.video.querySelectorAll('track').forEach(track => {
      URL.revokeObjectURL(track.src)
      track.remove()
    })
  }

  addButton(icon: string, label: string, act: () => void, id: string): void {
    this.removeButton(id)
    const button = document.createElement('button')
    Object.assign(button, { type: 'button', title: label, ariaLabel: label, onclick: act })
    Object.assign(button.style, { position: 'absolute', top: '.5em', right: `${0.5 + 3 * this.#buttons.size}em` })
    const image = document.createElement('img')
    Object.assign(image, { src: icon, alt: label })
    button.append(image)
    this.element.append(button)
    this.#buttons.set(id, button)
  }

  removeButton(id: string): void {
    this.#buttons.get(id)?.remove()
    this.#buttons.delete(id)
  }

  /** The page is as it was. */
  remove(): void {
    this.clearTracks()
    this.element.replaceWith(this.place)
  }
}

/** SRT has a comma where WebVTT has a point, and no first line. */
const webVtt = (text: string): string =>
  /^\uFEFF?WEBVTT/.test(text) ? text : `WEBVTT\n\n${text.replace(/\r/g, '').replace(/(\d\d:\d\d:\d\d),(\d{3})/g, '$1.$2')}`

/** What a <video> or its <source>s say, for pages of 5 that set up a player on one. */
export const fromElement = (element: HTMLElement): Raw => {
  if (!(element instanceof HTMLVideoElement)) return {}
  const raw: Raw = {}
  const sources = Array.from(element.querySelectorAll('source'), source => source.getAttribute('src')).filter(Boolean)
  const file = element.getAttribute('src') ?? sources[0]
  if (file) raw.file = file
  if (sources.length > 1) raw.sources = sources.map(file => ({ file }))
  if (element.poster) raw.image = element.poster
  if (element.width) raw.width = element.width
  if (element.height) raw.height = element.height
  if (element.autoplay) raw.autostart = flag(true)
  return raw
}
