// What stands between page and server in a test: a site with the page, WebSockets in front of RTMP, RTMPT passed on.
// It counts, refuses and breaks what it is told to.

import { createHash } from 'node:crypto'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { sendPlayer } from './site.ts'

const PAGE = `<!doctype html><meta charset="utf-8"><title>test</title>
<script src="/millrace-player.js"></script><video id="video" muted></video>`
const ACCEPT = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const BINARY = 0x82
const CLOSE = 0x88
const MOST_IN_FRAME = 65536

/** A page that asks for this has all connections broken. */
export const BREAK = '/break'

export class Relay {
  /** How WebSockets are answered. */
  refusesSockets = false
  /** Bytes that went to viewers. */
  toViewers = 0
  opened = 0
  posts = 0
  /** Everything that viewers said, one after the other. */
  said: Buffer[] = []
  private readonly sockets = new Set<Socket>()
  private readonly server = createServer((from, to) => this.answer(from, to))

  private constructor(private readonly target: number) {
    this.server.on('upgrade', (message: IncomingMessage, socket: Socket) => this.upgrade(message, socket))
  }

  static async to(target: number): Promise<Relay> {
    const relay = new Relay(target)
    await new Promise<void>(resolve => relay.server.listen(0, '127.0.0.1', resolve))
    return relay
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  get endpoint(): string {
    return this.origin.replace('http', 'ws') + '/rtmp'
  }

  /** Connections that are open now. */
  get viewers(): number {
    return this.sockets.size
  }

  /** How often viewers sent this command. */
  count(command: string): number {
    const name = Buffer.concat([Buffer.from([2, 0, command.length]), Buffer.from(command)])
    const all = Buffer.concat(this.said)
    let count = 0
    for (let at = all.indexOf(name); at >= 0; at = all.indexOf(name, at + 1)) count++
    return count
  }

  /** Every connection breaks without a word. */
  breakAll(): void {
    this.sockets.forEach(socket => socket.destroy())
  }

  /** Every viewer is told to go, by this code. */
  closeAll(code: number): void {
    this.sockets.forEach(socket => socket.end(Buffer.from([CLOSE, 2, code >> 8, code & 0xff])))
  }

  async stop(): Promise<void> {
    this.breakAll()
    const closed = new Promise<void>(resolve => this.server.close(() => resolve()))
    this.server.closeAllConnections()
    await closed
  }

  private answer(from: IncomingMessage, to: ServerResponse): void {
    if (from.method === 'POST') return this.passOn(from, to)
    if (from.url === BREAK) {
      this.breakAll()
      to.end()
    } else if (from.url === '/millrace-player.js') {
      sendPlayer(to)
    } else {
      to.setHeader('Content-Type', 'text/html')
      to.end(PAGE)
    }
  }

  private passOn(from: IncomingMessage, to: ServerResponse): void {
    this.posts++
    const { method, url, headers } = from
    const onward = request({ host: '127.0.0.1', port: this.target, method, path: url, headers }, reply => {
      to.writeHead(reply.statusCode ?? 502, reply.headers)
      reply.on('data', (bytes: Buffer) => { this.toViewers += bytes.length })
      reply.pipe(to)
    })
    onward.on('error', () => to.destroy())
    from.on('data', (bytes: Buffer) => this.said.push(bytes))
    from.pipe(onward)
  }

  private upgrade({ headers }: IncomingMessage, socket: Socket): void {
    socket.on('error', () => socket.destroy())
    if (this.refusesSockets) return void socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
    const accept = createHash('sha1').update(headers['sec-websocket-key'] + ACCEPT).digest('base64')
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: rtmp\r\n\r\n`)
    this.opened++
    this.join(socket)
  }

  private join(socket: Socket): void {
    const server = connect(this.target, '127.0.0.1')
    this.sockets.add(socket)
    server.on('error', () => socket.destroy())
    server.on('data', (bytes: Buffer) => {
      for (let at = 0; at < bytes.length; at += MOST_IN_FRAME) {
        const part = bytes.subarray(at, at + MOST_IN_FRAME)
        if (!socket.destroyed) socket.write(Buffer.concat([frameHead(part.length), part]))
      }
      this.toViewers += bytes.length
      if (socket.writableNeedDrain) {
        server.pause()
        socket.once('drain', () => server.resume())
      }
    })
    server.on('close', () => socket.end())
    let input = Buffer.alloc(0)
    socket.on('data', (bytes: Buffer) => {
      input = Buffer.concat([input, bytes])
      for (let frame = takeFrame(input); frame; frame = takeFrame(input)) {
        input = input.subarray(frame.size)
        if (frame.opcode === 2) {
          this.said.push(frame.payload)
          server.write(frame.payload)
        } else if (frame.opcode === 8) socket.end(Buffer.from([CLOSE, 0]))
      }
    })
    socket.on('end', () => socket.end())
    socket.on('close', () => {
      this.sockets.delete(socket)
      server.destroy()
    })
  }
}

const frameHead = (length: number): Buffer => {
  if (length < 126) return Buffer.from([BINARY, length])
  if (length < 65536) return Buffer.from([BINARY, 126, length >> 8, length & 0xff])
  const head = Buffer.from([BINARY, 127, 0, 0, 0, 0, 0, 0, 0, 0])
  head.writeUInt32BE(length, 6)
  return head
}

/** A client's frame, which is masked. */
const takeFrame = (input: Buffer): { opcode: number, payload: Buffer, size: number } | undefined => {
  if (input.length < 6) return undefined
  const short = input[1] & 0x7f
  const start = short === 126 ? 4 : 2
  if (short === 126 && input.length < 8) return undefined
  const length = short === 126 ? input.readUInt16BE(2) : short
  const size = start + 4 + length
  if (input.length < size) return undefined
  const mask = input.subarray(start, start + 4)
  const payload = Buffer.from(input.subarray(start + 4, size).map((byte, at) => byte ^ mask[at & 3]))
  return { opcode: input[0] & 0xf, payload, size }
}
