// SWFObject 1 and swfobject 2: the same calls, and what they embed plays where it leads to RTMP. Where it does not, the
// page's own content for browsers without Flash stays.

import { adopt } from './markup.ts'

type Values = Record<string, string | number | undefined> | false | null

interface Answer {
  success: boolean
  id: string
  ref?: Element
}

const VERSION = { major: 32, minor: 0, release: 0 }
const TYPE = 'application/x-shockwave-flash'

const elementBy = (place: string | Element): Element | null => typeof place === 'string' ? document.getElementById(place) : place

const pairs = (values: Values | undefined): string =>
  Object.entries(values || {}).map(([name, value]) => `${name}=${value}`).join('&')

/** As the libraries made it. */
const flash = (swf: string, attributes: Record<string, string>, parameters: Values | undefined): HTMLObjectElement => {
  const element = document.createElement('object')
  Object.entries({ ...attributes, type: TYPE, data: swf }).forEach(([name, value]) => element.setAttribute(name === 'styleclass' ? 'class' : name, value))
  for (const [name, value] of Object.entries(parameters || {})) {
    const parameter = document.createElement('param')
    parameter.name = name
    parameter.value = String(value)
    element.append(parameter)
  }
  return element
}

/** Adopted before it is on the page, for who asks for it by its id in the next line. */
const play = (element: HTMLObjectElement): HTMLElement | undefined => {
  document.createDocumentFragment().append(element)
  return adopt(element)
}

const queryParameter = (name: string): string => new URLSearchParams(location.search).get(name) ?? ''

class SWFObject {
  private readonly parameters: Record<string, string> = {}
  private readonly variables: Record<string, string> = {}
  private readonly attributes: Record<string, string> = {}
  readonly installedVer = { ...VERSION, rev: 0 }

  constructor(swf = '', id = '', width: string | number = '', height: string | number = '') {
    Object.assign(this.attributes, { swf, id, width: String(width), height: String(height) })
  }

  setAttribute(name: string, value: string): void { this.attributes[name] = value }
  getAttribute(name: string): string { return this.attributes[name] ?? '' }
  addParam(name: string, value: string): void { this.parameters[name] = value }
  getParams(): Record<string, string> { return this.parameters }
  addVariable(name: string, value: string): void { this.variables[name] = value }
  getVariable(name: string): string | undefined { return this.variables[name] }
  getVariables(): Record<string, string> { return this.variables }
  getVariablePairs(): string[] { return Object.entries(this.variables).map(([name, value]) => `${name}=${value}`) }
  getSWFHTML(): string { return this.element.outerHTML }
  useExpressInstall(): void { /* Nothing is to be installed. */ }

  write(place: string | Element): boolean {
    const found = elementBy(place)
    const playing = found && play(this.element)
    if (playing) found.replaceChildren(playing)
    return Boolean(playing)
  }

  private get element(): HTMLObjectElement {
    const { swf, id, width, height } = this.attributes
    const flashvars = pairs(this.variables)
    return flash(swf, { id, width, height }, { ...this.parameters, ...(flashvars ? { flashvars } : {}) })
  }
}

const whenReady = (act: () => void): void => {
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', act)
  else act()
}

const answer = (id: string, ref: Element | null | undefined): Answer => ref ? { success: true, id, ref } : { success: false, id }

const createSWF = (attributes: Record<string, string>, parameters: Values | undefined, id: string): Element | undefined => {
  const { data = '', ...others } = attributes
  const place = document.getElementById(id)
  const playing = place ? play(flash(data, { id, ...others }, parameters)) : undefined
  if (playing) place?.replaceWith(playing)
  return playing
}

const swfobject = {
  ua: { w3: true, pv: [VERSION.major, VERSION.minor, VERSION.release], wk: false, ie: false, win: false, mac: false },
  embedSWF(
    swf: string, id: string, width: string | number, height: string | number, _version?: string, _express?: unknown,
    flashvars?: Values, parameters?: Values, attributes?: Values, done?: (answer: Answer) => void,
  ): void {
    whenReady(() => {
      const { flashvars: written = '', ...others } = (parameters || {}) as Record<string, string>
      const all = [written, pairs(flashvars)].filter(Boolean).join('&')
      const given = (attributes || {}) as Record<string, string>
      const own = { ...given, data: swf, width: String(width), height: String(height) }
      const ref = createSWF(own, { ...others, flashvars: all }, id)
      done?.(answer(id, ref))
    })
  },
  registerObject(id: string, _version?: string, _express?: unknown, done?: (answer: Answer) => void): void {
    whenReady(() => {
      const element = document.getElementById(id)
      if (element) adopt(element)
      const ref = document.getElementById(id)
      done?.(answer(id, ref?.localName === 'object' ? undefined : ref))
    })
  },
  createSWF,
  getObjectById: (id: string) => document.getElementById(id),
  removeSWF: (id: string) => document.getElementById(id)?.remove(),
  hasFlashPlayerVersion: () => true,
  getFlashPlayerVersion: () => VERSION,
  getQueryParamValue: queryParameter,
  addDomLoadEvent: whenReady,
  addLoadEvent: (act: () => void) => window.addEventListener('load', act),
  switchOffAutoHideShow: () => undefined,
  showExpressInstall: () => undefined,
  createCSS: () => undefined,
}

/** A page with the originals keeps them: what they write is adopted. */
const offered = {
  swfobject, SWFObject, FlashObject: SWFObject, getQueryParamValue: queryParameter,
  deconcept: { SWFObject, util: { getRequestParameter: queryParameter }, SWFObjectUtil: { getPlayerVersion: () => VERSION } },
}
for (const [name, value] of Object.entries(offered)) if (!(name in window)) Reflect.set(window, name, value)
