import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { aheadOf, covers, evictionEnd, isToBeHeld, jumpTarget } from '../../src/mse/buffer.ts'

const range = (start: number, end: number): { start: number, end: number } => ({ start, end })

describe('a buffer', () => {
  it('covers a place when there is something behind it, or the end', () => {
    const ranges = [range(0.08, 10), range(20, 30)]
    const covered = [0, 5, 9.8, 10, 15, 20, 29.9, 30].map(time => covers(ranges, time, 30.05))
    assert.deepEqual(covered, [true, true, false, false, false, true, true, true])
    assert.equal(covers(ranges, 29.9, 60), false)
  })

  it('is ahead of the play head up to the next hole', () => {
    assert.equal(aheadOf([range(0, 10), range(20, 30)], 4), 6)
    assert.equal(aheadOf([range(0, 10), range(20, 30)], 12), 0)
  })

  it('gives up what was played long ago, in steps', () => {
    assert.equal(evictionEnd([range(0, 100)], 35), undefined)
    assert.equal(evictionEnd([range(0, 100)], 45), 15)
    assert.equal(evictionEnd([range(16, 100)], 45), undefined)
    assert.equal(evictionEnd([], 45), undefined)
  })

  const jump = (ranges: { start: number, end: number }[], time: number, landed?: number, head = 30): number | undefined =>
    jumpTarget(ranges, time, { landed, head })

  it('is jumped over in small gaps, if nothing is on the way to fill them', () => {
    assert.equal(jump([range(0.08, 10)], 0), 0.081)
    assert.equal(jump([range(0, 10), range(10.4, 20)], 10), 10.401)
    assert.equal(jump([range(0, 10), range(10.4, 20)], 10, undefined, 9), undefined)
    assert.equal(jump([range(0, 10), range(10.6, 20)], 10), undefined)
    assert.equal(jump([range(0, 10)], 5), undefined)
    assert.equal(jump([range(5.2, 5.3)], 5), undefined, 'too little to play')
  })

  it('is jumped to where a foreign server landed', () => {
    assert.equal(jump([range(12, 15)], 8, 12), 12.001)
    assert.equal(jump([range(12, 15)], 8, 7), undefined)
    assert.equal(jump([range(40, 45)], 8, 12), undefined, 'another range is not where it landed')
  })
})

describe('the server', () => {
  const held = (ahead: number, isPaused: boolean, isHeld: boolean): boolean => isToBeHeld({ ahead, isPaused, isHeld, limit: 30 })

  it('is held when there is a quarter more than the limit, until half of the limit is gone', () => {
    assert.deepEqual([37, 38].map(ahead => held(ahead, false, false)), [false, true])
    assert.deepEqual([16, 14].map(ahead => held(ahead, false, true)), [true, false])
  })

  it('is held sooner while nothing plays', () => {
    assert.deepEqual([9, 10].map(ahead => held(ahead, true, false)), [false, true])
    assert.deepEqual([6, 4].map(ahead => held(ahead, true, true)), [true, false])
  })
})
