// JW Player 3 to 7 at its own address: the global jwplayer(), under which pages find their players.
//
// A page says which version it was written for by what is easiest for it: ?version=5 at this script's address,
// data-version at its element, `jwplayer.version`, or `version` in a configuration. Otherwise what only 3 to 5 knew
// (flashplayer, streamer, provider, levels, modes, …) means 5, and all else 6, whose states are in capitals.

import { script } from './core.ts'
import { Api, type Registry } from './jwplayer/api.ts'
import { fromVariables, versionOf } from './jwplayer/config.ts'
import { actAsSwf } from './jwplayer/swf.ts'

interface JwPlayer {
  (query?: string | number | HTMLElement): Api | undefined
  version: string
  key?: string
  api: { selectPlayer(query?: string | number | HTMLElement): Api | undefined, getPlayers(): Api[], PlayerAPI: typeof Api }
  getPlayers(): Api[]
  /** For who finds a SWF of JW Player in the page: a player in its place, with its variables and its script interface. */
  standIn(place: HTMLElement, variables: Readonly<Record<string, string>>): HTMLElement
}

/** What is said before anything is known. */
const said = script?.dataset.version ?? (script?.src ? new URL(script.src).searchParams.get('version') : null)
const UNSAID = '6.0.0'
const players = new Map<string, Api>()
let made = 0

const registry: Registry = {
  said: () => jwplayer.version === UNSAID ? undefined : jwplayer.version,
  // 5 and older ones have a SWF in the page, which scripts call as well.
  placed: (api, element) => {
    if (api.version <= 5) actAsSwf(element, api)
  },
  removed: api => void players.delete(api.id),
}

const select = (query: string | number | HTMLElement = 0): Api | undefined => {
  if (typeof query === 'number') return [...players.values()][query]
  if (typeof query !== 'string') query.id ||= `jwplayer_${++made}`
  const id = typeof query === 'string' ? query : query.id
  // The elements of a page that is still read may come later.
  const api = players.get(id) ?? new Api(id, registry)
  players.set(id, api)
  return api
}

/** Without a player at all, calls do nothing, rather than fail. */
const jwplayer: JwPlayer = Object.assign((query?: string | number | HTMLElement) => select(query) ?? new Api('', registry), {
  version: said ? `${parseInt(said)}.0.0` : UNSAID,
  api: { selectPlayer: select, getPlayers: () => [...players.values()], PlayerAPI: Api },
  getPlayers: () => [...players.values()],
  standIn: (place: HTMLElement, variables: Readonly<Record<string, string>>) => {
    const api = select(place)!
    const config = fromVariables(variables)
    api.setup({ ...config, version: config.version ?? Math.min(versionOf(config, said), 5) }, place)
    return api.getContainer() ?? place
  },
})

Object.assign(window, { jwplayer })
