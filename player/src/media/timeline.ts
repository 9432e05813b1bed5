// Stamps to samples. Messages carry whole ms modulo 2^32; buffers want exact, gapless times.

import type { Bytes } from '../bytes.ts'

export interface Sample {
  /** Decode time, duration and composition offset in the track's timescale. */
  time: number
  duration: number
  offset: number
  isKey: boolean
  data: Bytes
}

export interface Fragment {
  time: number
  samples: Sample[]
  /** It does not go on where the one before ended. */
  isNewRun: boolean
  /** Bytes of the messages that it is made of. */
  credit: number
}

const WRAP = 2 ** 32
const FRAGMENT_MS = 500
/** Streams of many Mbit/s must not wait for half a second: the window they wait in is 2.5 MB. */
const FRAGMENT_BYTES = 256 << 10
/** Nor may a hostile server pile up frames without length and duration. */
const FRAGMENT_SAMPLES = 1000

/** The media time of a stamp: the one nearest to where things stand. */
export class StampClock {
  private reference = 0

  /** The next stamp is about this time. */
  moveTo(ms: number): void {
    this.reference = ms
  }

  get position(): number {
    return this.reference
  }

  read(stamp: number): number {
    const time = stamp + WRAP * Math.round((this.reference - stamp) / WRAP)
    this.reference = time < 0 ? stamp : time
    return this.reference
  }
}

/** Samples that wait to become a fragment. */
class Pending {
  private samples: Sample[] = []
  private bytes = 0
  private credit = 0
  private isNewRun = true
  /** What was begun anew is shown at once. */
  private isFirst = true

  constructor(private readonly timescale: number) {}

  push(sample: Sample, credit: number): void {
    this.samples.push(sample)
    this.bytes += sample.data.length
    this.credit += credit
  }

  breakRun(): void {
    this.isNewRun = true
  }

  get isDue(): boolean {
    const [first] = this.samples
    if (!first) return false
    const last = this.samples[this.samples.length - 1]
    const length = last.time + last.duration - first.time
    const isFull = this.bytes >= FRAGMENT_BYTES || this.samples.length >= FRAGMENT_SAMPLES
    return this.isFirst || isFull || length * 1000 >= FRAGMENT_MS * this.timescale
  }

  cut(): Fragment[] {
    const { samples, credit, isNewRun } = this
    if (samples.length === 0) return []
    Object.assign(this, { samples: [], bytes: 0, credit: 0, isNewRun: false, isFirst: false })
    return [{ time: samples[0].time, samples, isNewRun, credit }]
  }
}

/** What both kinds of timeline have in common. */
interface Timeline {
  readonly timescale: number
  /** The media time of the last stamp, ms. */
  readonly position: number
  /** Fragments that are long enough, or everything that is complete. */
  take(isEverything: boolean): Fragment[]
  /** Everything, to the last sample: nothing follows. */
  end(): Fragment[]
  /** Forgets what waits; the next stamp is about this time. The bytes that were forgotten. */
  restart(ms: number): number
}

export const VIDEO_TIMESCALE = 1000
const USUAL_FRAME_MS = 40

interface Held {
  sample: Sample
  credit: number
}

export class VideoTimeline implements Timeline {
  readonly timescale = VIDEO_TIMESCALE
  private readonly clock = new StampClock()
  private pending = new Pending(VIDEO_TIMESCALE)
  private ready: Fragment[] = []
  /** Its duration is known when the next one comes. */
  private held: Held | undefined
  private lastDuration = USUAL_FRAME_MS
  private waitsForKey = true
  /** How much later than it is decoded a key frame is shown: servers seek by decode times. */
  keyOffset = 0

  get position(): number {
    return this.clock.position
  }

