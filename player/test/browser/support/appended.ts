// What a page gave to its SourceBuffers: samples with their times, read back from the fragments.

import { createHash } from 'node:crypto'

export interface Sample {
  /** Ticks of the track. */
  dts: number
  pts: number
  hash: string
}

/** All boxes at one level. */
function* boxes(bytes: Buffer): Generator<{ type: string, body: Buffer }> {
  for (let at = 0; at + 8 <= bytes.length;) {
    const size = bytes.readUInt32BE(at)
    if (size < 8) throw new Error(`a box of ${size} bytes`)
    yield { type: bytes.toString('latin1', at + 4, at + 8), body: bytes.subarray(at + 8, at + size) }
    at += size
  }
}

const find = (bytes: Buffer, ...path: string[]): Buffer => {
  const [type, ...rest] = path
  for (const box of boxes(bytes)) if (box.type === type) return rest.length > 0 ? find(box.body, ...rest) : box.body
  throw new Error(`no ${type}`)
}

/** The samples of one media segment. */
const samplesOf = (moof: Buffer, mdat: Buffer): Sample[] => {
  const tfdt = find(moof, 'traf', 'tfdt')
  const trun = find(moof, 'traf', 'trun')
  let dts = Number(tfdt.readBigUInt64BE(4))
  let at = 0
  return Array.from({ length: trun.readUInt32BE(4) }, (_, index) => {
    const entry = 12 + 16 * index
    const size = trun.readUInt32BE(entry + 4)
    const sample = {
      dts, pts: dts + trun.readInt32BE(entry + 12),
      hash: createHash('sha256').update(mdat.subarray(at, at + size)).digest('hex'),
    }
    dts += trun.readUInt32BE(entry)
    at += size
    return sample
  })
}

export const samples = (appended: Buffer): Sample[] => {
  const all: Sample[] = []
  let moof: Buffer | undefined
  for (const { type, body } of boxes(appended)) {
    if (type === 'moof') moof = body
    else if (type === 'mdat' && moof) all.push(...samplesOf(moof, body))
  }
  return all
}

/** The hashes by their times, each once: what is appended again has to be what was there. */
export const inOrder = (all: readonly Sample[]): string[] => {
  const byTime = new Map<number, string>()
  for (const { dts, hash } of all) {
    if ((byTime.get(dts) ?? hash) !== hash) throw new Error(`two different frames at ${dts}`)
    byTime.set(dts, hash)
  }
  return [...byTime].sort(([one], [other]) => one - other).map(([, hash]) => hash)
}
