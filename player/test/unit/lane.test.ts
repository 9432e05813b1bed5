import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Lane, type Credit } from '../../src/mse/lane.ts'

/** A SourceBuffer that takes so many bytes, and is done when told. */
class FakeBuffer extends EventTarget {
  updating = false
  timestampOffset = 0
  room = Infinity
  readonly log: string[] = []

  appendBuffer(bytes: Uint8Array): void {
    if (bytes.length > this.room) throw new DOMException('full', 'QuotaExceededError')
    this.room -= bytes.length
    this.begin(`append ${bytes.length}`)
  }

  remove(start: number, end: number): void {
    this.room = Infinity
    this.begin(`remove ${start} ${end}`)
  }

  changeType(mime: string): void {
    this.log.push(mime)
  }

  abort(): void {
    this.log.push('abort')
  }

  done(): void {
    this.updating = false
    this.dispatchEvent(new Event('updateend'))
  }

  private begin(what: string): void {
    if (this.updating) throw new DOMException('busy', 'InvalidStateError')
    this.updating = true
    this.log.push(what)
  }
}

const lane = (): { buffer: FakeBuffer, lane: Lane, moved: (Credit | undefined)[], told: unknown[] } => {
  const buffer = new FakeBuffer()
  const moved: (Credit | undefined)[] = []
  const told: unknown[] = []
  const events = { moved: (credit: Credit | undefined) => moved.push(credit), full: () => told.push('full'), failed: (error: unknown) => told.push(error) }
  return { buffer, lane: new Lane(buffer as unknown as SourceBuffer, events), moved, told }
}

const bytes = (count: number): Uint8Array<ArrayBuffer> => new Uint8Array(count)
const credit = (bytes: number, epoch = 0): Credit => ({ epoch, bytes })

describe('a lane', () => {
  it('does one thing at a time, in order', () => {
    const { buffer, lane: one, moved } = lane()
    one.append(bytes(1), credit(10))
    one.change('video/mp4')
    one.offset(7)
    one.append(bytes(2), credit(20))
    assert.deepEqual(buffer.log, ['append 1'])
    buffer.done()
    assert.deepEqual([buffer.log, buffer.timestampOffset], [['append 1', 'video/mp4', 'abort', 'append 2'], 7])
    buffer.done()
    assert.ok(one.isIdle)
    assert.deepEqual(moved.filter(Boolean), [credit(10), credit(20)])
  })

  it('says when it is full, and goes on with the same bytes once something was removed', () => {
    const { buffer, lane: one, told } = lane()
    buffer.room = 5
    one.append(bytes(9))
    one.append(bytes(1))
    assert.deepEqual([told, one.isFull], [['full'], true])
    one.evict(0, 10)
    buffer.done()
    buffer.done()
    assert.deepEqual(buffer.log, ['remove 0 10', 'append 9', 'append 1'])
    assert.ok(!one.isFull)
  })

  it('forgets media when told, but no configuration, and gives back only what this connection sent', () => {
    const { buffer, lane: one } = lane()
    one.append(bytes(1), credit(1, 1))
    one.append(bytes(2))
    one.append(bytes(3), credit(30, 0))
    one.append(bytes(4), credit(40, 1))
    assert.equal(one.drop(1), 40)
    buffer.done()
    assert.deepEqual(buffer.log, ['append 1', 'append 2'])
  })

  it('holds appends, not removals', () => {
    const { buffer, lane: one } = lane()
    one.hold(true)
    one.append(bytes(1))
    one.evict(0, 1)
    assert.deepEqual(buffer.log, ['remove 0 1'])
    buffer.done()
    one.hold(false)
    assert.deepEqual(buffer.log, ['remove 0 1', 'append 1'])
  })

  it('tells of anything else that a buffer throws', () => {
    const { buffer, lane: one, told } = lane()
    buffer.appendBuffer = () => { throw new DOMException('removed', 'InvalidStateError') }
    one.append(bytes(1))
    assert.equal((told[0] as DOMException).name, 'InvalidStateError')
  })
})
