// Playlists that are fetched: RSS with the media and jwplayer namespaces, SMIL of one title's qualities, JSON of 7.

import { isRaw, type Item, type Raw } from './config.ts'

/** A configuration with what its feed says in the feed's place. */
export const fetchFeed = async (url: string, config: Raw): Promise<Raw> => {
  const answer = await fetch(url)
  if (!answer.ok) throw new Error(`Error loading playlist: ${answer.status}`)
  const text = await answer.text()
  const { playlistfile: _, ...rest } = config
  if (/^\s*[[{]/.test(text)) {
    const found: unknown = JSON.parse(text)
    return { ...rest, playlist: isRaw(found) ? found.playlist : found }
  }
  const xml = new DOMParser().parseFromString(text, 'text/xml')
  const root = xml.documentElement
  if (xml.querySelector('parsererror')) throw new Error('Error loading playlist: Not a valid feed')
  if (root.localName === 'smil') return { ...rest, ...smil(root) }
  const playlist = all(root, 'item').map(rss)
  if (playlist.length === 0) throw new Error('Error loading playlist: No playable sources found')
  return { ...rest, file: undefined, playlist }
}

const all = (parent: Element | Document, name: string): Element[] => Array.from(parent.getElementsByTagNameNS('*', name))
const textOf = (parent: Element, name: string): string | undefined => all(parent, name)[0]?.textContent?.trim()
const attribute = (element: Element | undefined, name: string): string | undefined => element?.getAttribute(name) ?? undefined

/** `<meta base>` is the connection; each `<video>` a quality, its rate in bit/s. */
const smil = (root: Element): Raw => {
  const streamer = all(root, 'meta').map(meta => attribute(meta, 'base')).find(Boolean)
  const sources = all(root, 'video').map(video => {
    const bitrate = Number(attribute(video, 'system-bitrate') ?? 0) / 1000
    const [width, height] = [attribute(video, 'width'), attribute(video, 'height')]
    const label = attribute(video, 'label') ?? (height ? `${height}p` : bitrate ? `${Math.round(bitrate)}kbps` : undefined)
    return { file: attribute(video, 'src'), streamer, label, width, height, bitrate: bitrate || undefined }
  })
  const tracks = all(root, 'textstream').map(track => ({ file: attribute(track, 'src'), kind: 'captions', label: attribute(track, 'label') }))
  return { file: undefined, streamer: undefined, provider: undefined, sources, ...tracks.length > 0 && { tracks } }
}

const rss = (item: Element): Partial<Item> => {
  const media = all(item, 'content').filter(element => element.hasAttribute('url'))
  const own = all(item, 'source').filter(element => element.hasAttribute('file'))
  const sources = own.length > 0
    ? own.map(element => Object.fromEntries(Array.from(element.attributes, ({ localName, value }) => [localName, value])))
    : [...media, ...all(item, 'enclosure')].map(element => ({
      file: attribute(element, 'url'), width: attribute(element, 'width'), height: attribute(element, 'height'), bitrate: attribute(element, 'bitrate'),
    }))
  const tracks = all(item, 'track').map(element => ({
    file: attribute(element, 'file'), kind: attribute(element, 'kind'), label: attribute(element, 'label'),
  }))
  // 4 and 5 have a streamer and a start per item, in a namespace of the player's.
  const streamer = textOf(item, 'streamer')
  const file = textOf(item, 'file') ?? (streamer ? attribute(media[0], 'url') : undefined)
  return JSON.parse(JSON.stringify({
    title: textOf(item, 'title'), description: textOf(item, 'description'), mediaid: textOf(item, 'mediaid') ?? textOf(item, 'guid'),
    image: textOf(item, 'image') ?? attribute(all(item, 'thumbnail')[0], 'url'), start: textOf(item, 'start'),
    duration: textOf(item, 'duration') ?? attribute(media[0], 'duration'), streamer, file, sources: file ? undefined : sources, tracks,
  })) as Partial<Item>
}
