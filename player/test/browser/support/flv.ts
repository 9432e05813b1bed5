// FLV files tag by tag (FLV 10.1, E.3 and E.4.1), to make what no encoder makes.

import { readFileSync, writeFileSync } from 'node:fs'

export const Tag = { Audio: 8, Video: 9, Script: 18 } as const

export interface Tag {
  kind: number
  /** ms */
  time: number
  body: Buffer
}

const HEADER = Buffer.from([0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0])
const TAG_HEAD = 11

/** The sound and pictures of a file, with their configurations. */
export const tagsOf = (path: string): Tag[] => {
  const file = readFileSync(path)
  const tags: Tag[] = []
  for (let at = HEADER.length; at + TAG_HEAD < file.length;) {
    const size = file.readUIntBE(at + 1, 3)
    const time = file.readUIntBE(at + 4, 3) + file[at + 7] * 2 ** 24
    tags.push({ kind: file[at], time, body: file.subarray(at + TAG_HEAD, at + TAG_HEAD + size) })
    at += TAG_HEAD + size + 4
  }
  return tags.filter(({ kind }) => kind !== Tag.Script)
}

/** The same so many ms later. */
export const later = (tags: readonly Tag[], ms: number): Tag[] => tags.map(tag => ({ ...tag, time: tag.time + ms }))

/** Its frames alone, without sequence headers and the end of a sequence: what came before goes on. */
export const framesIn = (tags: readonly Tag[]): Tag[] => tags.filter(({ body }) => body[1] === 1)

export const writeFlv = (path: string, tags: readonly Tag[]): void =>
  writeFileSync(path, Buffer.concat([HEADER, ...tags.flatMap(({ kind, time, body }) => {
    const head = Buffer.alloc(TAG_HEAD)
    head[0] = kind
    head.writeUIntBE(body.length, 1, 3)
    head.writeUIntBE(time % 2 ** 24, 4, 3)
    head[7] = Math.floor(time / 2 ** 24)
    const size = Buffer.alloc(4)
    size.writeUInt32BE(TAG_HEAD + body.length)
    return [head, body, size]
  })]))
