// Names signed by keys that a server knows, and by others.

import { execFileSync } from 'node:child_process'
import { createSign, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { program } from './server.ts'

export interface Key {
  id: string
  /** PEM */
  secret: string
}

/** A key that the account of this configuration signs with. */
export const knownKey = (config: string, folder: string): Key => {
  const file = join(folder, 'known.pem')
  const said = execFileSync(program(), ['keys', 'create', '--config', config, '--private-key', file]).toString()
  return { id: said.split(' ')[0], secret: readFileSync(file, 'utf8') }
}

/** The same id over another key. */
export const forged = ({ id }: Key): Key => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { id, secret: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

/** By a canned policy, as CloudFront has it; `millrace sign` would refuse times that are over. */
export const signed = (name: string, { id, secret }: Key, expires: Date): string => {
  const time = Math.floor(expires.getTime() / 1000)
  const resource = name.replace(/^\w+:/, '')
  const policy = `{"Statement":[{"Resource":"${resource}","Condition":{"DateLessThan":{"AWS:EpochTime":${time}}}}]}`
  const signature = createSign('sha1').update(policy).sign(secret, 'base64')
  const letters: Record<string, string> = { '+': '-', '=': '_', '/': '~' }
  return `${name}?Expires=${time}&Signature=${signature.replace(/[+=/]/g, letter => letters[letter])}&Key-Pair-Id=${id}`
}
