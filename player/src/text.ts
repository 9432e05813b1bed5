// Everything that is said to people, one sentence per cause.

import type { Failure } from './connection.ts'
import type { TrackKind } from './media/flv.ts'
import type { Status } from './rtmp/session.ts'

/** As MediaError has them. */
export const Code = { Network: 2, Decode: 3, NotSupported: 4 } as const
export type Code = typeof Code[keyof typeof Code]

export interface PlayerError {
  code: Code
  /** Nothing plays any more; otherwise something is missing, or comes later. */
  fatal: boolean
  /** For the viewer. */
  text: string
  /** What the server said, if it said something. */
  server: string
}

const error = (code: Code, text: string, server = '', fatal = true): PlayerError => ({ code, fatal, text, server })

export const noSource = (src: string): PlayerError =>
  error(Code.NotSupported, `“${src}” is no address of a stream: rtmp://HOST/cfx/st/NAME is one.`)

export const noMediaSource = (): PlayerError =>
  error(Code.NotSupported, 'This browser can’t play streams: it has no Media Source Extensions.')

export const unsupported = (kind: TrackKind, codec: string, isHopeless: boolean): PlayerError => {
  const [what, instead] = kind === 'video' ? ['picture', 'H.264'] : ['sound', 'AAC']
  const text = `This file’s ${what} is coded as ${codec}, which this browser can’t play. Converted to ${instead} it would.`
  return error(Code.NotSupported, text, '', isHopeless)
}

export const decoding = (what: string): PlayerError =>
  error(Code.Decode, 'The browser could not decode this file; it may be damaged.', what)

export const lost = (host: string): PlayerError =>
  error(Code.Network, `The connection to ${host} was lost; trying again.`, '', false)

/** What a status of level `error` means. */
export const refusedPlay = (status: Status, name: string): PlayerError => {
  const { code, description } = status
  const server = description ? `${code}: ${description}` : code
  switch (code) {
    case 'NetStream.Play.StreamNotFound':
      return error(Code.Network, `There is no video called “${shown(status.details || name)}” here.`, server)
    case 'NetStream.Play.FileStructureInvalid':
      return error(Code.Decode, 'This file is damaged, or is no video.', server)
    case 'NetStream.Play.NoSupportedTrackFound':
      return error(Code.NotSupported, 'Nothing in this file can be played in a browser.', server)
    case 'NetStream.Failed': return error(Code.Network, denied(description), server)
    default: return error(Code.Network, 'The server could not play this video.', server)
  }
}

/** A signature stays out of sentences: it is long, and somebody may read them aloud. */
const shown = (name: string): string => name.split('?')[0].replace(/^\w+:/, '')

const EXPIRED = /expired at ([^,]+)/
const NOT_YET = /not good before (.+)/

const denied = (description: string): string => {
  const [, expired] = EXPIRED.exec(description) ?? []
  if (expired) return `This link was valid until ${moment(expired)}.`
  const [, begin] = NOT_YET.exec(description) ?? []
  if (begin) return `This link is not valid before ${moment(begin)}.`
  if (description.startsWith('nothing is signed')) return 'This video is private: its link has to be signed.'
  return 'This link gives no right to the video.'
}

/** As a clock on the viewer's wall would have it; servers tell UTC. */
const moment = (time: string): string => {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? time : date.toLocaleString('en', { dateStyle: 'long', timeStyle: 'short' })
}

/** Why servers turn players away, in the words of CloudFront where it had one. */
const refused = (description: string, host: string): string => {
  if (description.includes('DistributionNotFound')) return `There are no videos at ${host}.`
  return description.includes('PageNotAllowed') ? forbidden(host) : `${host} refused the connection.`
}

const forbidden = (host: string): string => `${host} does not let this page play its videos.`

export const failure = (what: Failure, host: string, pageProtocol: string, isForbiddenByPage: boolean): PlayerError => {
  switch (what.type) {
    case 'refused': {
      const { code, description } = what.status
      return error(Code.Network, refused(description, host), description ? `${code}: ${description}` : code)
    }
    case 'forbidden':
      return error(Code.Network, forbidden(host), what.reason)
    case 'protocol':
      return error(Code.Network, `What ${host} sends makes no sense.`, what.what)
    case 'unreachable':
      return error(Code.Network, unreachable(host, pageProtocol, isForbiddenByPage),
        what.ends.map(({ code, reason }) => reason || `closed with ${code}`).join('; '))
  }
}

const unreachable = (host: string, pageProtocol: string, isForbiddenByPage: boolean): string => {
  if (isForbiddenByPage) return `This page’s Content-Security-Policy forbids a connection to ${host}.`
  return pageProtocol === 'https:'
    ? `${host} can’t be reached. This page is https, so ${host} needs a certificate on port 443.`
    : `${host} can’t be reached.`
}

/** What the element and its controls say. */
export const label = {
  play: 'Play',
  unmute: 'Unmute',
  quality: 'Quality',
  retry: 'Try again',
  level: (name: string): string => `Quality: ${name}`,
} as const
