// From messages to SourceBuffers: finds out which tracks there are, and hands on what they carry.

import { concat, equal, type Bytes } from '../bytes.ts'
import { aacConfig, type AudioConfig } from '../media/aac.ts'
import { avcConfig } from '../media/avc.ts'
import { audioPayload, isPlayableId, videoPayload, type Payload, type TrackKind } from '../media/flv.ts'
import { mp3Frames } from '../media/mp3.ts'
import { initSegment, mediaSegment, ObjectType, type TrackDescription } from '../media/mp4.ts'
import { AudioTimeline, VIDEO_TIMESCALE, VideoTimeline, type Fragment } from '../media/timeline.ts'
import type { AmfObject } from '../rtmp/amf0.ts'
import { Kind, type Message } from '../rtmp/message.ts'
import { rangesOf } from './buffer.ts'
import { Lane, type Credit } from './lane.ts'
import { Repeats } from './repeats.ts'
import { canPlay, type Source } from './source.ts'

export interface FeedEvents {
  /** A buffer took something, or gave something up. */
  moved(): void
  /** Bytes of media messages of this connection that are dealt with. */
  credited(bytes: number): void
  unsupported(kind: TrackKind, codec: string): void
  full(): void
  failed(error: unknown): void
}

interface Track {
  kind: TrackKind
  timeline: VideoTimeline | AudioTimeline
  mime: string
  /** The initialisation segment; none for raw frames. */
  init: Bytes | undefined
  lane: Lane | undefined
  fragments: Fragment[]
}

const RAW_MP3 = 'audio/mpeg'
/** Files whose metadata announce a track that never comes are played without it after this. */
const WAIT_FOR_TRACKS_MS = 1000
/** Less than the window: the server would wait for us to acknowledge, and we for the track. */
const WAIT_FOR_TRACKS_BYTES = 1 << 20

export class Feed {
  private readonly tracks = new Map<TrackKind, Track>()
  private expected: TrackKind[] = ['video', 'audio']
  private hasMetadata = false
  private isOpen = false
  private isAtEnd = false
  private firstStamp: number | undefined
  private waitingBytes = 0
  private epoch = 0
  private sequence = 0
  private readonly repeats = new Repeats(() => rangesOf(this.tracks.get('video')!.lane!.buffered))
  private readonly unsupported = new Set<string>()
  /** The media time that came last, ms. */
  head = 0

  constructor(private readonly source: Source, private readonly events: FeedEvents) {}

  get lanes(): Lane[] {
    return [...this.tracks.values()].flatMap(({ lane }) => lane ?? [])
  }

  /** How much earlier than its picture's time a key frame has to be sought, ms. */
  get keyOffset(): number {
    const timeline = this.tracks.get('video')?.timeline
    return timeline instanceof VideoTimeline ? timeline.keyOffset : 0
  }

  /** Nothing in the stream can be played here. */
  get isHopeless(): boolean {
    return this.tracks.size === 0 && this.expected.length === 0
  }

  get isDrained(): boolean {
    return this.isOpen && this.lanes.every(({ isIdle }) => isIdle)
  }

  /** Which tracks there will be. */
  describe(metadata: AmfObject): void {
    const announced: [TrackKind, unknown][] = [['video', metadata.videocodecid], ['audio', metadata.audiocodecid]]
    this.expected = announced.filter(([kind, id]) => isPlayableId(kind, id)).map(([kind]) => kind)
    this.hasMetadata = true
    this.open()
  }

  take(message: Message): void {
    const kind = message.kind === Kind.Video ? 'video' : 'audio'
    const payload = kind === 'video' ? videoPayload(message.body) : audioPayload(message.body)
    const credit = message.body.length
    this.firstStamp ??= message.time
    if (!this.isOpen) this.waitingBytes += credit
    const isTaken = this.accept(kind, payload, message.time, credit)
    if (!isTaken) this.events.credited(credit)
    this.open(message.time)
    this.pass(kind)
  }

  /** Hands on what is complete, though it be short: the play head waits for it. */
  flush(): void {
    this.tracks.forEach((_, kind) => this.pass(kind, true))
  }

  /** Nothing follows. */
  end(): void {
    this.isAtEnd = true
    for (const [kind, track] of this.tracks) {
      track.fragments.push(...track.timeline.end())
      this.pass(kind)
    }
    this.open()
  }

  /** Another place is coming, about `ms`: what waits is forgotten. */
  restart(ms: number): void {
    this.isAtEnd = false
    this.head = ms
    this.firstStamp = undefined
    let dropped = 0
    this.repeats.drop()
    for (const track of this.tracks.values()) {
      dropped += track.fragments.reduce((sum, { credit }) => sum + credit, 0)
      dropped += track.timeline.restart(ms) + (track.lane?.drop(this.epoch) ?? 0)
      track.fragments = []
    }
    this.events.credited(dropped)
  }

  /** Another connection, which knows nothing of the bytes of the one before. */
  newEpoch(): void {
    this.epoch++
  }

  /** The source opened, or may have. */
  ready(): void {
    this.open()
  }

  hold(isHeld: boolean): void {
    this.lanes.forEach(lane => lane.hold(isHeld))
  }

  /** False: there is nothing in it to keep. */
  private accept(kind: TrackKind, payload: Payload, stamp: number, credit: number): boolean {
    if (payload.type === 'unsupported') this.report(kind, payload.codec)
    if (payload.type === 'config') this.configure(kind, payload.codec, payload.record)
    const frames = payload.type === 'mp3' ? mp3Frames(payload.data) : undefined
    if (payload.type === 'mp3' && frames) this.configureMp3(frames.config)
    const timeline = this.tracks.get(kind)?.timeline
    if (payload.type === 'avc' && timeline instanceof VideoTimeline) {
      const dropped = timeline.push(stamp, payload, credit)
      this.head = timeline.position
      return dropped === 0
    }
    if ((payload.type === 'aac' || frames) && timeline instanceof AudioTimeline) {
      timeline.push(stamp, frames?.count ?? 1, (payload as { data: Bytes }).data, credit)
      this.head = timeline.position
      return true
    }
    return false
  }

