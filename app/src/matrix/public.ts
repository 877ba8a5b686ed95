/** The public face of the matrix: for whoever runs its cells. */
export { type PrincipalClass, principalOf } from './classes.ts'
export { type Differing, differencesIn } from './disagreements.ts'
export { loadGraphs } from './load.ts'
export { type Cell, type Matrix, makeMatrix } from './matrix.ts'
export { operationOf, type Way } from './path.ts'
export { isRefusal, type Word, wordOfCode } from './word.ts'
