// What a page of JW Player 5 to 7 means by its configuration.

import { isRtmp } from '../core.ts'
import type { Attempt } from '../media.ts'

export type Raw = Record<string, unknown>

/** How pages of the major versions differ. */
export type Version = 5 | 6 | 7

export interface Source {
  file: string
  streamer?: string
  label?: string
  type?: string
  default?: boolean
  /** kbit/s */
  bitrate?: number
  width?: number
  height?: number
}

export interface Track {
  file: string
  kind: string
  label?: string
  default?: boolean
}

export interface Item extends Raw {
  file: string
  sources: Source[]
  tracks: Track[]
  image?: string
  title?: string
  start?: number
  duration?: number
}

const SWF_KEYS = ['flashplayer', 'modes', 'players', 'streamer', 'provider', 'levels', 'controlbar', 'playlistfile']
/** A name on a server of streams is no address of a file. */
const STREAM_NAME = /^(?:mp4|flv|mp3|id3):/i

export const isRaw = (value: unknown): value is Raw => typeof value === 'object' && value !== null && !Array.isArray(value)
export const word = (value: unknown): string | undefined => typeof value === 'string' && value !== '' ? value : undefined

/** Variables of Flash are words, whatever they mean. */
export const flag = (value: unknown): boolean => value === true || value === 'true' || value === '1'
export const number = (value: unknown): number | undefined => {
  const found = typeof value === 'number' ? value : parseFloat(word(value) ?? '')
  return Number.isFinite(found) ? found : undefined
}
const objects = (value: unknown): Raw[] => Array.isArray(value) ? value.filter(isRaw) : isRaw(value) ? [value] : []
const defined = <Type extends object>(object: Type): Type =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Type

const picked = (raw: Raw, names: string): Raw => defined(Object.fromEntries(names.split(' ').map(name => [name, raw[name]])))

const majorOf = (value: unknown): Version | undefined => {
  const major = Math.floor(number(value) ?? 0)
  return major >= 5 && major <= 7 ? major as Version : undefined
}

/** What the page says (its configuration first), or else what its words are known from. 6 is what nothing tells. */
export const versionOf = (config: Raw, said: unknown): Version =>
  majorOf(config.version) ?? majorOf(said) ?? (SWF_KEYS.some(key => key in config) ? 5 : 6)

/** 5 has a configuration per mode, of which the first that works is used. */
const readings = (config: Raw): Raw[] => {
  const modes = objects(config.modes ?? config.players)
  if (modes.length === 0) return [config]
  return modes.map(mode => {
    const { modes: _, players: __, streamer, provider, ...rest } = config
    const shared = mode.type === 'html5' ? rest : defined({ ...rest, streamer, provider })
    return { ...shared, ...isRaw(mode.config) ? mode.config : {} }
  })
}

/** Where a list or several qualities have to be fetched from, before anything is known. */
export const feedOf = (config: Raw): string | undefined => {
  const list = word(config.playlistfile) ?? word(config.playlist)
  if (list && !/^(?:bottom|top|left|right|over|none)$/.test(list)) return list
  const file = word(config.file)
  return file && !isRtmp(file) && /\.(?:smil|xml|rss)(?:$|\?)/i.test(file) ? file : undefined
}

export const itemsOf = (config: Raw): Item[] => {
  const lists = readings(config).map(reading => entries(reading))
  const length = Math.max(...lists.map(list => list.length))
  return Array.from({ length }, (_, index) => merged(lists.flatMap(list => list[index] ?? [])))
}

/** The items of one configuration, with what it says of all of them. */
const entries = (config: Raw): Item[] => {
  const list = Array.isArray(config.playlist) ? objects(config.playlist) : []
  if (list.length > 0) return list.map(entry => item({ ...picked(config, 'streamer provider'), ...defined(entry) }))
  const plugins = isRaw(config.plugins) ? config.plugins : {}
  const captions = Object.entries(plugins).find(([name]) => name.startsWith('captions'))?.[1]
  const file = word(config['captions.file']) ?? (isRaw(captions) ? word(captions.file) : undefined)
  const own = picked(config, 'streamer provider image start title description file sources levels duration type mediaid tracks')
  return [item({ ...file && { tracks: [{ file, kind: 'captions' }] }, ...own })]
}

