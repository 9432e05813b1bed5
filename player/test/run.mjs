// Bundles the tests of one kind and runs them, file by file: browsers and servers share the machine.

import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { build } from 'esbuild'
import { writeTable } from './table.mjs'

const [kind, only = ''] = process.argv.slice(2)
const outdir = `dist-test/${kind}`
const files = readdirSync(`test/${kind}`).filter(file => file.endsWith('.test.ts') && file.includes(only))
rmSync(outdir, { recursive: true, force: true })
await build({
  entryPoints: files.map(file => `test/${kind}/${file}`), outdir, bundle: true, platform: 'node', format: 'esm',
  target: 'node18', outExtension: { '.js': '.mjs' }, sourcemap: 'inline', packages: 'external', logLevel: 'warning',
})
let failed = files.length === 0
for (const file of files) {
  const test = `${outdir}/${file.replace(/\.ts$/, '.mjs')}`
  const { status } = spawnSync(process.execPath, ['--enable-source-maps', '--test', test], { stdio: 'inherit' })
  failed ||= status !== 0
}
if (kind === 'compat') writeTable()
process.exitCode = failed ? 1 : 0
