// Builds the adapters for old libraries into dist/, and fails when one grows over its budget.

import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const KB = 1024
/** What it is made of, what pages load, and how large that may be after gzip. */
const ADAPTERS = [
  ['videojs', 'compat-videojs-flash', 1.5 * KB],
  ['mediaelement', 'compat-mediaelement-rtmp', 1.5 * KB],
  ['flowplayer', 'compat-flowplayer-rtmp', 2 * KB],
  ['markup', 'compat-flash-markup', 3 * KB],
  // Has all of the markup in it but what only MediaElement.js 2 needs: the budget is that of both.
  ['swfobject', 'compat-swfobject', 3 * KB],
  // Has the core in it as well.
  ['all', 'compat-all', 25 * KB],
]

/** For who wants to test what is not yet small enough. */
const isAnySize = process.argv.includes('--any-size')

for (const [source, name, budget] of ADAPTERS) {
  const outfile = `dist/${name}.js`
  await build({
    entryPoints: [`compat/${source}.ts`], outfile, bundle: true, minify: true, format: 'iife', target: 'es2020',
    legalComments: 'none', sourcemap: true, logLevel: 'warning', define: { HAS_CORE: String(source === 'all') },
  })
  const bytes = gzipSync(readFileSync(outfile), { level: 9 }).length
  const isOver = bytes > budget
  console.log(`${name}: ${bytes} bytes gzip of ${budget}${isOver ? ': OVER THE BUDGET' : ''}`)
  if (isOver && !isAnySize) process.exitCode = 1
}
