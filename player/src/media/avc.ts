// AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1) and what a picture's size is (ITU-T H.264, 7.3.2.1.1).

import { view, type Bytes } from '../bytes.ts'

export interface AvcConfig {
  codec: string
  width: number
  height: number
}

/** `undefined`: this is no such record. */
export const avcConfig = (record: Bytes): AvcConfig | undefined => {
  if (record.length < 8 || record[0] !== 1 || (record[5] & 0x1f) === 0) return undefined
  const length = view(record).getUint16(6)
  const sps = record.subarray(8, 8 + length)
  if (length < 4 || sps.length < length) return undefined
  const hex = [record[1], record[2], record[3]].map(byte => byte.toString(16).padStart(2, '0')).join('')
  return { codec: `avc1.${hex}`, ...sizeOf(sps) }
}

/** The profiles whose SPS tells of chroma and bit depth. */
const HIGH = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]

const sizeOf = (sps: Bytes): { width: number, height: number } => {
  const bits = new Bits(sps)
  bits.skip(8)
  const profile = bits.read(8)
  bits.skip(16)
  bits.golomb()
  const chroma = HIGH.includes(profile) ? skipHigh(bits) : 1
  bits.golomb()
  skipOrder(bits)
  bits.golomb()
  bits.skip(1)
  const columns = bits.golomb() + 1
  const rows = bits.golomb() + 1
  const isFrames = bits.read(1)
  if (!isFrames) bits.skip(1)
  bits.skip(1)
  const [left, right, top, bottom] = bits.read(1) ? [0, 0, 0, 0].map(() => bits.golomb()) : [0, 0, 0, 0]
  const cropX = chroma === 1 || chroma === 2 ? 2 : 1
  const cropY = (chroma === 1 ? 2 : 1) * (2 - isFrames)
  return {
    width: Math.max(columns * 16 - (left + right) * cropX, 1),
    height: Math.max(rows * 16 * (2 - isFrames) - (top + bottom) * cropY, 1),
  }
}

/** The chroma format, with everything behind it up to the scaling lists stepped over. */
const skipHigh = (bits: Bits): number => {
  const chroma = bits.golomb()
  const isSeparate = chroma === 3 && bits.read(1)
  bits.golomb()
  bits.golomb()
  bits.skip(1)
  if (bits.read(1)) for (let list = 0; list < (chroma === 3 ? 12 : 8); list++) skipScalingList(bits, list < 6 ? 16 : 64)
  return isSeparate ? 0 : chroma
}

const skipScalingList = (bits: Bits, size: number): void => {
  if (!bits.read(1)) return
  let last = 8
  for (let at = 0, next = 8; at < size && next !== 0; at++) {
    next = (last + bits.signed() + 256) % 256
    last = next || last
  }
}

const skipOrder = (bits: Bits): void => {
  const type = bits.golomb()
  if (type === 0) bits.golomb()
  if (type !== 1) return
  bits.skip(1)
  bits.golomb()
  bits.golomb()
  // 255 is the most that the standard allows: whatever else stands there is no reason to go on for longer.
  for (let left = Math.min(bits.golomb(), 255); left > 0; left--) bits.golomb()
}

/** Bits without the emulation prevention bytes (H.264, 7.4.1); zeros behind the end. */
class Bits {
  private readonly bytes: number[]
  private at = 0

  constructor(unit: Bytes) {
    this.bytes = [...unit].filter((byte, at) => !(byte === 3 && at > 1 && unit[at - 1] === 0 && unit[at - 2] === 0))
  }

  read(count: number): number {
    let value = 0
    for (let left = count; left > 0; left--, this.at++) {
      value = value * 2 + (((this.bytes[this.at >> 3] ?? 0) >> (7 - (this.at & 7))) & 1)
    }
    return value
  }

  skip(count: number): void {
    this.at += count
  }

  golomb(): number {
    let zeros = 0
    while (zeros < 31 && this.read(1) === 0) zeros++
    return 2 ** zeros - 1 + this.read(zeros)
  }

  signed(): number {
    const code = this.golomb()
    return code % 2 ? (code + 1) / 2 : -code / 2
  }
}
