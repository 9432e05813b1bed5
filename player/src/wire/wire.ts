// What carries the bytes of RTMP.

import type { Bytes } from '../bytes.ts'

export type Transport = 'websocket' | 'rtmpt'

/** Why a wire is no more: a WebSocket's close code, or the one that a tunnel's end comes to (RFC 6455, 7.4.1). */
export interface WireEnd {
  code: number
  reason: string
}

/** The codes with a meaning of their own; all others are lost connections. */
export const Close = { End: 1000, Drain: 1001, Lost: 1006, Refused: 1008, TooMany: 1013 } as const

export interface WireEvents {
  bytes(bytes: Bytes): void
  /** Comes once, and not after {@link Wire.close}. */
  closed(end: WireEnd): void
}

export interface Wire {
  send(bytes: Bytes): void
  close(): void
  /** Nothing is expected for a while: a wire that has to ask for bytes asks seldom. */
  rest(isResting: boolean): void
}
