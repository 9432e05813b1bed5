// What to keep, what to give up and where to jump, by what `buffered` says. No books are kept: browsers drop media on
// their own (ManagedMediaSource may at any time; Safari does instead of throwing QuotaExceededError).

/** Seconds. */
export interface Range {
  start: number
  end: number
}

export const rangesOf = (times: TimeRanges): Range[] =>
  Array.from({ length: times.length }, (_, index) => ({ start: times.start(index), end: times.end(index) }))

/** Metadata and buffers disagree about the end by a frame or two. */
const END_SLACK_S = 0.1
/** Less than this behind a place is not enough to show it. */
const NEED_S = 0.3
/** A gap that is jumped: the first picture may be late by its composition offset. */
export const GAP_S = 0.5
const KEEP_BEHIND_S = 30
/** Removing costs: not for each second that is played. */
const EVICTION_STEP_S = 10
export const KEEP_WHEN_FULL_S = 10

/** What begins late by a composition offset begins at 0 for browsers as well. */
const startOf = ({ start }: Range): number => start <= GAP_S ? 0 : start

export const rangeAt = (ranges: readonly Range[], time: number): Range | undefined =>
  ranges.find(range => startOf(range) <= time && time < range.end)

/** Whether a place can be shown without asking for more. */
export const covers = (ranges: readonly Range[], time: number, duration: number): boolean =>
  ranges.some(range => startOf(range) <= time &&
    (time + NEED_S <= range.end || (time <= range.end && range.end >= duration - END_SLACK_S)))

export const aheadOf = (ranges: readonly Range[], time: number): number => {
  const range = rangeAt(ranges, time)
  return range ? range.end - time : 0
}

/** The end of what is to be removed because it was played long ago. */
export const evictionEnd = (ranges: readonly Range[], time: number): number | undefined => {
  const end = time - KEEP_BEHIND_S
  return ranges.length > 0 && ranges[0].start < end - EVICTION_STEP_S ? end : undefined
}

/** Where the server stands, seconds. */
export interface Stand {
  /** Where it went when asked for this place: some land on the key frame behind it (nginx-rtmp). */
  landed: number | undefined
  /** What it sent last and the buffer has. */
  head: number
}

/** Where to go on when the play head stands in a gap that nothing will fill. */
export const jumpTarget = (ranges: readonly Range[], time: number, { landed, head }: Stand): number | undefined => {
  if (ranges.some(({ start, end }) => start <= time && time < end)) return undefined
  const next = ranges.find(({ start }) => start > time)
  // With less the browser may yet find out by itself.
  if (!next || next.end - next.start < GAP_S) return undefined
  const isWhereLanded = landed !== undefined && landed > time && next.start <= landed + GAP_S
  const isHole = next.start - time <= GAP_S && head > next.start
  return isHole || isWhereLanded ? next.start + 0.001 : undefined
}

/** With this much more than the limit a server that paces by its own clock is asked to wait. */
const HOLD_OVER = 1.25
/** So much is asked for when nothing plays: enough to begin at once. */
const PAUSED_AHEAD_S = 10

export interface Demand {
  ahead: number
  limit: number
  isPaused: boolean
  isHeld: boolean
}

/** Whether the server is to be held (paused) now. */
export const isToBeHeld = ({ ahead, limit, isPaused, isHeld }: Demand): boolean => {
  const most = isPaused ? Math.min(PAUSED_AHEAD_S, limit) : limit * HOLD_OVER
  // Playing on is a reason to ask for the rest at once; everything else waits until half of it is gone.
  return ahead >= (isHeld ? most / (isPaused ? 2 : 2 * HOLD_OVER) : most)
}
