// SWFObject 1 and swfobject 2: the same calls, and what they embed plays where it leads to RTMP. Where it does not, the
// page's own content for browsers without Flash stays.

import { fromQuery, queryOf, standIn, whenParsed, type Values } from './flash.ts'

type Given = Record<string, string | number> | false | null | undefined

interface Answer {
  success: boolean
  id: string
  ref?: Element
}

const VERSION = { major: 32, minor: 0, release: 0 }

/** As the libraries write it: whoever has to encode something did so. */
const joined = (values: Given): string[] => Object.entries(values || {}).map(([name, value]) => `${name}=${value}`)

/** What plays instead of this SWF with all that was written for it. */
const made = (swf: string, attributes: Values, ...written: string[]): HTMLElement | undefined =>
  standIn(attributes, fromQuery([queryOf(swf), ...written].join('&')))

const getQueryParamValue = (name: string): string => new URLSearchParams(location.search).get(name) ?? ''

class SWFObject {
  readonly #parameters: Values = {}
  readonly #variables: Values = {}
  readonly #attributes: Values

  constructor(swf: string, id: string, width: string, height: string) {
    this.#attributes = { swf, id, width, height }
  }

  setAttribute(name: string, value: string): void { this.#attributes[name] = value }
  getAttribute(name: string): string { return this.#attributes[name] }
  addParam(name: string, value: string): void { this.#parameters[name] = value }
  addVariable(name: string, value: string): void { this.#variables[name] = value }
  getVariable(name: string): string { return this.#variables[name] }
  getVariablePairs(): string[] { return joined(this.#variables) }
  useExpressInstall(): void { /* Nothing is to be installed. */ }

  write(place: string | Element): boolean {
    const { swf, ...attributes } = this.#attributes
    const playing = made(swf, attributes, this.#parameters.flashvars ?? '', ...joined(this.#variables))
    const element = typeof place === 'string' ? document.getElementById(place) : place
    if (playing) element?.replaceChildren(playing)
    return Boolean(playing)
  }
}

const answer = (id: string): Answer => {
  const ref = document.getElementById(id)
  return ref?.localName === 'millrace-video' ? { success: true, id, ref } : { success: false, id }
}

const createSWF = ({ data = '', ...attributes }: Values, parameters: Given, id: string): Element | undefined => {
  const { flashvars = '' } = (parameters || {}) as Values
  const playing = made(data, { id, class: attributes.styleclass, ...attributes }, flashvars)
  if (playing) document.getElementById(id)?.replaceWith(playing)
  return playing
}

const swfobject = {
  ua: { w3: true, pv: [32, 0, 0] },
  embedSWF(
    swf: string, id: string, width: string, height: string, _version?: string, _express?: unknown,
    variables?: Given, parameters?: Given, attributes?: Given, done?: (answer: Answer) => void,
  ): void {
    whenParsed(() => {
      const given = (attributes || {}) as Values
      const { flashvars = '' } = (parameters || {}) as Values
      createSWF({ ...given, data: swf, width, height }, { flashvars: [flashvars, ...joined(variables)].join('&') }, id)
      done?.(answer(given.id ?? id))
    })
  },
  /** The element is found as all others are, once the page is parsed. */
  registerObject: (id: string, _version?: string, _express?: unknown, done?: (answer: Answer) => void) =>
    whenParsed(() => done?.(answer(id))),
  createSWF,
  getObjectById: (id: string) => document.getElementById(id),
  removeSWF: (id: string) => document.getElementById(id)?.remove(),
  hasFlashPlayerVersion: () => true,
  getFlashPlayerVersion: () => VERSION,
  getQueryParamValue,
  addDomLoadEvent: whenParsed,
  addLoadEvent: (act: () => void) => window.addEventListener('load', act),
  // Nothing is hidden.
  switchOffAutoHideShow: () => undefined,
}

/** ufo.js: what it embeds goes into its container. */
const UFO = {
  create: ({ movie = '', flashvars = '', ...attributes }: Values, id: string) => whenParsed(() => {
    const playing = made(movie, attributes, flashvars)
    if (playing) document.getElementById(id)?.replaceChildren(playing)
  }),
}

/** AC_RunActiveContent.js: names and values in turn, for an element at this very place. Its SWF has no suffix. */
const AC_FL_RunContent = (...pairs: string[]): void => {
  const embed = document.createElement('embed')
  embed.type = 'application/x-shockwave-flash'
  for (let at = 0; at < pairs.length; at += 2) embed.setAttribute(pairs[at], pairs[at + 1])
  // Found as all others are, once the page is parsed.
  document.write(embed.outerHTML)
}

/** Of Flowplayer and the jQuery Tools: what is said to the SWF may be objects, as JSON. */
const flashembed = (place: string | Element, options: string | Values, said: Record<string, unknown> = {}): Element | undefined => {
  const { src = '', ...attributes } = typeof options === 'string' ? { src: options } : options
  const variables = Object.entries(said).map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
  const playing = made(src, attributes, ...variables)
  const element = typeof place === 'string' ? document.getElementById(place) : place
  if (playing) element?.replaceChildren(playing)
  return playing
}

/** A page with the originals keeps them: what they write is found. */
const offered = {
  swfobject, SWFObject, FlashObject: SWFObject, getQueryParamValue, UFO, AC_FL_RunContent, flashembed,
  deconcept: { SWFObject, util: { getRequestParameter: getQueryParamValue }, SWFObjectUtil: { getPlayerVersion: () => VERSION } },
}
for (const [name, value] of Object.entries(offered)) if (!(name in window)) Reflect.set(window, name, value)
