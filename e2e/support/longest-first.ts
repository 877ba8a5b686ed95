/** The order in which files of tests are run: long ones first, so that no worker is left with one when the others are done. */
import { readdirSync, statSync } from 'node:fs'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/** Stories that share a house lie in a folder that is named as the file: `house.test.ts`, `house/…`. */
function weightOf(file: string): number {
  const folder = file.replace(/\.test\.m?[jt]s$/, '')
  const parts = statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(folder) : []
  return parts.reduce((sum, part) => sum + sizeOf(`${folder}/${part}`), sizeOf(file))
}

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const weighed = files.map((file) => ({ file, weight: weightOf(file.moduleId) }))
    return weighed.sort((one, other) => other.weight - one.weight).map(({ file }) => file)
  }
}
