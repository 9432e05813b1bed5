// The table of what was seen to work on old pages, made of what the tests of each library wrote down.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ROWS = 'dist-test/compat/rows'
const TABLE = 'dist-test/compat-table.md'
const STEPS = ['plays', 'pauses', 'seeks', 'ends']

const rowsOf = file => JSON.parse(readFileSync(join(ROWS, file), 'utf8')).map(row => ({ library: file.replace(/\.json$/, ''), ...row }))

export const writeTable = () => {
  const rows = (existsSync(ROWS) ? readdirSync(ROWS).sort() : []).flatMap(rowsOf)
  /** Versions of which the same was seen stand in one line. */
  const lines = new Map()
  for (const { library, version, form, done } of rows) {
    const steps = STEPS.map(step => done.includes(step) ? 'yes' : '**no**')
    const key = [library, form, ...steps].join('|')
    lines.set(key, { library, form, steps, versions: [...lines.get(key)?.versions ?? [], version].filter(Boolean) })
  }
  const cells = [...lines.values()].map(({ library, form, steps, versions }) => [library, form, versions.join(', '), ...steps])
  const table = [['library', 'form', 'version', ...STEPS], Array(7).fill('---'), ...cells].map(line => `| ${line.join(' | ')} |`)
  writeFileSync(TABLE, `${table.join('\n')}\n`)
  console.log(table.join('\n'))
}
