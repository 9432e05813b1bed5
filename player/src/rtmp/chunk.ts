// Chunks to messages and back (RTMP 1.0, section 5.3).
//
//   basic header   fmt << 6 | id        id 2..63
//                  fmt << 6 | 0, a      id a + 64
//                  fmt << 6 | 1, a, b   id a + 256 b + 64
//   fmt 0   time(3) length(3) type(1) stream(4, little-endian)      time is absolute
//   fmt 1   delta(3) length(3) type(1)
//   fmt 2   delta(3)
//   fmt 3   nothing: goes on with the message, or starts one like the last
//   a time or delta of FFFFFF: 4 more bytes with the real one follow, on fmt 3 chunks of that message too

import { concat, NO_BYTES, u24, view, type Bytes } from '../bytes.ts'
import { ProtocolError } from './error.ts'
import { Kind, numberOf, type Message } from './message.ts'

const DEFAULT_SIZE = 128
const EXTENDED = 0xffffff
const HEADER_SIZE = [11, 7, 3, 0]
const MOST_STREAMS = 64
const MOST_UNFINISHED = 32 << 20

/** What is remembered of a chunk stream. */
interface Stream {
  time: number
  /** What a header without a time repeats; after fmt 0 that is the absolute time itself (5.3.1.2.4). */
  delta: number
  isExtended: boolean
  length: number
  kind: number
  messageStream: number
  /** The message under way: room for it, and how much of that is filled. */
  room: Bytes
  have: number
  isUnderWay: boolean
}

interface Header {
  format: number
  id: number
  time: number
  /** Bytes without the extended time. */
  size: number
  /** Where the fields begin. */
  basic: number
}

/** Puts messages together. Set Chunk Size and Abort act here, at once, and are returned like all others. */
export class ChunkReader {
  private input: Bytes = NO_BYTES
  private at = 0
  private size = DEFAULT_SIZE
  private readonly streams = new Map<number, Stream>()
  private current: Stream | undefined
  private payloadLeft = 0
  private unfinished = 0

  push(bytes: Bytes): void {
    this.input = this.at === this.input.length ? bytes : concat([this.input.subarray(this.at), bytes])
    this.at = 0
  }

  /** The next whole message; none: more bytes are needed, and less than a header is held of those that came. */
  read(): Message | undefined {
    for (;;) {
      if (!this.current && !this.beginChunk()) return undefined
      const message = this.takePayload()
      if (message) {
        this.act(message)
        return message
      }
      if (this.current) return undefined
    }
  }

  private beginChunk(): boolean {
    const header = this.header()
    if (!header) return false
    const known = this.streams.get(header.id)
    checkOrder(header, known)
    const fields = view(this.input)
    const end = this.at + header.size
    let extended: number | undefined
    if (header.format === 3 ? known!.isExtended : header.time === EXTENDED) {
      if (this.input.length < end + 4) return false
      extended = fields.getUint32(end)
    }
    const stream = known ?? this.newStream(header.id)
    const isConsumed = extended !== undefined && this.takesExtended(stream, extended)
    if (!stream.isUnderWay) this.startMessage(stream, header, extended)
    this.at = end + (isConsumed ? 4 : 0)
    this.current = stream
    this.payloadLeft = Math.min(stream.length - stream.have, this.size)
    return true
  }

  private header(): Header | undefined {
    const { input, at } = this
    const left = input.length - at
    if (left < 1) return undefined
    const low = input[at] & 0x3f
    const basic = low < 2 ? low + 2 : 1
    const format = input[at] >> 6
    const size = basic + HEADER_SIZE[format]
    if (left < size) return undefined
    const id = low === 0 ? input[at + 1] + 64 : low === 1 ? input[at + 1] + 256 * input[at + 2] + 64 : low
    return { format, id, time: format < 3 ? u24(input, at + basic) : 0, size, basic: at + basic }
  }

