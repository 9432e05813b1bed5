// A player's end of a connection, without sockets and clocks: bytes in, bytes and events out.

import { concat, NO_BYTES, type Bytes } from '../bytes.ts'
import { text, type AmfObject, type Value } from './amf0.ts'
import { ChunkReader, chunked, ChunkStream } from './chunk.ts'
import { ProtocolError } from './error.ts'
import { Handshake } from './handshake.ts'
import {
  command, commandOf, Control, control, Kind, numberOf, partsOf, userControl, valuesOf, type Command, type Message,
} from './message.ts'

export interface Introduction {
  app: string
  tcUrl: string
  pageUrl?: string
  swfUrl?: string
}

export interface Status {
  code: string
  level: string
  description: string
  /** Mostly the stream name that it is about. */
  details: string
  /** Where a server that asks its players to leave wants them to go. */
  tcUrl: string
}

export type SessionEvent =
  | { type: 'handshake' }
  /** The stream is there: play. */
  | { type: 'ready' }
  | { type: 'refused', status: Status }
  | { type: 'status', status: Status }
  | { type: 'data', time: number, name: string, value: Value }
  /** Its body counts as unacknowledged until {@link Session.credit} is told of its length. */
  | { type: 'media', message: Message }
  | { type: 'pong' }
  /** How long the title is, seconds; 0 stands for "not known". */
  | { type: 'length', seconds: number }
  /** The server ends the connection. */
  | { type: 'close' }

type Phase = 'handshake' | 'connecting' | 'creating' | 'ready'

const CONNECT = 1
const CREATE_STREAM = 2
const STREAM_LENGTH = 3
const USUAL_WINDOW = 2_500_000
/** No server that minds acknowledgements or the buffer length comes near. */
const MOST_UNCREDITED = 192 << 20
/** Enhanced RTMP: the client understands NetConnection.Connect.ReconnectRequest. */
const CAN_RECONNECT = 1

export class Session {
  private phase: Phase = 'handshake'
  private readonly handshake = new Handshake()
  private readonly reader = new ChunkReader()
  private output: Uint8Array[]
  private events: SessionEvent[] = []
  private stream = 0
  private window = USUAL_WINDOW
  // Counted from behind the handshake, where the server counts from as well. Totals stay exact up to 2^53.
  private received = 0
  private uncredited = 0
  private acknowledged = 0

  constructor(private readonly introduction: Introduction, random: Uint8Array) {
    this.output = [this.handshake.hello(random)]
  }

  /** @throws {ProtocolError} when the bytes make no sense. */
  receive(bytes: Bytes): void {
    let input = bytes
    if (this.phase === 'handshake') {
      const done = this.handshake.receive(bytes)
      if (!done) return
      this.output.push(done.answer)
      this.connect()
      this.events.push({ type: 'handshake' })
      input = done.rest
    }
    this.received += input.length
    this.reader.push(input)
    for (let message = this.reader.read(); message; message = this.reader.read()) this.take(message)
    this.acknowledge()
  }

  takeOutput(): Bytes {
    if (this.output.length === 0) return NO_BYTES
    const bytes = concat(this.output)
    this.output = []
    return bytes
  }

  takeEvents(): SessionEvent[] {
    const { events } = this
    this.events = []
    return events
  }

  /** So many bytes of media were appended, or dropped on purpose: the server may send as many more. */
  credit(bytes: number): void {
    this.uncredited -= Math.min(bytes, this.uncredited)
    this.acknowledge()
  }

  /** Whether the server may be silent because it waits for an acknowledgement. */
  get isCreditShort(): boolean {
    return this.received - this.acknowledged > this.window / 2
  }

  play(name: string): void {
    // From 0: after play(start > 0) stamps count from there, after seek they are media time.
    this.send(command(this.stream, 'play', 0, null, name, 0, -1000, true))
  }

  seek(ms: number): void {
    this.send(command(this.stream, 'seek', 0, null, ms))
  }

  pause(isPaused: boolean, ms: number): void {
    this.send(command(this.stream, 'pause', 0, null, isPaused, ms))
  }

  switchTo(name: string, oldName: string): void {
    const options: AmfObject = {
      streamName: name, oldStreamName: oldName, start: -2, len: -1, offset: -1, transition: 'switch',
    }
    this.send(command(this.stream, 'play2', 0, null, options))
  }

  bufferLength(ms: number): void {
    this.send(userControl(Control.SetBufferLength, this.stream, ms))
  }

