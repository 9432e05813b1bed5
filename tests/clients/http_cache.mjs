// Runs the public tests for HTTP caches (npm: http-cache-tests) and prints what came of each, as one JSON object:
//   {"tests": {id: {kind, verdict, detail}}, "published": {name: {required, optimal}}}
//
//   node http_cache.mjs FOLDER_OF_THE_PACKAGE BASE_URL ADDRESS [TEST]
//
// ADDRESS is where the host of BASE_URL is: its name need not be known to anybody. The verdicts are counted as the suite
// counts them itself, for the published results of other caches too.

import http from 'http'
import fs from 'fs'
import path from 'path'

const [folder, base, address, only] = process.argv.slice(2)
const load = file => import(path.join(folder, file))

const { runTests, getResults } = await load('client/runner.mjs')
const { determineTestResult } = await load('lib/display.mjs')
const fetch = (await import(path.join(folder, '../node-fetch/lib/index.mjs'))).default
const suites = (await load('tests/index.mjs')).default
suites.push((await load('tests/surrogate-control.mjs')).default)
const published = (await load('results/index.mjs')).default

const lookup = (_name, options, callback) =>
  options.all ? callback(null, [{ address, family: 4 }]) : callback(null, address, 4)
const agent = new http.Agent({ lookup })
const chosen = only === undefined
  ? suites
  : suites.map(suite => ({ ...suite, tests: suite.tests.filter(test => test.id === only) }))
for (const suite of chosen) {
  for (const test of suite.tests) test.dump = only !== undefined
}

const say = console.log
if (only === undefined) console.log = () => {}
const patience = new Promise(resolve => setTimeout(resolve, 60_000))
const tested = runTests(chosen, (url, options) => fetch(url, { ...options, agent }), false, base, 1000)
await Promise.race([tested, patience])
console.log = say

const WORDS = new Map([
  ['✅', 'pass'], ['⛔️', 'fail'], ['⚠️', 'optional_fail'], ['Y', 'yes'], ['N', 'no'],
  ['🔹', 'setup_fail'], ['⁉️', 'harness_fail'], ['⚪️', 'dependency_fail'], ['↻', 'retry'], ['-', 'untested']
])
const verdict = (id, results) => WORDS.get(determineTestResult(suites, id, results)[2])

const results = getResults()
const tests = {}
for (const suite of suites) {
  for (const test of suite.tests) {
    if (test.browser_only === true || (only !== undefined && test.id !== only)) continue
    const result = results[test.id]
    const detail = Array.isArray(result) ? result.join(': ') : undefined
    tests[test.id] = { kind: test.kind ?? 'required', verdict: verdict(test.id, results), detail }
  }
}
const counts = {}
for (const { file, name, type } of published) {
  if (type === 'browser') continue
  const theirs = JSON.parse(fs.readFileSync(path.join(folder, 'results', file)))
  counts[name] = { required: 0, optimal: 0 }
  for (const [id, { kind }] of Object.entries(tests)) {
    if (kind !== 'check' && verdict(id, theirs) === 'pass') counts[name][kind] += 1
  }
}
console.log(JSON.stringify({ tests, published: counts }))
process.exit(0)
