// What is drawn over the video where the browser's own controls have nothing: a big play button, the choice of
// quality, "unmute" after an autoplay without sound, and what went wrong.

import type { MillraceVideo } from './element.ts'
import type { MillracePlayer } from './player.ts'
import { Code, label, type PlayerError } from './text.ts'

const STYLE = `
:host { display: inline-block; position: relative; background: #000; color: #fff; font: 1rem/1.4 system-ui, sans-serif; max-width: 100% }
:host([hidden]) { display: none }
::slotted(video) { display: block; width: 100%; max-width: 100%; height: 100% }
[hidden] { display: none !important }
button, select { font: inherit; color: #fff; background: #000b; border: 1px solid #fff9; border-radius: .4em; padding: .4em .8em; min-height: 2.75em; cursor: pointer }
option { background: #000 }
:is(button, select):focus-visible { outline: 3px solid #fff; outline-offset: 2px; box-shadow: 0 0 0 6px #000 }
.play { position: absolute; inset: 0; margin: auto; width: 5em; height: 5em; border-radius: 50%; padding: 0; transition: transform .15s }
.play:hover { transform: scale(1.08) }
.play svg { width: 2.4em; height: 2.4em; margin-left: .3em; fill: currentColor; vertical-align: middle }
.bar { position: absolute; inset: .6em .6em auto; display: flex; gap: .5em; align-items: flex-start; justify-content: flex-end; pointer-events: none }
.bar :is(button, select) { pointer-events: auto; flex: none }
.error { position: absolute; inset: auto 0 0; top: 0; display: flex; flex-direction: column; gap: 1em; align-items: center; justify-content: safe center; padding: 1em; overflow: auto; overflow-wrap: anywhere; text-align: center; background: #000c }
.error p { margin: 0; max-width: min(36em, 100%) }
.notice { margin: 0 auto 0 0; padding: .4em .8em; border-radius: .4em; background: #000b; font-size: .9em }
.said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
@media (prefers-reduced-motion: reduce) { .play { transition: none } .play:hover { transform: none } }
@media (forced-colors: active) { button, select { forced-color-adjust: auto; border-color: ButtonText } .error { background: Canvas; color: CanvasText } }
`
const ICON = 'M8 5v14l11-7z'

/** A <style> is nothing where the page's Content-Security-Policy has no 'unsafe-inline'; Safari before 16.4 has nothing else. */
const dress = (root: ShadowRoot): void => {
  if (!('adoptedStyleSheets' in root)) return void make(root, 'style', { textContent: STYLE })
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(STYLE)
  root.adoptedStyleSheets = [sheet]
}

const make = <Name extends keyof HTMLElementTagNameMap>(
  parent: ParentNode, name: Name, properties: Partial<HTMLElementTagNameMap[Name]> = {},
): HTMLElementTagNameMap[Name] => {
  const element = Object.assign(document.createElement(name), properties)
  parent.append(element)
  return element
}

export class Overlay {
  private readonly play: HTMLButtonElement
  private readonly unmute: HTMLButtonElement
  private readonly quality: HTMLSelectElement
  private readonly panel: HTMLElement
  private readonly sentence: HTMLElement
  private readonly retry: HTMLButtonElement
  private readonly said: HTMLElement
  private readonly notice: HTMLElement
  private wasPlayed = false
  private error: PlayerError | undefined
  /** What is missing, or comes later, while the rest plays. */
  private lack: PlayerError | undefined

  constructor(private readonly root: ShadowRoot, private readonly host: MillraceVideo) {
    dress(root)
    // In the order in which it is read, from the top to the browser's own controls: so goes the Tab key.
    const bar = make(root, 'div', { className: 'bar' })
    this.notice = make(bar, 'p', { className: 'notice', ariaHidden: 'true' })
    this.unmute = make(bar, 'button', { type: 'button', textContent: label.unmute })
    this.quality = make(bar, 'select', { ariaLabel: label.quality })
    this.play = make(root, 'button', { className: 'play', type: 'button', ariaLabel: label.play })
    this.play.append(icon())
    this.panel = make(root, 'div', { className: 'error' })
    // The region stands there before anything is in it: what comes with its region is not read out (ARIA, live regions).
    this.sentence = make(this.panel, 'p')
    this.retry = make(this.panel, 'button', { type: 'button', textContent: label.retry })
    this.said = make(root, 'div', { className: 'said', ariaLive: 'polite' })
    make(root, 'slot')
    this.play.onclick = () => void this.start()
    this.unmute.onclick = () => this.onUnmute()
    this.quality.onchange = () => this.onQuality()
    this.retry.onclick = () => this.onRetry()
    this.listen()
    this.update()
  }

  /** Another player: what was said of the one before is over. */
  watch(player: MillracePlayer): void {
    this.error = this.lack = undefined
    this.wasPlayed = false
    player.addEventListener('error', ({ detail }) => this.fail(detail))
    player.addEventListener('metadata', () => this.listLevels(player))
    player.addEventListener('level', ({ detail }) => {
      this.quality.selectedIndex = detail.level
      this.say(label.level(player.levels[detail.level].label))
    })
    this.listLevels(player)
    this.update()
  }

