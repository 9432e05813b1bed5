// Pictures that the buffer has already. Appended over their like, the first half of a group of pictures would take the
// second half with it (MSE, coded frame removal: what depended on the replaced frames goes), and Chromium's `buffered`
// would not tell. So a group that is there is left out, as a whole.

import type { Fragment } from '../media/timeline.ts'
import type { Range } from './buffer.ts'

/** Times in the buffer are rounded. */
const SLACK_MS = 2

export class Repeats {
  /** The group so far, as long as the buffer has all of it. */
  private held: Fragment[] = []
  private isHolding = false

  constructor(private readonly ranges: () => readonly Range[]) {}

  /** What is to be appended now. What is held is none of the server's credit: no more of it than the buffer has. */
  sift(fragment: Fragment, keyOffset: number): Fragment[] {
    if (fragment.samples[0].isKey) {
      this.held = []
      this.isHolding = true
    }
    if (!this.isHolding) return [fragment]
    this.held.push(fragment)
    if (this.isThere(keyOffset)) return []
    const { held } = this
    this.drop()
    return held
  }

  /** The group is not wanted any more. */
  drop(): void {
    this.held = []
    this.isHolding = false
  }

  private isThere(keyOffset: number): boolean {
    const [{ time, samples: [key] }] = this.held
    const { samples } = this.held[this.held.length - 1]
    const last = samples[samples.length - 1]
    const start = time + key.offset + SLACK_MS
    const end = last.time + last.duration + keyOffset - SLACK_MS
    return this.ranges().some(range => range.start * 1000 <= start && end <= range.end * 1000)
  }
}
