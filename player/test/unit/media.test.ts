// Stamps to samples to boxes, with a real file between.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { concat, type Bytes } from '../../src/bytes.ts'
import { aacConfig } from '../../src/media/aac.ts'
import { avcConfig } from '../../src/media/avc.ts'
import { audioPayload, isPlayableId, videoPayload } from '../../src/media/flv.ts'
import { mp3Frames } from '../../src/media/mp3.ts'
import { initSegment, mediaSegment, ObjectType } from '../../src/media/mp4.ts'
import { AudioTimeline, StampClock, VIDEO_TIMESCALE, VideoTimeline, type Fragment } from '../../src/media/timeline.ts'

const bytes = (...numbers: number[]): Bytes => Uint8Array.from(numbers)

describe('a stamp', () => {
  it('is the time nearest to where things stand, over 2^24, 2^31 and 2^32', () => {
    const clock = new StampClock()
    const stamps = [0, 40, 0xffffff, 0x1000000, 0x7fffffff, 0x80000000, 0xffffffff, 39, 0]
    const times = stamps.map(stamp => clock.read(stamp))
    assert.deepEqual(times, [...stamps.slice(0, 7), 2 ** 32 + 39, 2 ** 32])
  })

  it('may begin beyond 2^31, and be sought there', () => {
    assert.equal(new StampClock().read(0x90000000), 0x90000000)
    const clock = new StampClock()
    clock.moveTo(2 ** 32 + 5000)
    assert.equal(clock.read(4000), 2 ** 32 + 4000)
  })
})

describe('the timeline of pictures', () => {
  const frame = (isKey: boolean, offset = 0): { isKey: boolean, offset: number, data: Bytes } => ({ isKey, offset, data: bytes(1, 2, 3) })
  const shape = (fragments: Fragment[]): unknown[] =>
    fragments.map(({ samples, credit }) => [credit, ...samples.map(({ time, duration }) => `${time}+${duration}`)])

  it('cuts the first picture off at once, then at key frames and half seconds', () => {
    const timeline = new VideoTimeline()
    const cuts: unknown[] = []
    for (let index = 0; index < 40; index++) {
      timeline.push(index * 40, frame(index % 25 === 0), 3)
      cuts.push(...timeline.take(false).map(({ time, samples }) => [time, samples.length]))
    }
    assert.deepEqual(cuts, [[0, 1], [40, 13], [560, 11], [1000, 13]])
    assert.deepEqual(shape(timeline.end()), [[6, '1520+40', '1560+40']])
  })

  it('gives each sample the time to the next, however uneven', () => {
    const timeline = new VideoTimeline()
    for (const time of [0, 33, 67, 67, 5067]) timeline.push(time, frame(time === 0), 1)
    const samples = timeline.end().flatMap(({ samples }) => samples)
    assert.deepEqual(samples.map(({ duration }) => duration), [33, 34, 0, 5000, 5000])
  })

  it('waits for a key frame after a restart and where time goes back', () => {
    const timeline = new VideoTimeline()
    assert.equal(timeline.push(0, frame(false), 7), 7, 'the bytes are given back')
    timeline.push(40, frame(true), 7)
    timeline.push(80, frame(false), 7)
    assert.equal(timeline.push(20, frame(false), 7), 7)
    timeline.push(60, frame(true), 7)
    assert.deepEqual(timeline.end().map(({ time, isNewRun }) => [time, isNewRun]), [[40, true], [80, false], [60, true]])
  })

  it('forgets at a restart, and says how much', () => {
    const timeline = new VideoTimeline()
    for (let index = 0; index < 5; index++) timeline.push(index * 40, frame(index === 0), 10)
    assert.equal(timeline.take(false).length, 1)
    assert.equal(timeline.restart(0), 40)
    assert.deepEqual(timeline.end(), [])
  })

  it('never holds more than a part of the window', () => {
    const timeline = new VideoTimeline()
    const data = new Uint8Array(100_000)
    timeline.push(0, { isKey: true, offset: 0, data }, data.length)
    for (let index = 1; index < 20; index++) {
      timeline.push(index, { isKey: false, offset: 0, data }, data.length)
      const waiting = 100_000 * (index + 1) - timeline.take(false).length
      assert.ok(waiting >= 0)
    }
    assert.ok(timeline.restart(0) <= 400_000)
  })
})

