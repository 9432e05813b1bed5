// Builds dist/, and fails when what pages have to load grows over its budget.

import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const BUDGET = { core: 18.5 * 1024, element: 5 * 1024 }

const shared = { bundle: true, minify: true, target: 'es2020', legalComments: 'none', logLevel: 'warning' }

rmSync('dist', { recursive: true, force: true })
const entry = { ...shared, entryPoints: ['src/index.ts'], sourcemap: true }
await build({ ...entry, format: 'iife', globalName: 'Millrace', outfile: 'dist/millrace-player.js' })
await build({ ...entry, format: 'esm', outfile: 'dist/millrace-player.mjs' })
const options = ['--declaration', '--emitDeclarationOnly', '--noEmit', 'false', '--outDir', 'dist/types']
execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json', ...options], { stdio: 'inherit' })

/** The bytes of a bundle after gzip. */
const weigh = async entryPoint => {
  const { outputFiles } = await build({ ...shared, entryPoints: [entryPoint], format: 'esm', write: false })
  return gzipSync(outputFiles[0].contents, { level: 9 }).length
}

const core = await weigh('src/player.ts')
const sizes = { core, element: await weigh('src/index.ts') - core }
for (const [part, bytes] of Object.entries(sizes)) {
  const isOver = bytes > BUDGET[part]
  console.log(`${part}: ${bytes} bytes gzip of ${BUDGET[part]}${isOver ? ': OVER THE BUDGET' : ''}`)
  if (isOver) process.exitCode = 1
}
