// JW Player 5 to 7 at its own address: the global jwplayer(), under which pages find their players. 3 and 4 were a SWF
// alone, for which see flash.ts.
//
// A page says which version it was written for by what is easiest for it: ?version=5 at this script's address,
// data-version at its element, `jwplayer.version`, or `version` in a configuration. Otherwise what only 5 knew
// (flashplayer, streamer, provider, levels, modes, …) means 5, and all else 6, whose states are in capitals.

import { offer, script } from './core.ts'
import { Api, type Registry } from './jwplayer/api.ts'

interface JwPlayer {
  (query?: string | number | HTMLElement): Api | undefined
  version: string
  key?: string
  api: { selectPlayer(query?: string | number | HTMLElement): Api | undefined, getPlayers(): Api[], PlayerAPI: typeof Api }
  getPlayers(): Api[]
}

/** What is said before anything is known. */
const said = script?.dataset.version ?? (script?.src ? new URL(script.src).searchParams.get('version') : null)
const UNSAID = '6.0.0'
const players = new Map<string, Api>()
let made = 0

const registry: Registry = {
  said: () => jwplayer.version === UNSAID ? undefined : jwplayer.version,
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
})

offer('jwplayer', jwplayer)