describe('the timeline of sound', () => {
  const RATE = 44100
  const stampOf = (index: number): number => Math.round(index * 1024 * 1000 / RATE)

  it('is free of gaps although stamps are rounded', () => {
    const timeline = new AudioTimeline(RATE, 1024)
    for (let index = 0; index < 1000; index++) timeline.push(stampOf(index), 1, bytes(1), 1)
    const samples = timeline.end().flatMap(({ samples }) => samples)
    assert.deepEqual(samples.map(({ time }) => time), samples.map((_, index) => index * 1024))
  })

  it('begins a new run where more than 20 ms are missing', () => {
    const timeline = new AudioTimeline(RATE, 1024)
    timeline.push(0, 1, bytes(1), 1)
    timeline.push(stampOf(1) + 19, 1, bytes(1), 1)
    timeline.push(500, 1, bytes(1), 1)
    const fragments = timeline.end()
    assert.deepEqual(fragments.map(({ time, isNewRun }) => [time, isNewRun]), [[0, true], [1024, false], [22050, true]])
  })

  it('puts frames that come again where they were', () => {
    const timeline = new AudioTimeline(RATE, 1024)
    for (let index = 0; index < 100; index++) timeline.push(stampOf(index), 1, bytes(1), 1)
    timeline.end()
    for (const start of [50, 13, 77]) {
      timeline.restart(stampOf(start))
      timeline.push(stampOf(start), 1, bytes(1), 1)
      assert.equal(timeline.end()[0].time, start * 1024)
    }
    timeline.restart(1000)
    timeline.push(1010, 1, bytes(1), 1)
    assert.equal(timeline.end()[0].time, 44541, 'what is on no grid begins its own')
  })
})

describe('the body of a message', () => {
  it('says what it carries', () => {
    assert.deepEqual(videoPayload(bytes(0x17, 1, 0xff, 0xff, 0xd8, 9)), { type: 'avc', isKey: true, offset: -40, data: bytes(9) })
    assert.deepEqual(videoPayload(bytes(0x27, 1, 0, 0, 80, 9)), { type: 'avc', isKey: false, offset: 80, data: bytes(9) })
    assert.deepEqual(videoPayload(bytes(0x17, 0, 0, 0, 0, 1)), { type: 'config', codec: 'avc', record: bytes(1) })
    assert.deepEqual(audioPayload(bytes(0xaf, 0, 0x12, 0x10)), { type: 'config', codec: 'aac', record: bytes(0x12, 0x10) })
    assert.deepEqual(audioPayload(bytes(0xaf, 1, 5)), { type: 'aac', data: bytes(5) })
    assert.deepEqual(audioPayload(bytes(0x2f, 5)), { type: 'mp3', data: bytes(5) })
  })

  it('names what no browser decodes', () => {
    const names = [videoPayload(bytes(0x22, 0)), videoPayload(bytes(0x14, 0)), videoPayload(bytes(0x90, 104, 118, 99, 49)),
      audioPayload(bytes(0x6e, 0)), audioPayload(bytes(0xb6, 0)), audioPayload(bytes(0x90, 79, 112, 117, 115))]
    assert.deepEqual(names.map(payload => payload.type === 'unsupported' && payload.codec),
      ['Sorenson H.263', 'VP6', 'hvc1', 'Nellymoser', 'Speex', 'Opus'])
    assert.deepEqual([7, 'avc1', 2, 10].map(id => isPlayableId('video', id)), [true, true, false, false])
    assert.deepEqual([10, 2, '.mp3', 7, undefined].map(id => isPlayableId('audio', id)), [true, true, true, false, false])
  })

  it('may be empty, a command or an end of sequence', () => {
    for (const body of [bytes(), bytes(0x17), bytes(0x57, 0), bytes(0x17, 2, 0, 0, 0), bytes(0x17, 1, 0, 0, 0)]) {
      assert.equal(videoPayload(body).type, 'nothing')
    }
    for (const body of [bytes(), bytes(0xaf), bytes(0xaf, 1)]) assert.equal(audioPayload(body).type, 'nothing')
  })
})