  push(stamp: number, frame: { isKey: boolean, offset: number, data: Bytes }, credit: number): number {
    const { isKey, offset, data } = frame
    const time = this.clock.read(stamp)
    if (this.held) this.release(time)
    this.waitsForKey &&= !isKey
    // Nothing can be decoded of it.
    if (this.waitsForKey) return credit
    if (isKey) {
      this.keyOffset = Math.max(this.keyOffset, offset)
      this.ready.push(...this.pending.cut())
    }
    this.held = { sample: { time, duration: 0, offset, isKey, data }, credit }
    return 0
  }

  take(isEverything: boolean): Fragment[] {
    if (isEverything || this.pending.isDue) this.ready.push(...this.pending.cut())
    const { ready } = this
    this.ready = []
    return ready
  }

  end(): Fragment[] {
    if (this.held) this.complete(this.held, this.lastDuration)
    return this.take(true)
  }

  restart(ms: number): number {
    const dropped = creditOf([...this.ready, ...this.pending.cut()]) + (this.held?.credit ?? 0)
    this.ready = []
    this.held = undefined
    this.pending = new Pending(VIDEO_TIMESCALE)
    this.waitsForKey = true
    this.clock.moveTo(ms)
    return dropped
  }

  /** The held sample lasts until `time`, or as long as the one before if time went back. */
  private release(time: number): void {
    const held = this.held!
    const duration = time - held.sample.time
    this.complete(held, duration >= 0 ? duration : this.lastDuration)
    if (duration >= 0) return
    this.ready.push(...this.pending.cut())
    this.pending.breakRun()
    this.waitsForKey = true
  }

  private complete({ sample, credit }: Held, duration: number): void {
    this.pending.push({ ...sample, duration }, credit)
    this.lastDuration = duration || this.lastDuration
    this.held = undefined
    if (this.pending.isDue) this.ready.push(...this.pending.cut())
  }
}

const creditOf = (fragments: readonly Fragment[]): number => fragments.reduce((sum, { credit }) => sum + credit, 0)

/** Stamps are rounded to ms: what is off by less than this goes on where the last frame ended. */
const TOLERANCE_MS = 20
/** Frames that come again after a seek lie on the grid of those before, but for the rounding. */
const GRID_MS = 2

export class AudioTimeline implements Timeline {
  private readonly clock = new StampClock()
  private pending: Pending
  private ready: Fragment[] = []
  /** Where the next frame begins. */
  private next: number | undefined
  private grid: number | undefined

  constructor(readonly timescale: number, private readonly frameLength: number) {
    this.pending = new Pending(timescale)
  }

  get position(): number {
    return this.clock.position
  }

  /** `count` frames in one piece. */
  push(stamp: number, count: number, data: Bytes, credit: number): void {
    const stamped = this.clock.read(stamp) * this.timescale / 1000
    if (this.next === undefined || Math.abs(stamped - this.next) > TOLERANCE_MS * this.timescale / 1000) {
      this.ready.push(...this.pending.cut())
      this.pending.breakRun()
      this.next = this.onGrid(stamped)
    }
    const duration = count * this.frameLength
    this.pending.push({ time: this.next, duration, offset: 0, isKey: true, data }, credit)
    this.next += duration
    if (this.pending.isDue) this.ready.push(...this.pending.cut())
  }

  take(isEverything: boolean): Fragment[] {
    if (isEverything) this.ready.push(...this.pending.cut())
    const { ready } = this
    this.ready = []
    return ready
  }

  end(): Fragment[] {
    return this.take(true)
  }

  restart(ms: number): number {
    const dropped = creditOf([...this.ready, ...this.pending.cut()])
    this.ready = []
    this.next = undefined
    this.pending = new Pending(this.timescale)
    this.clock.moveTo(ms)
    return dropped
  }

  private onGrid(stamped: number): number {
    const exact = Math.round(stamped)
    const grid = this.grid ?? exact
    const nearest = grid + Math.round((stamped - grid) / this.frameLength) * this.frameLength
    const isOnGrid = nearest >= 0 && Math.abs(nearest - stamped) <= GRID_MS * this.timescale / 1000
    this.grid = isOnGrid ? nearest : exact
    return this.grid
  }
}
