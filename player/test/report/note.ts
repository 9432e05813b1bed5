// What tests measured, for people: never a reason to fail.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'

const FOLDER = 'dist-test'

type Report = Record<string, Record<string, number>>

const before = (): Report => {
  try {
    return JSON.parse(readFileSync(`${FOLDER}/report.json`, 'utf8')) as Report
  } catch {
    return {}
  }
}

/** Puts a row into the report, in place of the one of the same name that was there. */
export const note = (name: string, values: Record<string, number>): void => {
  const report = { ...before(), [name]: values }
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(`${FOLDER}/report.json`, JSON.stringify(report, undefined, 2) + '\n')
  const columns = [...new Set(Object.values(report).flatMap(row => Object.keys(row)))]
  const line = (cells: readonly unknown[]): string => `| ${cells.join(' | ')} |\n`
  const rows = Object.entries(report).map(([name, row]) => line([name, ...columns.map(column => row[column] ?? '')]))
  writeFileSync(`${FOLDER}/report.md`, line(['', ...columns]) + line(['-', ...columns.map(() => '-:')]) + rows.join(''))
  console.log(`${name}: ${JSON.stringify(values)}`)
}
