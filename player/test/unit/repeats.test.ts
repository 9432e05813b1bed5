import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Fragment } from '../../src/media/timeline.ts'
import { Repeats } from '../../src/mse/repeats.ts'

const fragment = (time: number, isKey: boolean): Fragment => ({
  time, isNewRun: false, credit: 1,
  samples: [{ time, duration: 500, offset: 80, isKey, data: new Uint8Array(1) }],
})
/** Groups of 2 s in fragments of half a second. */
const film = (from: number, to: number): Fragment[] =>
  Array.from({ length: (to - from) / 500 }, (_, index) => from + index * 500).map(time => fragment(time, time % 2000 === 0))
const sifted = (buffered: [number, number][], fragments: Fragment[]): number[][] => {
  const repeats = new Repeats(() => buffered.map(([start, end]) => ({ start, end })))
  return fragments.map(one => repeats.sift(one, 80).map(({ time }) => time))
}

describe('a group of pictures', () => {
  it('that is there is left out', () => {
    assert.deepEqual(sifted([[0.08, 8.08]], film(2000, 6000)).flat(), [])
  })

  it('that ends behind what is there comes as a whole', () => {
    assert.deepEqual(sifted([[0.08, 3.08]], film(2000, 4500)), [[], [], [2000, 2500, 3000], [3500], [4000]])
  })

  it('of which nothing is there comes as it comes', () => {
    assert.deepEqual(sifted([[10.08, 12.08]], film(2000, 3000)), [[2000], [2500]])
    assert.deepEqual(sifted([], film(2000, 3000)), [[2000], [2500]])
  })

  it('is forgotten when another place is sought', () => {
    const repeats = new Repeats(() => [{ start: 0.08, end: 3.08 }])
    assert.deepEqual(repeats.sift(fragment(2000, true), 80), [])
    repeats.drop()
    assert.deepEqual(repeats.sift(fragment(2500, false), 80).map(({ time }) => time), [2500])
  })
})
