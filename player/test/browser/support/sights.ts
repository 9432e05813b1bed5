// Where people look at what tests saw.

import { mkdirSync } from 'node:fs'

/** The path for a picture of this name. */
export const sight = (name: string): string => {
  mkdirSync('dist-test/screenshots', { recursive: true })
  return `dist-test/screenshots/${name}.png`
}
