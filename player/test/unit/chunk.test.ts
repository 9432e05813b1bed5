import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { concat, type Bytes } from '../../src/bytes.ts'
import { ChunkReader, chunked } from '../../src/rtmp/chunk.ts'
import { ProtocolError } from '../../src/rtmp/error.ts'
import { control, Kind, partsOf, type Message } from '../../src/rtmp/message.ts'

const read = (...inputs: Uint8Array[]): Message[] => {
  const reader = new ChunkReader()
  const messages: Message[] = []
  for (const input of inputs) {
    reader.push(new Uint8Array(input))
    for (let message = reader.read(); message; message = reader.read()) messages.push(message)
  }
  return messages
}

/** Whatever way the bytes come, the messages are the same. */
const readInPieces = (input: Uint8Array): Message[] => {
  const whole = read(input)
  for (let at = 0; at <= input.length; at++) {
    assert.deepEqual(read(input.subarray(0, at), input.subarray(at)), whole, `cut at ${at}`)
  }
  assert.deepEqual(read(...Array.from(input, byte => Uint8Array.of(byte))), whole, 'byte by byte')
  return whole
}

const bytes = (...numbers: number[]): Bytes => Uint8Array.from(numbers)
const body = (length: number): Bytes => Uint8Array.from({ length }, (_, at) => at & 0xff)
/** fmt 0 on chunk stream 6: a video message on stream 1. */
const head = (time: number, length: number): Bytes =>
  bytes(6, time >> 16, time >> 8, time, length >> 16, length >> 8, length, Kind.Video, 1, 0, 0, 0)
const times = (messages: Message[]): number[] => messages.map(({ time }) => time)

describe('the chunk reader', () => {
  it('reads what the writer wrote', () => {
    const message: Message = { time: 0, kind: Kind.CommandAmf0, stream: 3, body: body(1000) }
    assert.deepEqual(readInPieces(chunked(3, message)), [message])
  })

  it('counts times by every format of header', () => {
    const input = concat([
      head(1000, 1), bytes(9), bytes(0x46, 0, 0, 40, 0, 0, 2, Kind.Audio), bytes(1, 2), bytes(0x86, 0, 0, 20), bytes(3, 4),
      bytes(0xc6), bytes(5, 6),
    ])
    const messages = readInPieces(input)
    assert.deepEqual(times(messages), [1000, 1040, 1060, 1080])
    assert.deepEqual(messages.map(({ kind, stream, body }) => [kind, stream, [...body]]), [
      [Kind.Video, 1, [9]], [Kind.Audio, 1, [1, 2]], [Kind.Audio, 1, [3, 4]], [Kind.Audio, 1, [5, 6]],
    ])
  })

  it('repeats the absolute time behind fmt 0, as librtmp does', () => {
    assert.deepEqual(times(readInPieces(concat([head(1000, 1), bytes(9), bytes(0xc6, 9)]))), [1000, 2000])
  })

  it('takes all lengths of ids, the long one little-endian', () => {
    const short = concat([bytes(0, 6), head(7, 1).subarray(1), bytes(9)])
    const long = concat([bytes(1, 6, 1), head(8, 1).subarray(1), bytes(9)])
    const again = bytes(0x80 | 1, 6, 0, 0, 0, 5, 9)
    assert.deepEqual(times(readInPieces(concat([short, long, again]))), [7, 8, 12])
  })

  it('reads extended times, on chunks that go on as well', () => {
    const stamp = bytes(0x80, 0, 0, 1)
    const input = concat([head(0xffffff, 200), stamp, body(128), bytes(0xc6), stamp, body(72)])
    const [message] = readInPieces(input)
    assert.equal(message.time, 0x80000001)
    assert.deepEqual(message.body, concat([body(128), body(72)]))
  })

  it('does without extended times on chunks that go on, as old encoders do', () => {
    const input = concat([head(0xffffff, 200), bytes(1, 0, 0, 0), body(128), bytes(0xc6), body(72)])
    const [message] = readInPieces(input)
    assert.deepEqual([message.time, message.body.length], [0x1000000, 200])
  })

  it('lets times wrap around', () => {
    const input = concat([head(0xffffff, 1), bytes(255, 255, 255, 255), bytes(9), bytes(0x46, 0, 0, 2, 0, 0, 1, 9, 9)])
    assert.deepEqual(times(readInPieces(input)), [0xffffffff, 1])
  })

  it('obeys chunk sizes and aborts, between the chunks of another message', () => {
    const size = chunked(2, control(Kind.SetChunkSize, 300))
    const abort = chunked(2, control(Kind.Abort, 6))
    assert.deepEqual(readInPieces(concat([size, head(1, 300), body(300)])).map(({ body }) => body.length), [4, 300])
    const input = concat([head(1, 200), body(128), abort, head(5, 1), bytes(9)])
    assert.deepEqual(times(readInPieces(input)), [0, 5])
  })

  it('refuses headers that make no sense where they stand', () => {
    for (const bad of [
      bytes(0x86, 0, 0, 1), bytes(0xc6), concat([head(1, 200), body(128), head(2, 10)]),
      chunked(2, control(Kind.SetChunkSize, 0)), chunked(2, control(Kind.SetChunkSize, 0x80000000)),
      concat(Array.from({ length: 80 }, (_, id) => concat([bytes(0, id), head(1, 200).subarray(1), body(128)]))),
    ]) assert.throws(() => read(bad), ProtocolError)
  })

  it('holds no more than what came, whatever a header promises', () => {
    const started = concat(Array.from({ length: 60 }, (_, id) => concat([bytes(0, id), head(1, 0xffffff).subarray(1), body(128)])))
    const before = process.memoryUsage().arrayBuffers
    read(started)
    assert.ok(process.memoryUsage().arrayBuffers - before < 8 << 20)
  })
})

describe('an aggregate', () => {
  const tag = (kind: number, time: number, ...data: number[]): Bytes =>
    bytes(kind, 0, 0, data.length, time >> 16, time >> 8, time, time >> 24, 0, 0, 0, ...data, 0, 0, 0, data.length + 11)

  it('holds messages whose times count from its own', () => {
    const body = concat([tag(8, 77_777, 1), tag(9, 77_800, 2, 3), tag(8, 0x1012fd1, 4)])
    const parts = partsOf({ kind: Kind.Aggregate, time: 1000, stream: 1, body })
    assert.deepEqual(parts.map(({ kind, time, body }) => [kind, time, ...body]),
      [[8, 1000, 1], [9, 1023, 2, 3], [8, 0x1000000 + 1000, 4]])
  })

  it('is refused when a tag goes on behind it, or is one itself', () => {
    const broken = tag(8, 0, 1, 2, 3).slice(0, 12)
    for (const body of [broken, tag(Kind.Aggregate, 0, 1)]) {
      assert.throws(() => partsOf({ kind: Kind.Aggregate, time: 0, stream: 1, body }), ProtocolError)
    }
  })
})
