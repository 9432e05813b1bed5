// RTMP messages (RTMP 1.0, sections 5.4, 6.2 and 7.1).

import { concat, u32, view, type Bytes } from '../bytes.ts'
import { decode, encode, type Value } from './amf0.ts'
import { ProtocolError } from './error.ts'

/** Message types. */
export const Kind = {
  SetChunkSize: 1, Abort: 2, Acknowledgement: 3, UserControl: 4, WindowSize: 5, PeerBandwidth: 6,
  Audio: 8, Video: 9, DataAmf3: 15, CommandAmf3: 17, DataAmf0: 18, CommandAmf0: 20, Aggregate: 22,
} as const

/** User control events. */
export const Control = {
  StreamBegin: 0, StreamEof: 1, SetBufferLength: 3, PingRequest: 6, PingResponse: 7,
} as const

export interface Message {
  /** The absolute time, ms, modulo 2^32. */
  time: number
  kind: number
  stream: number
  body: Bytes
}

export interface Command {
  name: string
  transaction: number
  /** The command object first, which is mostly null. */
  values: Value[]
}

/** The number that is the body of a control message. */
export const numberOf = (message: Message): number => {
  if (message.body.length < 4) throw new ProtocolError(`message type ${message.kind}: too short`)
  return view(message.body).getUint32(0)
}

export const control = (kind: number, number: number): Message =>
  ({ time: 0, kind, stream: 0, body: u32(number) })

export const userControl = (event: number, ...data: number[]): Message =>
  ({ time: 0, kind: Kind.UserControl, stream: 0, body: concat([Uint8Array.of(event >> 8, event), u32(...data)]) })

export const command = (stream: number, name: string, transaction: number, ...values: Value[]): Message =>
  ({ time: 0, kind: Kind.CommandAmf0, stream, body: encode([name, transaction, ...values]) })

export const valuesOf = (message: Message): Value[] => {
  const isAmf3 = message.kind === Kind.CommandAmf3 || message.kind === Kind.DataAmf3
  // What is called AMF3 here is AMF0 behind a format byte of 0; AMF3 itself is only sent to who asked for it.
  return decode(isAmf3 ? message.body.subarray(1) : message.body)
}

export const commandOf = (message: Message): Command => {
  const [name, transaction, ...values] = valuesOf(message)
  if (typeof name !== 'string') throw new ProtocolError('a command without a name')
  return { name, transaction: typeof transaction === 'number' ? transaction : 0, values }
}

const TAG_HEAD = 11
const BACK_POINTER = 4

/** The messages in an aggregate: FLV tags, whose times count from the message's own. */
export const partsOf = (aggregate: Message): Message[] => {
  const { body, time, stream } = aggregate
  const numbers = view(body)
  const parts: Message[] = []
  let first: number | undefined
  for (let at = 0; at + TAG_HEAD <= body.length;) {
    const length = numbers.getUint32(at) & 0xffffff
    const stamp = ((numbers.getUint32(at + 4) >>> 8) | (body[at + 7] << 24)) >>> 0
    first ??= stamp
    const end = at + TAG_HEAD + length
    if (end > body.length) throw new ProtocolError('a tag goes on behind its aggregate')
    const kind = body[at] & 0x1f
    if (kind === Kind.Aggregate) throw new ProtocolError('an aggregate in an aggregate')
    parts.push({ time: (time + stamp - first) >>> 0, kind, stream, body: body.slice(at + TAG_HEAD, end) })
    at = end + BACK_POINTER
  }
  return parts
}
