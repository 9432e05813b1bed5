// What the server's own implementation made of bytes, this one has to make of them too. The transcripts are written by
// the Rust crate that speaks RTMP; its tests keep them as they are made.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { Bytes } from '../../src/bytes.ts'
import { decode, type Value } from '../../src/rtmp/amf0.ts'
import { ChunkReader } from '../../src/rtmp/chunk.ts'
import { Session } from '../../src/rtmp/session.ts'

interface Chunks { name: string, bytes: string, messages: unknown[], fails: boolean }
interface Values { name: string, bytes: string, values: unknown[], fails: boolean }
interface Conversation { server: string, told: unknown[] }

const transcript = <T>(name: string): T[] => JSON.parse(readFileSync(`test/transcripts/${name}.json`, 'utf8')) as T[]
const bytesOf = (hex: string): Bytes => new Uint8Array(Buffer.from(hex, 'hex'))
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** What the reader makes of bytes that come in pieces. */
const read = (pieces: Bytes[]): { messages: unknown[], fails: boolean } => {
  const reader = new ChunkReader()
  const messages: unknown[] = []
  try {
    for (const piece of pieces) {
      reader.push(piece)
      for (let message = reader.read(); message; message = reader.read()) {
        const { kind, time, stream, body } = message
        messages.push({ kind, time, stream, body: hexOf(body) })
      }
    }
    return { messages, fails: false }
  } catch {
    return { messages, fails: true }
  }
}

/** A value as transcripts have it. */
const shown = (value: Value): unknown => {
  if (typeof value === 'number') return { number: Number.isFinite(value) ? value : SPECIAL.get(String(value)) }
  if (typeof value === 'boolean') return { boolean: value }
  if (typeof value === 'string') return { string: value }
  if (value === null) return { null: true }
  if (Array.isArray(value)) return { array: value.map(shown) }
  if (value === undefined) return { other: true }
  return { object: Object.entries(value).map(([name, member]) => [name, shown(member)]) }
}

/** Rust's names for what is no number. */
const SPECIAL = new Map([['NaN', 'NaN'], ['Infinity', 'inf'], ['-Infinity', '-inf']])

describe('the other implementation and this one', () => {
  for (const { name, bytes, messages, fails } of transcript<Chunks>('chunks')) {
    it(`read the same messages: ${name}`, () => {
      const input = bytesOf(bytes)
      assert.deepEqual(read([input]), { messages, fails })
      for (let at = 1; at < input.length; at++) {
        assert.deepEqual(read([input.slice(0, at), input.slice(at)]), { messages, fails }, `cut at ${at}`)
      }
    })
  }

  for (const { name, bytes, values, fails } of transcript<Values>('amf0')) {
    it(`read the same values: ${name}`, () => {
      if (fails) assert.throws(() => decode(bytesOf(bytes)))
      else assert.deepEqual(decode(bytesOf(bytes)).map(shown), values)
    })
  }

  it('hear the same of a server', () => {
    const [{ server, told }] = transcript<Conversation>('conversation')
    const input = bytesOf(server)
    for (const step of [input.length, 1000, 7, 1]) {
      const session = new Session({ app: 'cfx/st', tcUrl: 'rtmp://h/cfx/st' }, new Uint8Array(1536))
      for (let at = 0; at < input.length; at += step) session.receive(input.slice(at, at + step))
      assert.deepEqual(session.takeEvents().map(heard).filter(event => event), told, `${step} bytes at a time`)
    }
  })
})

type Event = ReturnType<Session['takeEvents']>[number]

const heard = (event: Event): unknown => {
  if (event.type === 'status') {
    const { code, level, description } = event.status
    return { status: { code, level, description } }
  }
  if (event.type === 'media') {
    const { kind, time, body } = event.message
    return { media: { kind, time, body: hexOf(body) } }
  }
  return event.type === 'data' && { data: { time: event.time, name: event.name, value: shown(event.value) } }
}
