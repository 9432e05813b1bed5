// A server's side of a conversation, as far as tests need it.

import { concat, type Bytes } from '../../src/bytes.ts'
import { ChunkReader, chunked } from '../../src/rtmp/chunk.ts'
import { BLOCK } from '../../src/rtmp/handshake.ts'
import { command, commandOf, control, Kind, type Command, type Message } from '../../src/rtmp/message.ts'

/** S0, S1 and S2. */
export const HELLO: Bytes = concat([Uint8Array.of(3), new Uint8Array(2 * BLOCK).fill(7)])
const C0_C1_C2 = 1 + 2 * BLOCK

export const say = (...messages: Message[]): Bytes => concat(messages.map(message => chunked(3, message)))

export const WELCOME = say(
  control(Kind.WindowSize, 2_500_000), command(0, '_result', 1, {}, { code: 'NetConnection.Connect.Success' }))
export const STREAM = say(command(0, '_result', 2, null, 1))

export const status = (code: string, level = 'status', description = '', details = ''): Bytes =>
  say(command(1, 'onStatus', 0, null, { level, code, description, details }))

export const media = (kind: number, time: number, body: Uint8Array): Message =>
  ({ kind, time, stream: 1, body: new Uint8Array(body) })

/** What a client said behind its handshake. */
export const heard = (bytes: Uint8Array): Message[] => {
  const reader = new ChunkReader()
  reader.push(new Uint8Array(bytes.slice(C0_C1_C2)))
  const messages: Message[] = []
  for (let message = reader.read(); message; message = reader.read()) messages.push(message)
  return messages
}

export const commands = (bytes: Uint8Array): Command[] =>
  heard(bytes).filter(({ kind }) => kind === Kind.CommandAmf0).map(commandOf)

export const acknowledgements = (bytes: Uint8Array): number[] =>
  heard(bytes).filter(({ kind }) => kind === Kind.Acknowledgement).map(({ body }) => new DataView(body.buffer).getUint32(0))
