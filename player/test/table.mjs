// The table of what was seen to work on old pages, made of what the tests of each library wrote down.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ROWS = 'dist-test/compat/rows'
const TABLE = 'dist-test/compat-table.md'
const STEPS = ['plays', 'pauses', 'seeks', 'ends']

export const writeTable = () => {
  const files = existsSync(ROWS) ? readdirSync(ROWS).sort() : []
  const rows = files.flatMap(file => JSON.parse(readFileSync(join(ROWS, file), 'utf8')).map(row => ({ library: file.replace(/\.json$/, ''), ...row })))
  const lines = rows.map(({ library, version, form, done }) => [library, version, form, ...STEPS.map(step => done.includes(step) ? 'yes' : '**no**')])
  const table = [['library', 'version', 'form', ...STEPS], Array(7).fill('---'), ...lines].map(cells => `| ${cells.join(' | ')} |`)
  writeFileSync(TABLE, `${table.join('\n')}\n`)
  console.log(table.join('\n'))
}
