// One grammar for all the ways in which pages write where a stream is.

/** Where to connect, and what to play there. */
export interface Address {
  /** `rtmp`, `rtmpt`, `rtmpe`, `rtmpte`, `rtmps` or `rtmpts`. */
  scheme: string
  /** As in the URL, with the brackets of IPv6. */
  host: string
  port: number | undefined
  app: string
  /** `scheme://authority/app`, which servers read the host from. */
  tcUrl: string
  name: string
}

const SCHEME = /^rtmp(?:t|e|te|s|ts)?:\/\//i
/** video.js: `rtmp://host/app/&mp4:name`. Not the `&` between parameters of a signed name. */
const AMPERSAND = /&(?![\w-]+=)/
const MARKER = /\/(?=(?:mp4|flv|mp3|id3):)/i
/** The application of CloudFront's distributions: what follows is the name, folders included. */
const APPLICATION = /^[^?]*?\/cfx\/st\/(?:_definst_\/)?/i
const AUTHORITY = /^(?:[^@/?#]*@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d+))?$/
const MP4 = /\.(?:mp4|m4v|m4a|mov|f4v|f4a|3gp)$/i
const MP3 = /\.mp3$/i
const FLV = /\.flv$/i
const PREFIX = /^\w+:/

/** What a page means by a file and perhaps a streamer; `undefined`: nothing that RTMP could play. */
export const parse = (file: string, streamer = ''): Address | undefined => {
  const [connection, stream] = split(file.trim(), streamer.trim())
  const scheme = SCHEME.exec(connection)
  if (!scheme || stream === '') return undefined
  const [authority, ...path] = connection.slice(scheme[0].length).split('/')
  const [, host, port] = AUTHORITY.exec(authority) ?? []
  if (!host) return undefined
  const name = scheme[0].slice(0, -3).toLowerCase()
  const app = path.join('/')
  return {
    scheme: name, host, port: port ? Number(port) : undefined, app, tcUrl: `${name}://${authority}/${app}`,
    name: withPrefix(stream),
  }
}

/** The connection and the stream's name. */
const split = (file: string, streamer: string): [string, string] => {
  if (!SCHEME.test(file)) return [trimmed(streamer), file]
  for (const border of [AMPERSAND, MARKER]) {
    const found = border.exec(file)
    if (found) return [trimmed(file.slice(0, found.index)), file.slice(found.index + found[0].length)]
  }
  const application = APPLICATION.exec(file)
  if (application) return [trimmed(application[0]), file.slice(application[0].length)]
  const last = file.split('?')[0].lastIndexOf('/')
  return [file.slice(0, last), file.slice(last + 1)]
}

const trimmed = (connection: string): string => connection.replace(/\/+$/, '')

/** What Flash players add to a name without a prefix. A name with a query is signed: it stays to the letter. */
const withPrefix = (name: string): string => {
  if (PREFIX.test(name) || name.includes('?')) return name
  if (MP4.test(name)) return `mp4:${name}`
  return MP3.test(name) ? `mp3:${name}` : name.replace(FLV, '')
}
