// Whatever a server sends ends in events or in a ProtocolError, soon and in little memory. The bytes are the same in
// each run: a seed makes them.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { concat, type Bytes } from '../../src/bytes.ts'
import { aacConfig } from '../../src/media/aac.ts'
import { avcConfig } from '../../src/media/avc.ts'
import { audioPayload, videoPayload } from '../../src/media/flv.ts'
import { mp3Frames } from '../../src/media/mp3.ts'
import { mediaSegment } from '../../src/media/mp4.ts'
import { AudioTimeline, VideoTimeline } from '../../src/media/timeline.ts'
import { decode } from '../../src/rtmp/amf0.ts'
import { ProtocolError } from '../../src/rtmp/error.ts'
import { command, control, Kind } from '../../src/rtmp/message.ts'
import { Session } from '../../src/rtmp/session.ts'
import { HELLO, media, say, status, STREAM, WELCOME } from './server.ts'

/** mulberry32: small, and the same everywhere. */
const randoms = (seed: number) => (below: number): number => {
  seed = (seed + 0x6d2b79f5) | 0
  let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1)
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
  return ((mixed ^ (mixed >>> 14)) >>> 0) % below
}

const noise = (random: (below: number) => number, length: number): Bytes => Uint8Array.from({ length }, () => random(256))

/** A byte here and there is another, some are missing, some come twice. */
const mutated = (random: (below: number) => number, input: Bytes): Bytes => {
  const bytes = input.slice()
  for (let count = random(8); count >= 0; count--) bytes[random(bytes.length)] = random(4) ? random(256) : 255
  const [one, other] = [random(bytes.length), random(bytes.length)]
  return random(3) ? bytes : concat([bytes.subarray(0, one), bytes.subarray(other)])
}

/** Runs; anything but a ProtocolError is a fault of ours. */
const survive = (act: () => void, what: string): void => {
  try {
    act()
  } catch (error) {
    assert.ok(error instanceof ProtocolError, `${what}: ${String(error)}`)
  }
}

const CONVERSATION = concat([
  WELCOME, STREAM, status('NetStream.Play.Start'), say(control(Kind.SetChunkSize, 4096)),
  say(media(Kind.Video, 0xffffff, new Uint8Array(9000)), media(Kind.Audio, 20, new Uint8Array(300)),
    media(Kind.Aggregate, 0, Uint8Array.of(8, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 12)),
    command(1, 'onStatus', 0, null, { code: 'NetStream.Play.Stop', list: [1, { deep: [null, true] }] })),
])
const TIME_LIMIT = { timeout: 60_000 }

describe('a session', TIME_LIMIT, () => {
  it('survives servers that stutter', () => {
    for (let seed = 0; seed < 4000; seed++) {
      const random = randoms(seed)
      const session = new Session({ app: 'a', tcUrl: 'rtmp://h/a' }, new Uint8Array(1536))
      session.receive(HELLO)
      survive(() => {
        const input = mutated(random, CONVERSATION)
        for (let at = 0; at < input.length;) {
          const length = 1 + random(5000)
          session.receive(input.slice(at, at + length))
          at += length
        }
      }, `seed ${seed}`)
      assert.ok(session.takeOutput().length < 100_000)
      assert.ok(session.takeEvents().length < 20_000)
    }
  })

  it('survives noise', () => {
    for (let seed = 0; seed < 500; seed++) {
      const session = new Session({ app: 'a', tcUrl: 'rtmp://h/a' }, new Uint8Array(1536))
      session.receive(HELLO)
      survive(() => session.receive(noise(randoms(seed), 20_000)), `seed ${seed}`)
    }
  })
})

describe('what is in messages', TIME_LIMIT, () => {
  it('may be any noise', () => {
    for (let seed = 0; seed < 20_000; seed++) {
      const random = randoms(seed)
      const bytes = noise(random, random(200))
      survive(() => decode(bytes), `AMF0, seed ${seed}`)
      for (const read of [videoPayload, audioPayload, mp3Frames]) survive(() => read(bytes), `seed ${seed}`)
      const record = concat([Uint8Array.of(1, 100, 0, 31, 0xff, 0xe1, 0, 40, 0x67), bytes])
      const [avc, aac] = [avcConfig(record), aacConfig(bytes)]
      assert.ok(!avc || (avc.width > 0 && avc.height > 0), `seed ${seed}`)
      assert.ok(!aac || (aac.rate > 0 && aac.channels > 0), `seed ${seed}`)
    }
  })

  it('may come at any time', () => {
    for (let seed = 0; seed < 300; seed++) {
      const random = randoms(seed)
      const [video, audio] = [new VideoTimeline(), new AudioTimeline(44100, 1024)]
      let kept = 0
      for (let count = 0; count < 500; count++) {
        const stamp = random(3) ? count * 40 : random(2 ** 32)
        kept += 10 - video.push(stamp, { isKey: !random(5), offset: random(200) - 100, data: new Uint8Array(random(10)) }, 10)
        audio.push(stamp, 1, new Uint8Array(random(10)), 10)
        kept += 10
      }
      const fragments = [...video.end(), ...audio.end()]
      assert.equal(fragments.reduce((sum, { credit }) => sum + credit, 0), kept, `bytes are lost, seed ${seed}`)
      for (const fragment of fragments) {
        assert.ok(fragment.time >= 0 && fragment.samples.every(({ duration }) => duration >= 0), `seed ${seed}`)
        mediaSegment(fragment, 1)
      }
    }
  })

  it('may be a million frames of nothing', () => {
    const video = new VideoTimeline()
    for (let count = 0; count < 1_000_000; count++) {
      video.push(0, { isKey: count === 0, offset: 0, data: new Uint8Array(0) }, 5)
      for (const fragment of video.take(false)) assert.ok(mediaSegment(fragment, 1).length < 100_000)
    }
  })
})
