// AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1).

import type { Bytes } from '../bytes.ts'

export interface AudioConfig {
  codec: string
  /** Samples a second; of HE-AAC its core's, which frames count in. */
  rate: number
  channels: number
  /** Samples in a frame. */
  frameLength: number
}

const RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350]
const CHANNELS = [2, 1, 2, 3, 4, 5, 6, 8]
const EXPLICIT_RATE = 15
const SBR = 5
const PS = 29

/** `undefined`: this is none that could be played. */
export const aacConfig = (config: Bytes): AudioConfig | undefined => {
  let at = 0
  const read = (count: number): number => {
    let value = 0
    for (; count > 0; count--, at++) value = value * 2 + (((config[at >> 3] ?? 0) >> (7 - (at & 7))) & 1)
    return value
  }
  const objectType = (): number => {
    const type = read(5)
    return type === 31 ? 32 + read(6) : type
  }
  const frequency = (): number => {
    const index = read(4)
    return index === EXPLICIT_RATE ? read(24) : RATES[index]
  }
  if (config.length < 2) return undefined
  const type = objectType()
  const rate = frequency()
  const channels = CHANNELS[read(4)]
  if (type === SBR || type === PS) {
    frequency()
    objectType()
  }
  // The first flag of what follows for the AAC family: 960 samples instead of 1024.
  const frameLength = read(1) ? 960 : 1024
  return type && rate && channels ? { codec: `mp4a.40.${type}`, rate, channels, frameLength } : undefined
}
