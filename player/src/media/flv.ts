// The bodies of audio and video messages: FLV tags without their heads (FLV 10.1, E.4.2 and E.4.3; Enhanced RTMP v2).

import type { Bytes } from '../bytes.ts'

export type TrackKind = 'video' | 'audio'

export type Payload =
  | { type: 'config', codec: 'avc' | 'aac', record: Bytes }
  /** The composition offset is in ms. */
  | { type: 'avc', isKey: boolean, offset: number, data: Bytes }
  | { type: 'aac', data: Bytes }
  | { type: 'mp3', data: Bytes }
  | { type: 'unsupported', codec: string }
  | { type: 'nothing' }

const NOTHING: Payload = { type: 'nothing' }
const VIDEO_CODECS: Record<number, string> = {
  1: 'JPEG', 2: 'Sorenson H.263', 3: 'Screen video', 4: 'VP6', 5: 'VP6 with alpha', 6: 'Screen video 2', 12: 'H.265',
}
const AUDIO_CODECS: Record<number, string> = {
  0: 'PCM', 1: 'ADPCM', 3: 'PCM', 4: 'Nellymoser', 5: 'Nellymoser', 6: 'Nellymoser', 7: 'G.711 A-law',
  8: 'G.711 µ-law', 11: 'Speex', 14: 'MP3 at 8 kHz', 15: 'sound of a device',
}
const AVC = 7
const MP3 = 2
const AAC = 10
const ENHANCED_AUDIO = 9
const COMMAND_FRAME = 5
const KEY_FRAME = 1

export const videoPayload = (body: Bytes): Payload => {
  if (body.length < 2) return NOTHING
  const frameType = (body[0] >> 4) & 7
  if (frameType === COMMAND_FRAME) return NOTHING
  if (body[0] & 0x80) return { type: 'unsupported', codec: fourCc(body) }
  const codec = body[0] & 0xf
  if (codec !== AVC) return { type: 'unsupported', codec: VIDEO_CODECS[codec] ?? `video codec ${codec}` }
  if (body.length <= 5) return NOTHING
  const data = body.subarray(5)
  if (body[1] === 0) return { type: 'config', codec: 'avc', record: data }
  if (body[1] !== 1) return NOTHING
  // A signed 24-bit number: the shifts carry its sign.
  const offset = ((body[2] << 24) | (body[3] << 16) | (body[4] << 8)) >> 8
  return { type: 'avc', isKey: frameType === KEY_FRAME, offset, data }
}

export const audioPayload = (body: Bytes): Payload => {
  if (body.length < 2) return NOTHING
  const codec = body[0] >> 4
  if (codec === ENHANCED_AUDIO) return { type: 'unsupported', codec: fourCc(body) }
  if (codec === MP3) return { type: 'mp3', data: body.subarray(1) }
  if (codec !== AAC) return { type: 'unsupported', codec: AUDIO_CODECS[codec] ?? `sound format ${codec}` }
  if (body.length === 2) return NOTHING
  const data = body.subarray(2)
  return body[1] === 0 ? { type: 'config', codec: 'aac', record: data } : { type: 'aac', data }
}

const fourCc = (body: Bytes): string => String.fromCharCode(...body.subarray(1, 5))

/** What onMetaData's codec ids announce; FourCCs come as text or as number. */
export const isPlayableId = (kind: TrackKind, id: unknown): boolean =>
  kind === 'video' ? id === AVC || id === 'avc1' || id === 0x61766331
    : id === AAC || id === MP3 || id === 'mp4a' || id === '.mp3' || id === 'mp3' || id === 0x6d703461
