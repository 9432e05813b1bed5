// RTMP in binary frames of a WebSocket: the byte stream as on TCP, whose frame borders mean nothing.

import type { Bytes } from '../bytes.ts'
import { Close, type Wire, type WireEvents } from './wire.ts'

export class SocketWire implements Wire {
  private readonly socket: WebSocket
  private waiting: Bytes[] = []

  constructor(url: string, events: WireEvents) {
    this.socket = new WebSocket(url, 'rtmp')
    this.socket.binaryType = 'arraybuffer'
    this.socket.onopen = () => {
      this.waiting.forEach(bytes => this.socket.send(bytes))
      this.waiting = []
    }
    this.socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data instanceof ArrayBuffer) events.bytes(new Uint8Array(data))
    }
    // Why a connection failed is not told to pages (WebSockets standard, "fail the WebSocket connection").
    this.socket.onclose = ({ code, reason }) => events.closed({ code, reason })
  }

  send(bytes: Bytes): void {
    if (this.socket.readyState === WebSocket.CONNECTING) this.waiting.push(bytes)
    else this.socket.send(bytes)
  }

  close(): void {
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null
    this.socket.close(Close.End)
  }

  rest(): void {
    // Bytes come without being asked for.
  }
}