const item = (raw: Raw): Item => {
  const streamer = word(raw.streamer)
  const listed = [...objects(raw.sources), ...objects(raw.levels)]
  const all = (listed.length > 0 ? listed : [raw]).flatMap(source => sourceOf(source, streamer))
  const image = word(raw.image) ?? word(raw.thumb)
  const { file = all[0]?.file ?? '' } = raw
  return defined({
    ...raw, file: String(file), sources: all, tracks: tracksOf(raw), image, title: word(raw.title),
    start: number(raw.start), duration: number(raw.duration),
  })
}

const sourceOf = (raw: Raw, shared: string | undefined): Source[] => {
  const file = word(raw.file) ?? word(raw.src)
  if (file === undefined) return []
  const own = word(raw.streamer) ?? shared
  // What is an address by itself needs no streamer.
  const streamer = own && isRtmp(own) && !isRtmp(file) && !/^(?:https?:)?\/\//i.test(file) ? own : undefined
  if (!streamer && STREAM_NAME.test(file)) return []
  return [defined({
    file, streamer, label: word(raw.label), type: word(raw.type), default: flag(raw.default) || undefined,
    bitrate: number(raw.bitrate), width: number(raw.width), height: number(raw.height),
  })]
}

const tracksOf = (raw: Raw): Track[] => [...objects(raw.tracks), ...objects(raw.captions)].flatMap(track => {
  const file = word(track.file)
  const kind = word(track.kind) ?? 'captions'
  return file ? [defined({ file, kind, label: word(track.label), default: flag(track.default) || undefined })] : []
})

/** One item, of which several modes tell: its sources are all of theirs. */
const merged = ([first, ...others]: Item[]): Item => {
  const sources = [...first.sources]
  for (const source of others.flatMap(other => other.sources)) {
    if (!sources.some(({ file, streamer }) => file === source.file && streamer === source.streamer)) sources.push(source)
  }
  return { ...first, sources }
}

export const isStream = ({ file, streamer }: Source): boolean => streamer !== undefined || isRtmp(file)

/** Whether the page asked for Flash: by `primary`, by its first mode, or by being older than HTML5 came first. */
export const prefersFlash = (config: Raw, version: Version): boolean => {
  const primary = word(config.primary) ?? word(objects(config.modes ?? config.players)[0]?.type)
  return primary ? primary === 'flash' : version <= 5
}

/** What to play, in the order in which it is tried. */
export const attemptsOf = ({ sources }: Item, config: Raw, version: Version): Attempt[] => {
  const kinds = new Map<string, Source[]>()
  for (const source of sources) {
    const kind = isStream(source) ? '' : source.type ?? /\.(\w+)(?:$|[?#])/.exec(source.file)?.[1] ?? 'file'
    kinds.set(kind, [...kinds.get(kind) ?? [], source])
  }
  const isFlash = prefersFlash(config, version)
  let list = [...kinds.values()]
  const rank = ([source]: Source[]): number => isStream(source) === isFlash ? 0 : 1
  // 7 goes by the order of the sources, if the page does not say otherwise.
  if (version < 7 || config.primary !== undefined) list.sort((one, other) => rank(one) - rank(other))
  if (config.fallback === false && isFlash && list.some(([source]) => isStream(source))) list = list.slice(0, 1)
  return list.map(group => ({
    isStream: isStream(group[0]),
    first: Math.max(group.findIndex(source => source.default), 0),
    bufferAhead: bufferAhead(config),
    levels: group.map(({ file, ...facts }) => ({ src: file, ...facts })),
  }))
}

/** Less than a few seconds were meant for the start of playing, which needs none. */
const bufferAhead = (config: Raw): number | undefined => {
  const seconds = number(isRaw(config.rtmp) ? config.rtmp.bufferlength : config.bufferlength)
  return seconds !== undefined && seconds >= 5 ? seconds : undefined
}
