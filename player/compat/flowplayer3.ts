// Flowplayer 3 at its own address: the globals flowplayer() and $f(), under which pages make and find their players.

import { global, offer } from './core.ts'
import { isRaw, type Raw } from './flowplayer3/clip.ts'
import { Player } from './flowplayer3/player.ts'

/** Several players: what is asked of them, is asked of each. */
class Players extends Array<Player> {
  each(act: (this: Player, index: number) => unknown): this {
    this.forEach((player, index) => act.call(player, index))
    return this
  }
}

const players = new Players()
let made = 0

const elements = (where: string | HTMLElement): HTMLElement[] => {
  if (typeof where !== 'string') return [where]
  const found = document.getElementById(where)
  if (found) return [found]
  return /[.#\s[]/.test(where) ? [...document.querySelectorAll<HTMLElement>(where)] : []
}

const make = (element: HTMLElement, config: unknown): Player => {
  element.id ||= `_${++made}`
  const before = players.findIndex(player => player.getParent() === element)
  const [old] = before < 0 ? [] : players.splice(before, 1)
  old?.unload()
  const player = new Player(element, typeof config === 'string' ? { clip: { url: config } } : isRaw(config) ? config : {})
  players.push(player)
  return player
}

/** Without a SWF, what was made before; else a player for what is named, of which there may be several. */
const flowplayer = (where?: string | number | HTMLElement, swf?: string | Raw, config?: unknown): Player | Players | undefined => {
  if (where === undefined) return players[0]
  if (typeof where === 'number') return players[where]
  if (where === '*') return players
  if (swf === undefined) return players.find(player => player.id() === where || player.getParent() === where)
  const all = elements(where)
  if (all.length === 0) return undefined
  const list = new Players()
  for (const element of all) list.push(make(element, config))
  return list.length === 1 ? list[0] : list
}

/** The same for what jQuery found: `$("a.player").flowplayer("flowplayer.swf", {…})`. */
interface Found {
  each(act: (index: number, element: HTMLElement) => void): Found
}

const { fn } = global<{ fn: { flowplayer?(this: Found, swf?: string | Raw, config?: unknown): Found } }>('jQuery') ?? {}
if (fn) fn.flowplayer ??= function (swf = '', config) {
  return this.each((_, element) => void flowplayer(element, swf, config))
}

offer('flowplayer', flowplayer)
offer('$f', flowplayer)
