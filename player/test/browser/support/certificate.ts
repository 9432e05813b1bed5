// A certificate that nobody signed, and how a browser is told to take it all the same.

import { execFileSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { program } from './server.ts'

export interface Certificate {
  /** Where it lies. */
  files: { certificate: string, key: string }
  cert: string
  key: string
  /** Chromium's flag that lets it pass, and no other. */
  flag: string
}

export const certificate = (folder: string, name: string): Certificate => {
  const files = { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) }
  execFileSync(program(), [
    'cert', 'self-signed', '--name', name, '--certificate', files.certificate, '--key', files.key,
  ], { stdio: 'ignore' })
  const cert = readFileSync(files.certificate, 'utf8')
  const key = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' })
  const hash = createHash('sha256').update(key).digest('base64')
  return { files, cert, key: readFileSync(files.key, 'utf8'), flag: `--ignore-certificate-errors-spki-list=${hash}` }
}
