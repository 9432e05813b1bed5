// The plain handshake (RTMP 1.0, section 5.2). Keys belong into TLS: a page that wants them has wss.

import { concat, type Bytes } from '../bytes.ts'
import { ProtocolError } from './error.ts'

export const BLOCK = 1536
const VERSION = 3

export class Handshake {
  private held: Uint8Array[] = []
  private length = 0

  /** C0 and C1. The second field is zero: a version there would ask for a digest. */
  hello(random: Uint8Array): Bytes {
    const bytes = new Uint8Array(1 + BLOCK)
    bytes[0] = VERSION
    bytes.set(random.subarray(0, BLOCK - 8), 9)
    return bytes
  }

  /** C2 and what stands behind S2, once S0, S1 and S2 are in. */
  receive(bytes: Uint8Array): { answer: Bytes, rest: Bytes } | undefined {
    if (this.length === 0 && bytes.length > 0 && bytes[0] !== VERSION) {
      throw new ProtocolError(`handshake: version ${bytes[0]} is not RTMP`)
    }
    this.held.push(bytes)
    this.length += bytes.length
    if (this.length < 1 + 2 * BLOCK) return undefined
    const whole = concat(this.held)
    this.held = []
    return { answer: whole.slice(1, 1 + BLOCK), rest: whole.slice(1 + 2 * BLOCK) }
  }
}