  private newStream(id: number): Stream {
    if (this.streams.size >= MOST_STREAMS) throw new ProtocolError('too many chunk streams')
    const stream: Stream = {
      time: 0, delta: 0, isExtended: false, length: 0, kind: 0, messageStream: 0, room: NO_BYTES, have: 0, isUnderWay: false,
    }
    this.streams.set(id, stream)
    return stream
  }

  /**
   * Old encoders leave the extended time out of continuation chunks: four bytes that are not what the message's
   * first header said must be payload.
   */
  private takesExtended(stream: Stream, extended: number): boolean {
    return !stream.isUnderWay || extended === stream.delta || extended === stream.time
  }

  private startMessage(stream: Stream, header: Header, extended: number | undefined): void {
    const { input } = this
    const time = extended ?? header.time
    if (header.format === 0) {
      stream.time = time
      stream.messageStream = view(input).getUint32(header.basic + 7, true)
    } else {
      stream.time = (stream.time + (header.format === 3 ? stream.delta : time)) >>> 0
    }
    if (header.format < 2) {
      stream.length = u24(input, header.basic + 3)
      stream.kind = input[header.basic + 6]
    }
    if (header.format < 3) {
      stream.delta = time
      stream.isExtended = extended !== undefined
    }
    stream.isUnderWay = true
  }

  private takePayload(): Message | undefined {
    const stream = this.current!
    const count = Math.min(this.payloadLeft, this.input.length - this.at)
    makeRoom(stream, stream.have + count)
    stream.room.set(this.input.subarray(this.at, this.at + count), stream.have)
    this.at += count
    this.payloadLeft -= count
    stream.have += count
    this.unfinished += count
    if (this.payloadLeft === 0) this.current = undefined
    if (stream.have === stream.length) {
      const body = stream.room
      this.forget(stream)
      return { time: stream.time, kind: stream.kind, stream: stream.messageStream, body }
    }
    if (this.unfinished > MOST_UNFINISHED) throw new ProtocolError('too much of unfinished messages')
    return undefined
  }

  private forget(stream: Stream): void {
    this.unfinished -= stream.have
    stream.room = NO_BYTES
    stream.have = 0
    stream.isUnderWay = false
  }

  private act(message: Message): void {
    if (message.kind === Kind.SetChunkSize) {
      this.size = numberOf(message)
      if (this.size < 1 || this.size > 0x7fffffff) throw new ProtocolError(`a chunk size of ${this.size}`)
    } else if (message.kind === Kind.Abort) {
      const stream = this.streams.get(numberOf(message))
      if (stream?.isUnderWay) this.forget(stream)
    }
  }
}

/** The room grows with what came, never by what a header promises. */
const makeRoom = (stream: Stream, need: number): void => {
  if (need <= stream.room.length) return
  const room = new Uint8Array(Math.min(stream.length, Math.max(need, 2 * stream.room.length)))
  room.set(stream.room)
  stream.room = room
}

const checkOrder = (header: Header, known: Stream | undefined): void => {
  if (header.format < 3 && known?.isUnderWay) {
    throw new ProtocolError(`chunk stream ${header.id}: a new header in the middle of a message`)
  }
  // librtmp begins some streams with fmt 1, so only what says no length at all is refused.
  if (header.format > 1 && !known) throw new ProtocolError(`chunk stream ${header.id}: the first header has no length`)
}

/** The chunk streams a client uses, as Flash Player does. */
export const ChunkStream = { Control: 2, Command: 3, Play: 8 } as const

/** One message as chunks of the default size: what a client says is short. */
export const chunked = (chunkStream: number, message: Message): Bytes => {
  const { body } = message
  const head = new Uint8Array(12)
  const fields = view(head)
  head[0] = chunkStream
  fields.setUint32(4, (body.length << 8) | message.kind)
  fields.setUint32(8, message.stream, true)
  const parts: Uint8Array[] = [head]
  for (let at = 0; at < body.length || at === 0; at += DEFAULT_SIZE) {
    if (at > 0) parts.push(Uint8Array.of(0xc0 | chunkStream))
    parts.push(body.subarray(at, at + DEFAULT_SIZE))
  }
  return concat(parts)
}
