// Fragmented MP4 as Media Source Extensions take it (ISO/IEC 14496-12; "ISO BMFF Byte Stream Format").

import { concat, u32, view, type Bytes } from '../bytes.ts'
import type { Fragment, Sample } from './timeline.ts'

export type TrackDescription =
  | { kind: 'video', timescale: number, width: number, height: number, record: Bytes }
  | { kind: 'audio', timescale: number, channels: number, objectType: ObjectType, record: Bytes }

/** ISO/IEC 14496-1, table 5. */
export const ObjectType = { Aac: 0x40, Mp3: 0x6b } as const
export type ObjectType = typeof ObjectType[keyof typeof ObjectType]

const TRACK = 1
const UNDETERMINED_LANGUAGE = 0x55c4
const ONE = 0x10000
const KEY_FLAGS = 0x02000000
const DELTA_FLAGS = 0x01010000
const BASE_IS_MOOF = 0x020000
const AUDIO_VOLUME = 0x01000000
/** trun: data offset; then duration, size, flags and composition offset of each sample. */
const RUN_FLAGS = 0x000f01
const SIGNED_OFFSETS = 0x01000000

const box = (type: string, ...parts: Uint8Array[]): Bytes => {
  const name = Uint8Array.from(type, letter => letter.charCodeAt(0))
  const size = parts.reduce((sum, part) => sum + part.length, 8)
  return concat([u32(size), name, ...parts])
}

const u16 = (...numbers: number[]): Bytes => Uint8Array.from(numbers.flatMap(number => [number >> 8, number & 0xff]))
const zeros = (count: number): Bytes => new Uint8Array(count)
const MATRIX = u32(ONE, 0, 0, 0, ONE, 0, 0, 0, 0x40000000)

/** The initialisation segment of one track. */
export const initSegment = (track: TrackDescription): Bytes => {
  const isVideo = track.kind === 'video'
  const [width, height] = isVideo ? [track.width, track.height] : [0, 0]
  const header = box('tkhd', u32(3, 0, 0, TRACK, 0, 0, 0, 0, 0, isVideo ? 0 : AUDIO_VOLUME), MATRIX,
    u32(width * ONE, height * ONE))
  const media = box('mdia',
    box('mdhd', u32(0, 0, 0, track.timescale, 0), u16(UNDETERMINED_LANGUAGE, 0)),
    box('hdlr', u32(0, 0), text(isVideo ? 'vide' : 'soun'), zeros(13)),
    box('minf',
      isVideo ? box('vmhd', u32(1), zeros(8)) : box('smhd', zeros(8)),
      box('dinf', box('dref', u32(0, 1), box('url ', u32(1)))),
      box('stbl', box('stsd', u32(0, 1), isVideo ? avc1(track) : mp4a(track)),
        box('stts', zeros(8)), box('stsc', zeros(8)), box('stsz', zeros(12)), box('stco', zeros(8)))))
  return concat([
    box('ftyp', text('iso5'), u32(512), text('iso5iso6mp41')),
    box('moov',
      box('mvhd', u32(0, 0, 0, 1000, 0, ONE, AUDIO_VOLUME, 0, 0), MATRIX, zeros(24), u32(TRACK + 1)),
      box('trak', header, media),
      box('mvex', box('trex', u32(0, TRACK, 1, 0, 0, 0)))),
  ])
}

const text = (letters: string): Bytes => Uint8Array.from(letters, letter => letter.charCodeAt(0))

const avc1 = ({ width, height, record }: Extract<TrackDescription, { kind: 'video' }>): Bytes =>
  box('avc1', zeros(6), u16(1), zeros(16), u16(width, height), u32(72 * ONE, 72 * ONE, 0), u16(1), zeros(32),
    u16(24, 0xffff), box('avcC', record))

const mp4a = ({ timescale, channels, objectType, record }: Extract<TrackDescription, { kind: 'audio' }>): Bytes => {
  // 16.16 has no room for more than 65535: the configuration says it then.
  const rate = timescale < ONE ? timescale * ONE : 0
  return box('mp4a', zeros(6), u16(1), zeros(8), u16(channels, 16, 0, 0), u32(rate), esds(objectType, record))
}

/** ISO/IEC 14496-1, 7.2.6: ES, DecoderConfig, DecoderSpecificInfo and SLConfig descriptors. */
const esds = (objectType: number, record: Bytes): Bytes => {
  const specific = record.length > 0 ? descriptor(5, record) : zeros(0)
  const decoder = descriptor(4, Uint8Array.of(objectType, 0x15, 0, 0, 0), u32(0, 0), specific)
  return box('esds', u32(0), descriptor(3, u16(TRACK), zeros(1), decoder, descriptor(6, Uint8Array.of(2))))
}

const descriptor = (tag: number, ...parts: Uint8Array[]): Bytes => {
  const body = concat(parts)
  const length = body.length
  return concat([Uint8Array.of(tag, 0x80 | (length >> 21), 0x80 | (length >> 14), 0x80 | (length >> 7), length & 0x7f), body])
}

/** A media segment: one run of samples. */
export const mediaSegment = (fragment: Fragment, sequence: number): Bytes => {
  const { time, samples } = fragment
  const head = box('moof',
    box('mfhd', u32(0, sequence)),
    box('traf',
      box('tfhd', u32(BASE_IS_MOOF, TRACK)),
      box('tfdt', u32(0x01000000, Math.floor(time / 2 ** 32), time >>> 0)),
      box('trun', u32(SIGNED_OFFSETS | RUN_FLAGS, samples.length, 0), run(samples))))
  // The data offset, which counts from the moof: trun is its last box, and the offset stands before the run.
  view(head).setUint32(head.length - 16 * samples.length - 4, head.length + 8)
  return concat([head, box('mdat', ...samples.map(sample => sample.data))])
}

const run = (samples: readonly Sample[]): Bytes =>
  u32(...samples.flatMap(({ duration, data, isKey, offset }) =>
    [duration, data.length, isKey ? KEY_FLAGS : DELTA_FLAGS, offset]))
