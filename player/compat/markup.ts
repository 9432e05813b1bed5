// Flash markup: <object> and <embed> that lead to RTMP are played; all others stay as they are.

import { connect, core, isRtmp, script, type Source } from './core.ts'
import { playAsJwPlayer, playAsMediaElement, type Callback } from './swf.ts'

/** What an element says to its SWF. Names in lower case: pages write them in any. */
export type Variables = Record<string, string>

const NAME = 'Shockwave Flash'
const TYPE = 'application/x-shockwave-flash'
const VERSION = 'Shockwave Flash 32.0 r0'
const CLASS = /D27CDB6E-AE6D-11cf-96B8-444553540000/i
const CANDIDATES = 'object, embed'

/** An `&` splits only before a name, so that `src=rtmp://HOST/APP/&mp4:NAME` stays whole. */
const fromQuery = (query: string): Variables => {
  const all: Variables = {}
  for (const pair of query.split(/&(?=[\w.-]+=)/)) {
    const [, name, value] = /^&?([^=]+)=(.*)$/s.exec(pair) ?? []
    if (name) all[name.toLowerCase()] = decoded(value)
  }
  return all
}

/** Pages did not always encode what they wrote. */
const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const parametersOf = (element: Element): Variables => {
  const all: Variables = {}
  for (const { name, value } of element.attributes) all[name] = value
  for (const { name, value } of element.querySelectorAll<HTMLParamElement>(':scope > param')) all[name.toLowerCase()] = value
  return all
}

const addressOf = ({ data, movie, src }: Variables): string => data ?? movie ?? src ?? ''

