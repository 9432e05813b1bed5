import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decode, encode, isObject, type Value } from '../../src/rtmp/amf0.ts'
import { ProtocolError } from '../../src/rtmp/error.ts'

const plain = (value: Value): Value =>
  isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]))
    : Array.isArray(value) ? value.map(plain) : value

const bytes = (...parts: (number | string)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap(part => typeof part === 'number' ? [part] : [...new TextEncoder().encode(part)]))

describe('AMF0', () => {
  it('gives back what was written', () => {
    const values: Value[] = [
      'connect', 1, -0.5, NaN, true, false, null, undefined, '', 'ü'.repeat(40_000),
      { app: 'cfx/st', deep: { list: [1, 'two', null] }, '': 3 }, [],
    ]
    assert.deepEqual(decode(encode(values)).map(plain), values)
  })

  it('reads what only servers write', () => {
    const ecma = bytes(8, 0, 0, 0, 99, 0, 1, 'a', 5, 0, 0, 9)
    const typed = bytes(0x10, 0, 1, 'T', 0, 1, 'b', 1, 1, 0, 0, 9)
    const date = bytes(0x0b, 0x40, 0x59, 0, 0, 0, 0, 0, 0, 0, 60)
    const xml = bytes(0x0f, 0, 0, 0, 2, 'ab')
    const read = [ecma, typed, date, xml, bytes(0x0d)].map(value => decode(value).map(plain))
    assert.deepEqual(read, [[{ a: null }], [{ b: true }], [100], ['ab'], [undefined]])
  })

  it('takes a member called __proto__ for a member', () => {
    const [object] = decode(bytes(3, 0, 9, '__proto__', 2, 0, 1, 'x', 0, 0, 9))
    assert.ok(isObject(object))
    assert.equal(object.toString, undefined)
    assert.deepEqual(Object.keys(object), ['__proto__'])
  })

  it('refuses what ends in the middle of a value, wherever it is cut', () => {
    const whole = encode([{ name: 'x', list: [1, true, 'text'] }])
    for (let end = 1; end < whole.length; end++) {
      assert.throws(() => decode(whole.subarray(0, end)), ProtocolError, `cut at ${end}`)
    }
  })

  it('refuses depth, references, AMF3 and lengths that nothing stands behind', () => {
    const deep = bytes(...Array<number>(100).fill(0x0a).flatMap(marker => [marker, 0, 0, 0, 1]), 5)
    for (const bad of [deep, bytes(7, 0, 0), bytes(0x11, 4, 1), bytes(0x0c, 255, 255, 255, 255), bytes(0x0a, 255, 255, 255, 255)]) {
      assert.throws(() => decode(bad), ProtocolError)
    }
  })

  it('refuses more values than anybody means', () => {
    assert.throws(() => decode(new Uint8Array(200_000).fill(5)), /too many values/)
  })
})
