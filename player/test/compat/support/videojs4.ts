// video.js 4.12.15 as npm has it. It can't be a dependency: it depends on vtt.js by a git address, which npm would fetch,
// though its own bundle has vtt.js in it.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const NAME = 'video.js@4.12.15'
const SHA512 = '9eDKIoNOd4mBIIdygCd3HgGidMf15HzPzRmunxnCSMEo0I1bZ3UCJreRPR+JSlnxTx2daNqisHuAiCQEurYd9A=='
const CACHE = 'node_modules/.cache'
const FOLDER = join(CACHE, 'videojs4')

/** Its folder; fetched and compared the first time. */
export const videoJs4 = (): string => {
  if (!existsSync(FOLDER)) fetchInto()
  return join(FOLDER, 'package')
}

const fetchInto = (): void => {
  mkdirSync(CACHE, { recursive: true })
  const folder = mkdtempSync(join(CACHE, 'fetch-'))
  try {
    const options = ['pack', NAME, '--silent', '--pack-destination', folder]
    const archive = join(folder, execFileSync('npm', options, { stdio: ['ignore', 'pipe', 'inherit'] }).toString().trim())
    const hash = createHash('sha512').update(readFileSync(archive)).digest('base64')
    if (hash !== SHA512) throw new Error(`${NAME} is another one: sha512 ${hash}`)
    execFileSync('tar', ['-xzf', archive, '-C', folder])
    settle(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Another file of tests may have been quicker: what it has fetched is the same. */
const settle = (folder: string): void => {
  try {
    renameSync(folder, FOLDER)
  } catch (error) {
    if (!existsSync(FOLDER)) throw error
  }
}