  update(): void {
    const { video } = this.host
    const { activeElement } = this.root
    const isStarting = video.autoplay && !video.paused
    // Native controls have a button of their own, but none that is large before the first picture.
    this.play.hidden = this.wasPlayed || isStarting || this.error !== undefined || !this.host.player
    this.unmute.hidden = !(this.isSilenced && video.muted)
    this.panel.hidden = this.error === undefined
    this.sentence.textContent = this.error?.text ?? ''
    // What this browser or this address can't do it can't do a second time.
    this.retry.hidden = this.error?.code === Code.NotSupported
    this.notice.hidden = this.lack === undefined || this.error !== undefined
    this.notice.textContent = this.lack?.text ?? ''
    if (activeElement?.closest('[hidden]')) this.handOn()
  }

  /** A button that goes as it is pressed would take the focus with it, and the keys. */
  private handOn(): void {
    const { video } = this.host
    if (!video.controls) video.tabIndex = -1
    video.focus()
  }

  private isSilenced = false

  private listen(): void {
    const { video } = this.host
    video.addEventListener('playing', () => {
      this.wasPlayed = true
      this.error = undefined
      // A connection comes back; a picture that can't be shown does not.
      if (this.lack?.code !== Code.NotSupported) this.lack = undefined
      this.update()
    })
    for (const type of ['play', 'pause', 'volumechange', 'emptied']) video.addEventListener(type, () => this.update())
    // Only once there is something to play: before, browsers do not decide about autoplay.
    video.addEventListener('canplay', () => void this.autoplay())
    this.host.addEventListener('keydown', event => this.onKey(event))
  }

  /** With sound if the browser lets it, else without, and with a button that says so. */
  private async autoplay(): Promise<void> {
    const { video } = this.host
    if (!video.autoplay || !video.paused || this.wasPlayed) return
    try {
      await video.play()
    } catch (refusal) {
      if (!(refusal instanceof DOMException) || refusal.name !== 'NotAllowedError') return
      video.muted = this.isSilenced = true
      await video.play().catch(() => undefined)
    }
    this.update()
  }

  private async start(): Promise<void> {
    await this.host.video.play().catch(() => undefined)
  }

  private onUnmute(): void {
    this.host.video.muted = this.isSilenced = false
    this.update()
  }

  private onQuality(): void {
    if (this.host.player) this.host.player.level = this.quality.selectedIndex
  }

  private onRetry(): void {
    const { video, player } = this.host
    const time = video.currentTime
    this.error = undefined
    this.update()
    player?.load()
    video.addEventListener('loadedmetadata', () => { video.currentTime = time }, { once: true })
    void this.start()
  }

  private fail(error: PlayerError): void {
    this.say(error.text)
    if (error.fatal) this.error = error
    else this.lack = error
    this.update()
  }

  private say(text: string): void {
    this.said.textContent = text
  }

  private listLevels({ levels, level }: MillracePlayer): void {
    this.quality.replaceChildren(...levels.map(({ label }) => new Option(label)))
    this.quality.selectedIndex = level
    this.quality.hidden = levels.length < 2
  }

  /** The keys of other players on the web. Nothing is taken from form fields, nor from the browser's own shortcuts. */
  private onKey(event: KeyboardEvent): void {
    const [target] = event.composedPath()
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isField(target)) return
    const isButton = target instanceof HTMLButtonElement
    // A focused <video controls> acts on the space bar by itself.
    const isNative = event.key === ' ' && (isButton || (target === this.host.video && this.host.video.controls))
    if (isNative || !this.act(event.key)) return
    event.preventDefault()
  }

  private act(key: string): boolean {
    const { video } = this.host
    const to = (seconds: number): void => {
      video.currentTime = Math.min(Math.max(seconds, 0), Number.isFinite(video.duration) ? video.duration : seconds)
    }
    const louder = (by: number): void => { video.volume = Math.min(Math.max(video.volume + by, 0), 1) }
    if (/^[0-9]$/.test(key)) {
      if (video.duration > 0) to(video.duration * Number(key) / 10)
      return true
    }
    switch (key.toLowerCase()) {
      case ' ':
      case 'k':
        if (video.paused) void this.start()
        else video.pause()
        return true
      case 'arrowleft': to(video.currentTime - 5); return true
      case 'arrowright': to(video.currentTime + 5); return true
      case 'j': to(video.currentTime - 10); return true
      case 'l': to(video.currentTime + 10); return true
      case 'arrowup': louder(0.1); return true
      case 'arrowdown': louder(-0.1); return true
      case 'home': to(0); return true
      case 'end': to(video.duration); return true
      case 'm': video.muted = !video.muted; return true
      case 'f': this.fullScreen(); return true
      case 'c': this.captions(); return true
      default: return false
    }
  }

  private fullScreen(): void {
    if (document.fullscreenElement) void document.exitFullscreen()
    else void this.host.requestFullscreen?.().catch(() => undefined)
  }

  private captions(): void {
    const tracks = Array.from(this.host.video.textTracks)
    const isShowing = tracks.some(({ mode }) => mode === 'showing')
    tracks.forEach((track, index) => { track.mode = !isShowing && index === 0 ? 'showing' : 'disabled' })
  }
}

const isField = (target: EventTarget | undefined): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

const icon = (): SVGElement => {
  const name = 'http://www.w3.org/2000/svg'
  const svg = document.createElementNS(name, 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(name, 'path')
  path.setAttribute('d', ICON)
  svg.append(path)
  return svg
}
