/** `explain …`: whether somebody may run an operation, why, and what would have to change. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseConfig } from '../config.ts'
import { type Explained, explainCommand, explainForm } from '../explanations.ts'
import { askRunningProcess } from '../operator-socket.ts'
import { withApplication } from '../standing-application.ts'
import type { Command } from './command.ts'

/** A file is where it is named, whatever folder the running process is in. */
const placed = (value: string): string => (existsSync(value) ? resolve(value) : value)

export const explain: Command = {
  forms: [explainForm],
  purpose:
    'Says of each field of an operation whether somebody may ask it, and why not; what would come of it; and the least to ' +
    'change for it to pass. Of nobody who is signed in, unless it is said of whom. With --supergraph over another graph than ' +
    'the one that is served. Nothing is run. Ends with 1 when it would be refused.',
  async run(values, environment) {
    const config = parseConfig(environment)
    const words = values.map(placed)
    const answer = await askRunningProcess(config.dataDir, [explainCommand, ...words])
    if (answer !== null) return JSON.parse(answer) as Explained // the same application wrote it
    return withApplication(config, environment, ({ explanations }) => explanations(...words))
  },
}
