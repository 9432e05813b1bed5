// What a page says to Flash, in its markup or through a library, and what plays instead where that leads to RTMP.

import { global, isPicture, isRtmp, script, type Source } from './core.ts'
import { playAsJwPlayer } from './swf.ts'

/** Attributes and parameters of an element, or what it says to its SWF. Names in lower case: pages write them in any. */
export type Values = Record<string, string>

const NAME = 'Shockwave Flash'
const TYPE = 'application/x-shockwave-flash'
/** The first part of its class id tells Flash from all other. */
const CLASS = /D27CDB6E/i
const CANDIDATES = 'object, embed'

/** Pages did not always encode what they wrote. */
const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** An `&` splits only before a name, so that `src=rtmp://HOST/APP/&mp4:NAME` stays whole. */
export const fromQuery = (query = ''): Values => Object.fromEntries(query.split(/&(?=[\w.-]+=)/).map(pair => {
  const at = pair.indexOf('=')
  return [pair.slice(0, at).replace('&', '').toLowerCase(), decoded(pair.slice(at + 1))]
}))

export const queryOf = (address: string): string => address.slice(address.indexOf('?') + 1)

const valuesOf = (element: Element): Values => Object.fromEntries(
  [...element.attributes, ...element.querySelectorAll<HTMLParamElement>(':scope > param')].map(({ name, value }) => [name.toLowerCase(), value]),
)

const addressOf = ({ data, movie, src }: Values): string => data ?? movie ?? src ?? ''

const isFlash = (element: Element): boolean => {
  const values = valuesOf(element)
  return values.type === TYPE || CLASS.test(values.classid) || /\.swf\b/i.test(addressOf(values))
}

/** Of an element, and of what is nested in it for other browsers. */
const variablesOf = (element: Element): Values =>
  Object.assign({}, ...[...element.querySelectorAll(CANDIDATES), element].map(one => {
    const values = valuesOf(one)
    return { ...fromQuery(queryOf(addressOf(values))), ...fromQuery(values.flashvars) }
  })) as Values

interface Clip {
  url?: string
  provider?: string
  netConnectionUrl?: string
}

interface Configuration {
  clip?: Clip
  playlist?: (Clip | string)[]
  plugins?: Record<string, Clip | null>
}

/** Flowplayer 3 in markup: `config={"clip":{…},"plugins":{…}}`, often with single quotes. */
const fromConfiguration = (text: string): Source => {
  const { clip, playlist = [], plugins } = JSON.parse(text.includes('"') ? text : text.replaceAll("'", '"')) as Configuration
  const items = playlist.map(item => typeof item === 'string' ? { url: item } : item)
  const item: Clip = { ...clip, ...items.find(({ url }) => !isPicture(url)) }
  return { src: decoded(item.url ?? ''), streamer: item.netConnectionUrl ?? plugins?.[item.provider ?? '']?.netConnectionUrl }
}

/** What these variables have played, if that is RTMP. */
const sourceOf = (all: Values): Source | undefined => {
  let source: Source = {
    src: all.file ?? all.url ?? all.src ?? all.rtmpstream ?? all.rtmp ?? '',
    streamer: all.streamer ?? all.flashstreamer ?? all.rtmpconnection ?? all.netconnectionurl,
  }
  // JW Player 3 had the connection in `file`, and the stream in `id`, which later is the element's.
  if (all.id && /^rtmp.*\/cfx\/st\/?$/i.test(source.src)) source = { src: all.id, streamer: source.src }
  try {
    if (all.config) source = fromConfiguration(all.config)
  } catch {
    // An address of a configuration, or none of Flowplayer's.
  }
  return isRtmp(source.src) || (source.src && isRtmp(source.streamer)) ? source : undefined
}

export const isOn = (value: string | undefined): boolean => /^(true|1|yes|always)$/i.test(value ?? '')

export const dress = <Type extends HTMLElement>(element: Type, values: Values): Type => {
  for (const name of ['id', 'name', 'class', 'style']) if (values[name]) element.setAttribute(name, values[name])
  for (const side of ['width', 'height'] as const) {
    const value = values[side]
    if (value) element.style[side] ||= isNaN(Number(value)) ? value : `${value}px`
  }
  return element
}

/** What a library lets its SWF call. */
export type Callback = (type: string, values: Record<string, unknown>) => void

/** Makes what plays for a library that draws its own controls over its SWF, and has a callback for it. */
export type Bare = (attributes: Values, source: Source, variables: Values, told: Callback) => HTMLElement

let bare: Bare | undefined

export const offerBare = (maker: Bare): void => {
  bare = maker
}

/** The element that plays instead of one with these attributes; `undefined`: the variables lead nowhere that we know. */
export const standIn = (attributes: Values, variables: Values): HTMLElement | undefined => {
  const source = sourceOf(variables)
  const told = global<Callback>(`${variables.id}_event`)
  return source && (told ? bare?.(attributes, source, variables, told) : dressed(attributes, source, variables))
}

const dressed = (attributes: Values, { src, streamer }: Source, variables: Values): HTMLElement => {
  const { image, controlbar, autostart, autoplay, loop, repeat } = variables
  const video = dress(document.createElement('millrace-video'), attributes) as HTMLVideoElement
  const set = (name: string, value: string | false | undefined): void => {
    if (typeof value === 'string') video.setAttribute(name, value)
  }
  set('src', src)
  set('streamer', streamer)
  set('endpoint', script?.dataset.endpoint)
  set('poster', image)
  set('autoplay', isOn(autostart ?? autoplay) && '')
  set('loop', isOn(loop ?? repeat) && '')
  set('controls', controlbar !== 'none' && '')
  playAsJwPlayer(video, variables)
  return video
}

/** Plays all that leads to RTMP. What is nested goes with what it is nested in. */
const scan = (): void => {
  for (const element of document.querySelectorAll(CANDIDATES)) {
    const outer = element.parentElement?.closest('object')
    if (element.isConnected && isFlash(element) && !(outer && isFlash(outer))) {
      const playing = standIn(valuesOf(element), variablesOf(element))
      if (playing) element.replaceWith(playing)
    }
  }
}

export const whenParsed = (act: () => void): void => {
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', act)
  else act()
}

/** Pages ask for Flash before they write what leads to us. */
const pretend = (): void => {
  const { plugins, mimeTypes } = navigator
  if (NAME in plugins || 'RufflePlayer' in window || script?.dataset.noFlashDetect !== undefined) return
  const plugin = { name: NAME, description: `${NAME} 32.0 r0`, filename: '', length: 1 }
  const type = { type: TYPE, description: '', suffixes: 'swf', enabledPlugin: plugin }
  Object.defineProperty(plugins, NAME, { configurable: true, value: plugin })
  Object.defineProperty(mimeTypes, TYPE, { configurable: true, value: type })
}

pretend()
// Not while the page is parsed: an object may be there before its parameters.
whenParsed(() => {
  scan()
  new MutationObserver(scan).observe(document, { childList: true, subtree: true })
})
