// `millrace serve` over a folder.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface ServerOptions {
  /** Instead of the one distribution for all hosts. */
  distributions?: string
  /** Then there is a port for TLS. */
  certificate?: { certificate: string, key: string }
  /** Where another one listened before. */
  port?: number
}

export interface Server {
  port: number
  tlsPort: number
  /** Its configuration file. */
  config: string
  /** Its log up to now. */
  log(): string
  /** Asks it to stop: viewers may play on for a second. */
  drain(): Promise<void>
  stop(): Promise<void>
}

const ONE = `[[distribution]]
id = "E1"
domain_name = "s1.example.net"
bucket = "films"
`
const LISTENS = /viewers may connect address=127\.0\.0\.1:(\d+)/g

export const program = (): string => {
  const program = process.env.MILLRACE_BIN
  if (!program) throw new Error('MILLRACE_BIN names no server')
  return program
}

const configuration = (media: string, { distributions, certificate, port = 0 }: ServerOptions): string => `
${distributions ? '' : 'default_distribution = "E1"'}
[listen]
viewers = ["127.0.0.1:${port}"]
${certificate ? 'tls = ["127.0.0.1:0"]' : ''}
[control]
listen = ["127.0.0.1:0"]
[drain]
deadline = "1s"
${certificate ? `[[certificate]]
certificate = ${JSON.stringify(certificate.certificate)}
key = ${JSON.stringify(certificate.key)}` : ''}
[[bucket]]
name = "films"
folder = ${JSON.stringify(media)}
${distributions ?? ONE}`

export const serve = async (media: string, options: ServerOptions = {}): Promise<Server> => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-player-'))
  const config = join(folder, 'millrace.toml')
  writeFileSync(config, configuration(media, options))
  const child = spawn(program(), ['serve', '--config', config], {
    env: { ...process.env, NO_COLOR: '1', MILLRACE_LOG: 'info,millrace_edge=debug' }, stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  const ended = new Promise<void>(resolve => child.on('exit', () => resolve()))
  const [port, tlsPort = 0] = await new Promise<number[]>((resolve, reject) => {
    child.stderr.on('data', (text: Buffer) => {
      log += text.toString()
      const ports = [...log.matchAll(LISTENS)].map(([, port]) => Number(port))
      if (ports.length === (options.certificate ? 2 : 1)) resolve(ports)
    })
    child.on('exit', () => reject(new Error(`the server ended: ${log}`)))
  })
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  return { port, tlsPort, config, log: () => log, drain: () => end('SIGTERM'), stop: () => end('SIGKILL') }
}
