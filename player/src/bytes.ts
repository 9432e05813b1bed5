/** Bytes that `SourceBuffer` and `WebSocket` take as they are: never a view of shared memory. */
export type Bytes = Uint8Array<ArrayBuffer>

export const NO_BYTES: Bytes = new Uint8Array(0)

export const concat = (parts: readonly Uint8Array[]): Bytes => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export const equal = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, index) => byte === other[index])

export const view = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Big-endian, as everything in RTMP but two fields, and everything in MP4. */
export const u24 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2]

export const u32 = (...numbers: number[]): Bytes => {
  const bytes = new Uint8Array(4 * numbers.length)
  numbers.forEach((number, index) => view(bytes).setUint32(4 * index, number))
  return bytes
}
