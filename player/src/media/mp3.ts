// Headers of MPEG audio frames, layer III (ISO/IEC 11172-3, 2.4.1.3; 13818-3).

import { view, type Bytes } from '../bytes.ts'
import type { AudioConfig } from './aac.ts'

const KBITS_1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
const KBITS_2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]
const RATES = [44100, 48000, 32000]
const LAYER_3 = 1

export interface Mp3Frames {
  config: AudioConfig
  count: number
}

/** What the frames in a message are; `undefined`: there is none at its begin. */
export const mp3Frames = (data: Bytes): Mp3Frames | undefined => {
  const first = frame(data, 0)
  if (!first) return undefined
  let count = 0
  for (let at = 0, next = frame(data, 0); next; next = frame(data, at)) {
    at += next.size
    count++
  }
  return { config: first.config, count }
}

const frame = (data: Bytes, at: number): { config: AudioConfig, size: number } | undefined => {
  if (at + 4 > data.length) return undefined
  const head = view(data).getUint32(at)
  const version = (head >>> 19) & 3
  const kbits = (version === 3 ? KBITS_1 : KBITS_2)[(head >>> 12) & 15]
  const base = RATES[(head >>> 10) & 3]
  if (head >>> 21 !== 0x7ff || version === 1 || ((head >>> 17) & 3) !== LAYER_3 || !kbits || !base) return undefined
  const rate = base >> (version === 3 ? 0 : version === 2 ? 1 : 2)
  const frameLength = version === 3 ? 1152 : 576
  const size = Math.floor(frameLength / 8 * kbits * 1000 / rate) + ((head >>> 9) & 1)
  return { config: { codec: 'mp3', rate, channels: ((head >>> 6) & 3) === 3 ? 1 : 2, frameLength }, size }
}