describe('a codec configuration', () => {
  it('of AAC and HE-AAC gives rate, channels and name', () => {
    assert.deepEqual(aacConfig(bytes(0x12, 0x10)), { codec: 'mp4a.40.2', rate: 44100, channels: 2, frameLength: 1024 })
    assert.deepEqual(aacConfig(bytes(0x2b, 0x92, 0x08, 0x00)), { codec: 'mp4a.40.5', rate: 22050, channels: 2, frameLength: 1024 })
    assert.deepEqual(aacConfig(bytes(0x12, 0x78)), undefined, 'no channels')
    assert.deepEqual(aacConfig(bytes(0x12)), undefined)
  })

  it('of MP3 is in each frame', () => {
    const frame = concat([bytes(0xff, 0xfb, 0x90, 0x64), new Uint8Array(413)])
    const expected = { codec: 'mp3', rate: 44100, channels: 2, frameLength: 1152 }
    assert.deepEqual(mp3Frames(frame), { config: expected, count: 1 })
    assert.deepEqual(mp3Frames(concat([frame, frame]))?.count, 2)
    assert.equal(mp3Frames(bytes(0, 0, 0, 0)), undefined)
  })

  it('of H.264 that is damaged is none', () => {
    for (const record of [bytes(), bytes(1, 100, 0, 31, 255, 225, 0, 40), bytes(0, 1, 2, 3, 4, 5, 6, 7, 8)]) {
      assert.equal(avcConfig(record), undefined)
    }
  })
})

