// `millrace demo`: two distributions, a page in the one, samples in the other.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { program } from './server.ts'

export interface Demo {
  /** Of its page. */
  url: string
  stop(): Promise<void>
}

const PORTS = ['rtmp', 'http', 'tls', 'api'].flatMap(port => [`--${port}-port`, '0'])
const PAGE = /In a browser: (\S+)/

export const demo = async (): Promise<Demo> => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-demo-'))
  const child = spawn(program(), ['demo', '--data-dir', folder, ...PORTS], { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = new Promise<void>(resolve => child.on('exit', () => resolve()))
  const url = await new Promise<string>((resolve, reject) => {
    let said = ''
    child.stdout.on('data', (text: Buffer) => {
      said += text.toString()
      const found = PAGE.exec(said)
      if (found) resolve(found[1])
    })
    child.on('exit', () => reject(new Error(`the demo ended: ${said}`)))
  })
  return {
    url,
    stop: async () => {
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