  private report(kind: TrackKind, codec: string): void {
    this.expected = this.expected.filter(expected => expected !== kind)
    if (this.unsupported.has(codec)) return
    this.unsupported.add(codec)
    this.events.unsupported(kind, codec)
  }

  private configure(kind: TrackKind, codec: 'avc' | 'aac', record: Bytes): void {
    if (codec === 'avc') {
      const config = avcConfig(record)
      if (!config) return this.report(kind, 'H.264 with a damaged header')
      const description: TrackDescription = { kind: 'video', timescale: VIDEO_TIMESCALE, ...config, record }
      return this.begin(kind, `video/mp4; codecs="${config.codec}"`, initSegment(description), newVideo)
    }
    const config = aacConfig(record)
    if (!config) return this.report(kind, 'AAC with a damaged header')
    this.beginAudio(config, `audio/mp4; codecs="${config.codec}"`, initSegment(audio(config, ObjectType.Aac, record)))
  }

  private configureMp3(config: AudioConfig): void {
    if (canPlay(RAW_MP3)) return this.beginAudio(config, RAW_MP3, undefined)
    const record = new Uint8Array(0)
    this.beginAudio(config, 'audio/mp4; codecs="mp3"', initSegment(audio(config, ObjectType.Mp3, record)))
  }

  private beginAudio(config: AudioConfig, mime: string, init: Bytes | undefined): void {
    this.begin('audio', mime, init, () => new AudioTimeline(config.rate, config.frameLength))
  }

  /** A sequence header: what is new in it begins a new initialisation segment. */
  private begin(kind: TrackKind, mime: string, init: Bytes | undefined, timeline: () => Track['timeline']): void {
    const known = this.tracks.get(kind)
    if (known && known.mime === mime && sameInit(known.init, init)) return
    if (!canPlay(mime)) return this.report(kind, mime)
    if (!known) {
      // A track that comes too late: browsers take no further buffer once media is in.
      if (!this.isOpen) this.tracks.set(kind, { kind, timeline: timeline(), mime, init, lane: undefined, fragments: [] })
      return
    }
    known.fragments.push(...known.timeline.end())
    this.pass(kind)
    // What is held is there; behind the new configuration it would be nonsense.
    if (kind === 'video') this.repeats.drop()
    if (known.mime !== mime) known.lane?.change(mime)
    if (known.lane && init) known.lane.append(init)
    Object.assign(known, { mime, init })
    if (kind === 'video') return
    known.timeline = timeline()
    known.timeline.restart(this.head)
  }

  /** Makes all buffers at once, when it is clear which tracks there are. */
  private open(stamp?: number): void {
    if (this.isOpen || !this.source.isOpen || this.tracks.size === 0) return
    const isComplete = this.hasMetadata && this.expected.every(kind => this.tracks.has(kind))
    const waited = stamp === undefined || this.firstStamp === undefined ? 0 : stamp - this.firstStamp
    const isLongEnough = waited >= WAIT_FOR_TRACKS_MS || this.waitingBytes >= WAIT_FOR_TRACKS_BYTES
    if (!isComplete && !this.isAtEnd && !isLongEnough) return
    this.isOpen = true
    for (const track of this.tracks.values()) {
      track.lane = new Lane(this.source.addBuffer(track.mime), {
        moved: credit => this.moved(credit),
        full: () => this.events.full(),
        failed: error => this.events.failed(error),
      })
      if (!this.source.isStreaming) track.lane.hold(true)
    }
    for (const [kind, track] of this.tracks) {
      if (track.init) track.lane?.append(track.init)
      this.pass(kind)
    }
  }

  private moved(credit: Credit | undefined): void {
    if (credit?.epoch === this.epoch) this.events.credited(credit.bytes)
    this.events.moved()
  }

  private pass(kind: TrackKind, isEverything = false): void {
    const track = this.tracks.get(kind)
    if (!track) return
    track.fragments.push(...track.timeline.take(isEverything))
    const { lane } = track
    if (!lane) return
    const { fragments } = track
    track.fragments = []
    for (const fragment of fragments) {
      if (kind === 'video') this.sift(track, lane, fragment)
      else this.append(track, lane, fragment)
    }
  }

  private sift(track: Track, lane: Lane, fragment: Fragment): void {
    const fragments = this.repeats.sift(fragment, this.keyOffset)
    // What is held counts as dealt with, for a group may be longer than the window.
    if (!fragments.includes(fragment)) this.events.credited(fragment.credit)
    fragments.forEach(one => this.append(track, lane, one === fragment ? one : { ...one, credit: 0 }))
  }

  private append(track: Track, lane: Lane, fragment: Fragment): void {
    const credit = { epoch: this.epoch, bytes: fragment.credit }
    if (track.init) return lane.append(mediaSegment(fragment, ++this.sequence), credit)
    if (fragment.isNewRun) lane.offset(fragment.time / track.timeline.timescale)
    lane.append(concat(fragment.samples.map(({ data }) => data)), credit)
  }
}

const newVideo = (): VideoTimeline => new VideoTimeline()

const audio = (config: AudioConfig, objectType: ObjectType, record: Bytes): TrackDescription =>
  ({ kind: 'audio', timescale: config.rate, channels: config.channels, objectType, record })

const sameInit = (one: Bytes | undefined, other: Bytes | undefined): boolean =>
  one && other ? equal(one, other) : one === other
