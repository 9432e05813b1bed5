// One SourceBuffer: what is to be done with it, in order, one thing at a time.

import type { Bytes } from '../bytes.ts'

/** What bytes of messages are given back when a task is done, and to which connection's count they belong. */
export interface Credit {
  epoch: number
  bytes: number
}

type Task =
  | { type: 'append', bytes: Bytes, credit?: Credit }
  | { type: 'remove', start: number, end: number }
  | { type: 'change', mime: string }
  /** Raw frames (audio/mpeg) carry no times: a run begins here. */
  | { type: 'offset', seconds: number }

export interface LaneEvents {
  /** A task is done. */
  moved(credit: Credit | undefined): void
  /** The browser takes no more (QuotaExceededError): something has to go first. */
  full(): void
  failed(error: unknown): void
}

export class Lane {
  private tasks: Task[] = []
  private current: Task | undefined
  /** Something has to go before more is taken. */
  isFull = false
  private isHeld = false

  constructor(private readonly buffer: SourceBuffer, private readonly events: LaneEvents) {
    buffer.addEventListener('updateend', () => this.finish())
  }

  get isIdle(): boolean {
    return this.tasks.length === 0 && !this.current
  }

  get buffered(): TimeRanges {
    return this.buffer.buffered
  }

  append(bytes: Bytes, credit?: Credit): void {
    this.push({ type: 'append', bytes, credit })
  }

  /** What follows is of another kind. */
  change(mime: string): void {
    this.push({ type: 'change', mime })
  }

  offset(seconds: number): void {
    this.push({ type: 'offset', seconds })
  }

  /** Before everything that waits. */
  evict(start: number, end: number): void {
    if (this.tasks[0]?.type === 'remove' || end <= start) return
    this.tasks.unshift({ type: 'remove', start, end })
    this.pump()
  }

  /** Nothing is appended while held (ManagedMediaSource without `streaming`). */
  hold(isHeld: boolean): void {
    this.isHeld = isHeld
    this.pump()
  }

  /** Forgets media that waits, but no configuration. The bytes that were forgotten, of this epoch. */
  drop(epoch: number): number {
    let bytes = 0
    this.tasks = this.tasks.filter(task => {
      if (task.type !== 'append' || !task.credit) return task.type !== 'offset'
      if (task.credit.epoch === epoch) bytes += task.credit.bytes
      return false
    })
    return bytes
  }

  private push(task: Task): void {
    this.tasks.push(task)
    this.pump()
  }

  private pump(): void {
    const [task] = this.tasks
    if (!task || this.current || this.buffer.updating) return
    if (task.type !== 'remove' && (this.isFull || this.isHeld)) return
    try {
      this.tasks.shift()
      this.current = task
      this.begin(task)
    } catch (error) {
      this.current = undefined
      this.fail(task, error)
    }
  }

  private begin(task: Task): void {
    const { buffer } = this
    switch (task.type) {
      case 'append': return buffer.appendBuffer(task.bytes)
      case 'remove': return buffer.remove(task.start, task.end)
      case 'change':
        buffer.changeType(task.mime)
        break
      case 'offset':
        this.abort()
        buffer.timestampOffset = task.seconds
    }
    this.finish()
  }

  /** A source that has ended refuses this, and needs it not: setting the offset opens it again (MSE, timestampOffset). */
  private abort(): void {
    try {
      this.buffer.abort()
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'InvalidStateError') throw error
    }
  }

  private finish(): void {
    const task = this.current
    this.current = undefined
    if (task?.type === 'remove') this.isFull = false
    if (task) this.events.moved(task.type === 'append' ? task.credit : undefined)
    this.pump()
  }

  private fail(task: Task, error: unknown): void {
    if (!(error instanceof DOMException) || error.name !== 'QuotaExceededError') return this.events.failed(error)
    this.tasks.unshift(task)
    this.isFull = true
    this.events.full()
  }
}
