// Bundles the tests of one kind and runs them, each file in a process of its own, and says what they said when they end.

import { spawn } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { build } from 'esbuild'
import { writeTable } from './table.mjs'

/** Files at one time. Old pages mostly wait for films to play; the other browsers' tests count what comes in a time. */
const AT_ONCE = { unit: 2, browser: 1, compat: 3, report: 1 }

/** Whatever takes longer hangs: the longest file takes three minutes. */
const LEASH_MS = 15 * 60_000

const [kind, only = ''] = process.argv.slice(2)
const outdir = `dist-test/${kind}`
const files = readdirSync(`test/${kind}`).filter(file => file.endsWith('.test.ts') && file.includes(only))
rmSync(outdir, { recursive: true, force: true })
await build({
  entryPoints: files.map(file => `test/${kind}/${file}`), outdir, bundle: true, platform: 'node', format: 'esm',
  target: 'node18', outExtension: { '.js': '.mjs' }, sourcemap: 'inline', packages: 'external', logLevel: 'warning',
})

/** Runs one file; whether it went well. */
const run = file => new Promise(resolve => {
  const test = `${outdir}/${file.replace(/\.ts$/, '.mjs')}`
  const child = spawn(process.execPath, ['--enable-source-maps', '--test', test], { stdio: ['ignore', 'pipe', 'inherit'] })
  const leash = setTimeout(() => child.kill('SIGKILL'), LEASH_MS)
  const said = []
  child.stdout.on('data', text => said.push(text))
  child.on('close', status => {
    clearTimeout(leash)
    process.stdout.write(Buffer.concat(said))
    resolve(status === 0)
  })
})

let failed = files.length === 0
const waiting = [...files]
const worker = async () => {
  for (let file = waiting.shift(); file; file = waiting.shift()) failed = !await run(file) || failed
}
await Promise.all(Array.from({ length: AT_ONCE[kind] }, worker))
if (kind === 'compat') writeTable()
process.exitCode = failed ? 1 : 0
