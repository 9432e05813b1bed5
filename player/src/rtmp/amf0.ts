// AMF0 (Action Message Format, Adobe 2007): the values in commands and data messages.

import { concat, view, type Bytes } from '../bytes.ts'
import { ProtocolError } from './error.ts'

export type Value = number | boolean | string | null | undefined | Value[] | AmfObject
export interface AmfObject { [name: string]: Value }

// A hostile message must cost no more than its own size: values nest and count only so far.
const MOST_DEPTH = 16
const MOST_VALUES = 100_000
const LONGEST_SHORT_STRING = 0xffff

const enum Marker {
  Number = 0x00, Boolean = 0x01, String = 0x02, Object = 0x03, Null = 0x05, Undefined = 0x06,
  EcmaArray = 0x08, ObjectEnd = 0x09, StrictArray = 0x0a, Date = 0x0b, LongString = 0x0c,
  Unsupported = 0x0d, Xml = 0x0f, TypedObject = 0x10,
}

/** Everything in `bytes`, one value behind the other. */
export const decode = (bytes: Uint8Array): Value[] => {
  const reader = new Reader(bytes)
  const values: Value[] = []
  while (!reader.isAtEnd()) values.push(reader.value(0))
  return values
}

export const encode = (values: readonly Value[]): Bytes => {
  const parts: Uint8Array[] = []
  values.forEach(value => write(value, parts))
  return concat(parts)
}

export const isObject = (value: Value): value is AmfObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A member that is a string, of what may be an object. */
export const text = (value: Value, name: string): string => {
  const member = isObject(value) ? value[name] : undefined
  return typeof member === 'string' ? member : ''
}

class Reader {
  private at = 0
  private values = 0
  private readonly numbers: DataView

  constructor(private readonly bytes: Uint8Array) {
    this.numbers = view(bytes)
  }

  isAtEnd(): boolean {
    return this.at === this.bytes.length
  }

  value(depth: number): Value {
    if (depth > MOST_DEPTH) throw new ProtocolError('AMF0: values nest too deep')
    if (++this.values > MOST_VALUES) throw new ProtocolError('AMF0: too many values')
    const marker = this.u8()
    switch (marker) {
      case Marker.Number: return this.numbers.getFloat64(this.take(8))
      case Marker.Boolean: return this.u8() !== 0
      case Marker.String: return this.string(this.u16())
      case Marker.Object: return this.members(depth)
      case Marker.Null: return null
      case Marker.Undefined:
      case Marker.Unsupported: return undefined
      case Marker.EcmaArray:
        // The count is a hint only: the end marker decides.
        this.take(4)
        return this.members(depth)
      case Marker.StrictArray: return this.array(depth)
      case Marker.Date: return this.date()
      case Marker.LongString:
      case Marker.Xml: return this.string(this.u32())
      case Marker.TypedObject:
        this.string(this.u16())
        return this.members(depth)
      default: throw new ProtocolError(`AMF0: marker ${marker} at byte ${this.at - 1}`)
    }
  }

  private members(depth: number): AmfObject {
    // No prototype: a member called `__proto__` is a member like any other.
    const object: AmfObject = Object.create(null) as AmfObject
    for (;;) {
      const name = this.string(this.u16())
      if (name === '' && this.bytes[this.at] === Marker.ObjectEnd) {
        this.at++
        return object
      }
      object[name] = this.value(depth + 1)
    }
  }

  private array(depth: number): Value[] {
    const array: Value[] = []
    // Nothing is allocated by the count: each value takes a byte at least, or the bytes end.
    for (let left = this.u32(); left > 0; left--) array.push(this.value(depth + 1))
    return array
  }

  private date(): number {
    const time = this.numbers.getFloat64(this.take(8))
    this.take(2)
    return time
  }

  private string(length: number): string {
    const at = this.take(length)
    return new TextDecoder().decode(this.bytes.subarray(at, at + length))
  }

  private u8(): number {
    return this.bytes[this.take(1)]
  }

  private u16(): number {
    return this.numbers.getUint16(this.take(2))
  }

  private u32(): number {
    return this.numbers.getUint32(this.take(4))
  }

  /** Steps over `count` bytes and says where they begin. */
  private take(count: number): number {
    const at = this.at
    if (count > this.bytes.length - at) throw new ProtocolError(`AMF0: the message ends inside a value at byte ${at}`)
    this.at += count
    return at
  }
}

const write = (value: Value, parts: Uint8Array[]): void => {
  if (value === null || value === undefined) {
    parts.push(Uint8Array.of(value === null ? Marker.Null : Marker.Undefined))
  } else if (typeof value === 'boolean') {
    parts.push(Uint8Array.of(Marker.Boolean, Number(value)))
  } else if (typeof value === 'number') {
    const bytes = new Uint8Array(9)
    view(bytes).setFloat64(1, value)
    parts.push(bytes)
  } else if (typeof value === 'string') {
    writeString(value, parts)
  } else if (Array.isArray(value)) {
    const count = value.length
    parts.push(Uint8Array.of(Marker.StrictArray, count >>> 24, count >>> 16, count >>> 8, count))
    value.forEach(item => write(item, parts))
  } else {
    parts.push(Uint8Array.of(Marker.Object))
    for (const [name, member] of Object.entries(value)) {
      parts.push(shortString(new TextEncoder().encode(name)))
      write(member, parts)
    }
    parts.push(Uint8Array.of(0, 0, Marker.ObjectEnd))
  }
}

const shortString = (bytes: Uint8Array): Bytes => concat([Uint8Array.of(bytes.length >> 8, bytes.length), bytes])

const writeString = (value: string, parts: Uint8Array[]): void => {
  const bytes = new TextEncoder().encode(value)
  if (bytes.length <= LONGEST_SHORT_STRING) {
    parts.push(Uint8Array.of(Marker.String), shortString(bytes))
  } else {
    const length = bytes.length
    parts.push(Uint8Array.of(Marker.LongString, length >>> 24, length >>> 16, length >>> 8, length), bytes)
  }
}