describe('boxes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-boxes-'))
  const file = (name: string): string => join(folder, name)
  const hashes = (path: string, stream: string): string[] =>
    execFileSync('ffmpeg', ['-v', 'error', '-i', path, '-map', `0:${stream}`, '-c', 'copy', '-f', 'framehash', '-'])
      .toString().split('\n').filter(line => line && !line.startsWith('#'))

  before(() => {
    execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc=size=322x180:rate=25:duration=4', '-f', 'lavfi',
      '-i', 'sine=duration=4', '-c:v', 'libx264', '-bf', '2', '-g', '25', '-pix_fmt', 'yuv420p', '-c:a', 'aac', file('in.flv')])
    execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'sine=duration=2', '-c:a', 'libmp3lame', file('mp3.flv')])
  })

  after(() => rmSync(folder, { recursive: true, force: true }))

  /** The tags of a file. */
  const tags = (path: string): { kind: number, time: number, body: Bytes }[] => {
    const all = new Uint8Array(readFileSync(path))
    const numbers = new DataView(all.buffer)
    const found: { kind: number, time: number, body: Bytes }[] = []
    for (let at = 13; at + 11 < all.length;) {
      const length = numbers.getUint32(at) & 0xffffff
      const time = (numbers.getUint32(at + 4) >>> 8) | (all[at + 7] << 24)
      found.push({ kind: all[at], time, body: all.slice(at + 11, at + 11 + length) })
      at += length + 15
    }
    return found
  }

  it('hold the same packets as the file they were made of, as ffmpeg reads them', () => {
    const video = new VideoTimeline()
    let record: Bytes = bytes()
    for (const { kind, time, body } of tags(file('in.flv'))) {
      const payload = kind === 9 ? videoPayload(body) : { type: 'nothing' as const }
      if (payload.type === 'config') record = payload.record
      else if (payload.type === 'avc') video.push(time, payload, body.length)
    }
    const config = avcConfig(record)!
    assert.deepEqual([config.width, config.height], [322, 180])
    const init = initSegment({ kind: 'video', timescale: VIDEO_TIMESCALE, ...config, record })
    writeFileSync(file('v.mp4'), concat([init, ...video.end().map(mediaSegment)]))
    // ffmpeg moves MP4 so that the first picture is at 0; FLV it leaves.
    const [made, given] = [file('v.mp4'), file('in.flv')].map(path => hashes(path, 'v:0').map(line => line.split(',').map(field => field.trim())))
    const shift = Number(given[0][1]) - Number(made[0][1])
    const moved = made.map(([, dts, pts, , size, hash]) => [Number(dts) + shift, Number(pts) + shift, size, hash])
    assert.deepEqual(moved, given.map(([, dts, pts, , size, hash]) => [Number(dts), Number(pts), size, hash]))
    const probe = execFileSync('ffprobe', ['-v', 'error', '-show_entries', 'stream=codec_name,width,height,profile', '-of', 'csv=p=0', file('v.mp4')])
    assert.match(probe.toString(), /^h264,.*322,180/)
    assert.equal(config.codec.length, 'avc1.640014'.length)
  })

  it('hold sound without gaps', () => {
    let timeline: AudioTimeline | undefined
    let init: Bytes = bytes()
    for (const { kind, time, body } of tags(file('in.flv'))) {
      const payload = kind === 8 ? audioPayload(body) : { type: 'nothing' as const }
      if (payload.type === 'config') {
        const { rate, channels, frameLength } = aacConfig(payload.record)!
        timeline = new AudioTimeline(rate, frameLength)
        init = initSegment({ kind: 'audio', timescale: rate, channels, objectType: ObjectType.Aac, record: payload.record })
      } else if (payload.type === 'aac') timeline!.push(time, 1, payload.data, body.length)
    }
    writeFileSync(file('a.mp4'), concat([init, ...timeline!.end().map(mediaSegment)]))
    const made = hashes(file('a.mp4'), 'a:0').map(line => line.split(',').map(field => field.trim()))
    assert.deepEqual(made.map(([, , , , , hash]) => hash), hashes(file('in.flv'), 'a:0').map(line => line.split(',')[5].trim()))
    made.slice(1).forEach(([, dts], at) => assert.equal(Number(dts) - Number(made[at][1]), 1024))
  })

  it('hold MP3, for browsers that take it so', () => {
    let timeline: AudioTimeline | undefined
    let init: Bytes = bytes()
    for (const { kind, time, body } of tags(file('mp3.flv'))) {
      const payload = kind === 8 ? audioPayload(body) : { type: 'nothing' as const }
      if (payload.type !== 'mp3') continue
      const frames = mp3Frames(payload.data)!
      const { rate, channels, frameLength } = frames.config
      timeline ??= new AudioTimeline(rate, frameLength)
      init = initSegment({ kind: 'audio', timescale: rate, channels, objectType: ObjectType.Mp3, record: bytes() })
      timeline.push(time, frames.count, payload.data, body.length)
    }
    writeFileSync(file('m.mp4'), concat([init, ...timeline!.end().map(mediaSegment)]))
    const probe = execFileSync('ffprobe', ['-v', 'error', '-show_entries', 'stream=codec_name,sample_rate', '-of', 'csv=p=0', file('m.mp4')])
    assert.equal(probe.toString().trim(), 'mp3,44100')
    const hash = (path: string): string[] => hashes(path, 'a:0').map(line => line.split(',')[5].trim())
    assert.deepEqual(hash(file('m.mp4')), hash(file('mp3.flv')))
  })

  it('have room for times beyond 2^32', () => {
    const time = 2 ** 32 + 5
    const fragment = { time, samples: [{ time, duration: 1, offset: 0, isKey: true, data: bytes(1) }], isNewRun: true, credit: 1 }
    const text = Buffer.from(mediaSegment(fragment, 1)).toString('latin1')
    const at = text.indexOf('tfdt') + 8
    assert.deepEqual([...Buffer.from(text, 'latin1').subarray(at, at + 8)], [0, 0, 0, 1, 0, 0, 0, 5])
  })
})
