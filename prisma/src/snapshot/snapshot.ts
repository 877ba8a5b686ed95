/** Copies of the database: taken at one moment, put back as a whole. */
export type { Aftermath, Ended } from './aftermath.ts'
export type { Table } from './catalogue.ts'
export { type Snapshot, type SnapshotFacts, withSnapshot } from './dump.ts'
export { loadSnapshot, type Room } from './load.ts'