const isFlash = (element: Element): boolean => {
  const parameters = parametersOf(element)
  return parameters.type === TYPE || CLASS.test(parameters.classid ?? '') || /\.swf($|[?#])/i.test(addressOf(parameters))
}

/** Of an element, and of what is nested in it for other browsers. */
const variablesOf = (element: Element): Variables => {
  const all: Variables = {}
  for (const one of [...element.querySelectorAll(CANDIDATES), element]) {
    const parameters = parametersOf(one)
    const [, query = ''] = /\?(.*)$/s.exec(addressOf(parameters)) ?? []
    Object.assign(all, fromQuery(query), fromQuery(parameters.flashvars ?? ''))
  }
  return { ...all, ...fromConfiguration(all.config) }
}

interface Clip {
  url?: string
  provider?: string
  netConnectionUrl?: string
}

interface Configuration {
  clip?: Clip
  playlist?: (Clip | string)[]
  plugins?: Record<string, { netConnectionUrl?: string } | null>
}

/** Flowplayer 3 in markup: `config={"clip":{…},"plugins":{…}}`, often with single quotes. */
const fromConfiguration = (text: string | undefined): Variables => {
  if (!text) return {}
  try {
    const { clip, playlist = [], plugins = {} } = JSON.parse(text.includes('"') ? text : text.replaceAll("'", '"')) as Configuration
    const items = playlist.map(item => typeof item === 'string' ? { url: item } : item)
    const item = { ...clip, ...(items.find(({ url }) => isRtmp(url) || !/\.(jpe?g|png|gif)$/i.test(url ?? ''))) }
    const streamer = item.netConnectionUrl ?? plugins[item.provider ?? 'rtmp']?.netConnectionUrl
    return item.url ? { file: decoded(item.url), ...(streamer ? { streamer } : {}) } : {}
  } catch {
    return {}
  }
}

/** What these variables have played, if that is RTMP. */
export const sourceOf = (all: Variables): Source | undefined => {
  const src = all.file ?? all.url ?? all.src ?? all.rtmpstream ?? all.rtmp ?? ''
  const streamer = all.streamer ?? all.flashstreamer ?? all.rtmpconnection ?? all.netconnectionurl
  if (isRtmp(src)) return { src }
  return src && isRtmp(streamer) ? { src, streamer } : undefined
}

const isOn = (value: string | undefined): boolean => /^(true|1|yes)$/i.test(value ?? '')

const dress = (element: HTMLElement, from: Element): void => {
  for (const name of ['id', 'name', 'class', 'style', 'width', 'height', 'title']) {
    const value = from.getAttribute(name)
    if (value !== null) element.setAttribute(name, value)
  }
  // A width of HTML's old attributes is one in CSS pixels; our element has none of its own.
  for (const side of ['width', 'height'] as const) {
    const value = from.getAttribute(side)
    if (value && !element.style[side]) element.style[side] = /^\d+$/.test(value) ? `${value}px` : value
  }
}

/** The element that plays instead of this one; `undefined`: it leads nowhere that we know. */
export const adopt = (element: Element): HTMLElement | undefined => {
  const variables = variablesOf(element)
  const source = sourceOf(variables)
  if (!source || !isFlash(element)) return undefined
  // MediaElement.js 2 draws its own controls over its SWF, which is named in these.
  const told = whoListens(variables.id)
  return told ? playPlain(element, source, variables, told) : playDressed(element, source, variables)
}

const whoListens = (id = ''): Callback | undefined => {
  const found: unknown = Reflect.get(window, `${id}_event`)
  return typeof found === 'function' ? found as Callback : undefined
}

const playPlain = (element: Element, source: Source, variables: Variables, told: Callback): HTMLElement => {
  const video = document.createElement('video')
  dress(video, element)
  video.autoplay = isOn(variables.autoplay)
  video.preload = variables.preload ?? ''
  element.replaceWith(video)
  let disconnect = (): void => undefined
  playAsMediaElement(video, source, told, source => {
    disconnect()
    disconnect = connect(video, source, ({ text: message }) => told('error', { message }))
  })
  return video
}

const playDressed = (element: Element, { src, streamer }: Source, variables: Variables): HTMLElement => {
  const video = document.createElement('millrace-video')
  const set = (name: string, value: string | undefined): void => {
    if (value !== undefined) video.setAttribute(name, value)
  }
  dress(video, element)
  set('src', src)
  set('streamer', streamer)
  set('endpoint', script?.dataset.endpoint)
  set('poster', variables.image ?? variables.poster)
  set('autoplay', isOn(variables.autostart ?? variables.autoplay) ? '' : undefined)
  set('loop', isOn(variables.loop) || variables.repeat === 'always' ? '' : undefined)
  set('controls', variables.controlbar === 'none' ? undefined : '')
  playAsJwPlayer(video, variables)
  element.replaceWith(video)
  core().catch((error: Error) => console.error(error.message))
  return video
}

/** Plays all that leads to RTMP. What is nested goes with what it is nested in. */
export const scan = (root: ParentNode): void => {
  for (const element of root.querySelectorAll(CANDIDATES)) {
    const outer = element.parentElement?.closest('object')
    if (element.isConnected && !(outer && isFlash(outer))) adopt(element)
  }
}

/** Pages ask for Flash before they write what leads to us. */
const pretend = (): void => {
  const { plugins, mimeTypes } = navigator
  if (NAME in plugins || 'RufflePlayer' in window || script?.dataset.noFlashDetect !== undefined) return
  const plugin = { name: NAME, description: VERSION, filename: '', length: 1 }
  const type = { type: TYPE, description: '', suffixes: 'swf', enabledPlugin: plugin }
  Object.defineProperty(plugins, NAME, { configurable: true, value: plugin })
  Object.defineProperty(mimeTypes, TYPE, { configurable: true, value: type })
}

/** Not while the page is parsed: an object may be there before its parameters. */
const start = (): void => {
  scan(document)
  new MutationObserver(changes => {
    if (changes.some(({ addedNodes }) => addedNodes.length > 0)) scan(document)
  }).observe(document, { childList: true, subtree: true })
}

pretend()
if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start)
else start()
