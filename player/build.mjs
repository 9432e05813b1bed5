// Builds dist/: the player, and the adapters for old libraries beside it. Fails when what pages load grows over its budget.

import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const KB = 1024
const CORE = 18.5 * KB
const ELEMENT = 5 * KB
/** What each adapter is made of, the file that pages load, and how large that may be after gzip. None has the core in it. */
const ADAPTERS = [
  ['videojs', 'videojs-flash', 1.5 * KB],
  ['mediaelement', 'mediaelement-rtmp', 1.5 * KB],
  ['flowplayer', 'flowplayer-rtmp', 2 * KB],
  ['markup', 'flash-markup', 3 * KB],
  // Has all of the markup in it but what only MediaElement.js 2 needs: the budget is that of both.
  ['swfobject', 'swfobject', 3.5 * KB],
  ['jwplayer', 'jwplayer', 8.75 * KB],
  ['flowplayer3', 'flowplayer3', 6 * KB],
  ['all', 'all', 25 * KB],
]

/** Old libraries whose licences let them be passed on: each has a page in the server's demo. */
const LIBRARIES = {
  'videojs5/dist/video.min.js': 'video.min.js',
  'videojs5/dist/video-js.min.css': 'video-js.min.css',
  'videojs5/LICENSE': 'video.js-LICENSE.txt',
  'mediaelement4/build/mediaelement-and-player.min.js': 'mediaelement-and-player.min.js',
  'mediaelement4/build/mediaelementplayer.min.css': 'mediaelementplayer.min.css',
  'mediaelement4/build/mejs-controls.svg': 'mejs-controls.svg',
  'mediaelement4/LICENSE': 'mediaelement-LICENSE.txt',
}

const shared = { bundle: true, minify: true, target: 'es2020', legalComments: 'none', logLevel: 'warning' }
// Of Chromium 84, Firefox 90 and Safari 15: private members of adapters have short names in their files.
const adapter = { ...shared, target: 'es2022', format: 'iife', sourcemap: true }

const weigh = bytes => gzipSync(bytes, { level: 9 }).length
const report = (part, bytes, budget) => {
  const isOver = bytes > budget
  console.log(`${part}: ${bytes} bytes gzip of ${budget}${isOver ? ': OVER THE BUDGET' : ''}`)
  if (isOver) process.exitCode = 1
}

rmSync('dist', { recursive: true, force: true })
const entry = { ...shared, entryPoints: ['src/index.ts'], sourcemap: true }
await build({ ...entry, format: 'iife', globalName: 'Millrace', outfile: 'dist/millrace-player.js' })
await build({ ...entry, format: 'esm', outfile: 'dist/millrace-player.mjs' })
const options = ['--declaration', '--emitDeclarationOnly', '--noEmit', 'false', '--outDir', 'dist/types']
execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json', ...options], { stdio: 'inherit' })

/** The bytes of a bundle after gzip. */
const bundle = async entryPoint => {
  const { outputFiles } = await build({ ...shared, entryPoints: [entryPoint], format: 'esm', write: false })
  return weigh(outputFiles[0].contents)
}

const core = await bundle('src/player.ts')
report('core', core, CORE)
report('element', await bundle('src/index.ts') - core, ELEMENT)
for (const [source, name, budget] of ADAPTERS) {
  const outfile = `dist/${name}.js`
  await build({ ...adapter, entryPoints: [`compat/${source}.ts`], outfile })
  report(name, weigh(readFileSync(outfile)), budget)
}
for (const [from, to] of Object.entries(LIBRARIES)) cpSync(`node_modules/${from}`, `dist/libraries/${to}`)