  /** Servers that send no metadata for MP3 answer this (Flash Media Server). */
  askLength(name: string): void {
    this.send(command(0, 'getStreamLength', STREAM_LENGTH, null, name))
  }

  /** Asks for a sign of life. */
  ping(): void {
    this.send(userControl(Control.PingRequest, 0))
  }

  closeStream(): void {
    this.send(command(0, 'deleteStream', 0, null, this.stream))
  }

  private connect(): void {
    this.phase = 'connecting'
    const { app, tcUrl, pageUrl, swfUrl } = this.introduction
    const properties: AmfObject = { app, flashVer: 'millrace-player', tcUrl, fpad: false, capabilities: 15 }
    if (swfUrl) properties.swfUrl = swfUrl
    if (pageUrl) properties.pageUrl = pageUrl
    // MP3 and AAC, H.264; no objectEncoding but AMF0.
    Object.assign(properties, { audioCodecs: 0x404, videoCodecs: 0x80, objectEncoding: 0 })
    Object.assign(properties, { capsEx: CAN_RECONNECT, ackGate: true })
    this.send(command(0, 'connect', CONNECT, properties))
  }

  private take(message: Message): void {
    switch (message.kind) {
      case Kind.WindowSize:
        // 0 was never meant.
        this.window = numberOf(message) || this.window
        break
      case Kind.PeerBandwidth:
        this.send(control(Kind.WindowSize, numberOf(message)))
        break
      case Kind.UserControl: return this.obey(message)
      case Kind.CommandAmf0:
      case Kind.CommandAmf3: return this.perform(commandOf(message))
      case Kind.DataAmf0:
      case Kind.DataAmf3: return this.takeData(message)
      case Kind.Aggregate:
        partsOf(message).forEach(part => this.take(part))
        break
      case Kind.Audio:
      case Kind.Video:
        this.uncredited += message.body.length
        if (this.uncredited > MOST_UNCREDITED) throw new ProtocolError('the server sends much more than it was asked for')
        this.events.push({ type: 'media', message })
    }
  }

  private obey(message: Message): void {
    if (message.body.length < 6) return
    const event = (message.body[0] << 8) | message.body[1]
    const number = numberOf({ ...message, body: message.body.slice(2) })
    if (event === Control.PingRequest) this.send(userControl(Control.PingResponse, number))
    else if (event === Control.PingResponse) this.events.push({ type: 'pong' })
  }

  private takeData(message: Message): void {
    const [name, value] = valuesOf(message)
    if (typeof name === 'string') this.events.push({ type: 'data', time: message.time, name, value })
  }

  private perform({ name, transaction, values }: Command): void {
    const info = values[1]
    if (name === '_result' && transaction === CONNECT && this.phase === 'connecting') {
      this.phase = 'creating'
      this.send(command(0, 'createStream', CREATE_STREAM, null))
    } else if (name === '_result' && transaction === CREATE_STREAM && this.phase === 'creating') {
      this.phase = 'ready'
      this.stream = typeof info === 'number' ? info : 1
      this.events.push({ type: 'ready' })
    } else if (name === '_result' && transaction === STREAM_LENGTH) {
      if (typeof info === 'number') this.events.push({ type: 'length', seconds: info })
    } else if (name === '_error' && this.phase !== 'ready') {
      this.events.push({ type: 'refused', status: statusOf(info) })
    } else if (name === 'onStatus') {
      this.events.push({ type: 'status', status: statusOf(info) })
    } else if (name === 'close') {
      this.events.push({ type: 'close' })
    }
  }

  /** Each quarter window of what was handled: media not before it was appended, everything else as it comes. */
  private acknowledge(): void {
    const handled = this.received - this.uncredited
    if (this.phase === 'handshake' || handled - this.acknowledged < this.window / 4) return
    this.acknowledged = handled
    this.send(control(Kind.Acknowledgement, handled >>> 0))
  }

  private send(message: Message): void {
    const { kind, stream } = message
    const chunkStream = kind !== Kind.CommandAmf0 ? ChunkStream.Control
      : stream === 0 ? ChunkStream.Command : ChunkStream.Play
    this.output.push(chunked(chunkStream, message))
  }
}

const statusOf = (info: Value): Status => ({
  code: text(info, 'code'),
  level: text(info, 'level'),
  description: text(info, 'description'),
  details: text(info, 'details'),
  tcUrl: text(info, 'tcUrl'),
})


