/** What is built to be run: where each program begins, and where its one file is. */
import { readFileSync } from 'node:fs'

/** The first source file, by the name of the program. */
export const programs = JSON.parse(readFileSync(new URL('programs.json', import.meta.url), 'utf8'))

/** Where the compiler puts what it makes of a source file. */
export const compiled = (source) => source.replace(/(^|\/)src\//, '$1dist/').replace(/\.ts$/, '.js')

/** Where a program is once it is bundled. */
export const bundled = (name) => `dist/${name}.mjs`
