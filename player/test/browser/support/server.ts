// `millrace serve` over a folder.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Server {
  port: number
  /** Its log up to now. */
  log(): string
  stop(): Promise<void>
}

const CONFIG = `default_distribution = "E1"
[listen]
viewers = ["127.0.0.1:0"]
[control]
listen = ["127.0.0.1:0"]
[[bucket]]
name = "films"
folder = FOLDER
[[distribution]]
id = "E1"
domain_name = "s1.example.net"
bucket = "films"
`
const LISTENS = /viewers may connect address=127\.0\.0\.1:(\d+)/

export const serve = async (media: string): Promise<Server> => {
  const program = process.env.MILLRACE_BIN
  if (!program) throw new Error('MILLRACE_BIN names no server')
  const folder = mkdtempSync(join(tmpdir(), 'millrace-player-'))
  const config = join(folder, 'millrace.toml')
  writeFileSync(config, CONFIG.replace('FOLDER', JSON.stringify(media)))
  const child = spawn(program, ['serve', '--config', config], {
    env: { ...process.env, NO_COLOR: '1', MILLRACE_LOG: 'info,millrace_edge=debug' }, stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  const ended = new Promise<void>(resolve => child.on('exit', () => resolve()))
  const port = await new Promise<number>((resolve, reject) => {
    child.stderr.on('data', (text: Buffer) => {
      log += text.toString()
      const found = LISTENS.exec(log)
      if (found) resolve(Number(found[1]))
    })
    child.on('exit', () => reject(new Error(`the server ended: ${log}`)))
  })
  return {
    port,
    log: () => log,
    stop: async () => {
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
