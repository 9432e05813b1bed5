// Media made by ffmpeg, and what ffmpeg says is in them.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const WIDTH = 320
export const HEIGHT = 180
export const RATE = 25

export class Media {
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-media-'))

  /** A film with a picture that no two frames share. */
  film(name: string, seconds: number, ...more: string[]): string {
    const video = ['-f', 'lavfi', '-i', `testsrc2=size=${WIDTH}x${HEIGHT}:rate=${RATE}:duration=${seconds}`]
    const audio = ['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=44100:duration=${seconds}`]
    const coded = ['-c:v', 'libx264', '-preset', 'veryfast', '-g', '50', '-bf', '2', '-pix_fmt', 'yuv420p', '-c:a', 'aac']
    return this.ffmpeg(name, ...video, ...audio, ...coded, ...more)
  }

  /** Any file. */
  ffmpeg(name: string, ...options: string[]): string {
    const path = join(this.folder, name)
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...options, path])
    return path
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export interface Packet {
  /** Seconds. */
  dts: number
  pts: number
  size: number
  hash: string
}

/** The packets of one stream (`v:0`, `a:0`) as they lie in the file. */
export const packets = (path: string, stream: string): Packet[] => {
  const options = ['-v', 'error', '-i', path, '-map', `0:${stream}`, '-c', 'copy', '-f', 'framehash', '-']
  const lines = execFileSync('ffmpeg', options, { maxBuffer: 1 << 28 }).toString().split('\n')
  const [, over, under] = /#tb 0: (\d+)\/(\d+)/.exec(lines.join('\n')) ?? []
  const base = Number(over) / Number(under)
  return lines.filter(line => line && !line.startsWith('#')).map(line => {
    const [, dts, pts, , size, hash] = line.split(',').map(field => field.trim())
    return { dts: Number(dts) * base, pts: Number(pts) * base, size: Number(size), hash }
  })
}

/** The SHA-256 of each picture as I420, in the order they are shown. */
export const pictures = (path: string): string[] => {
  const options = ['-v', 'error', '-i', path, '-map', '0:v:0', '-pix_fmt', 'yuv420p', '-f', 'framehash', '-']
  const lines = execFileSync('ffmpeg', options, { maxBuffer: 1 << 28 }).toString().split('\n')
  return lines.filter(line => line && !line.startsWith('#')).map(line => line.split(',')[5].trim())
}
