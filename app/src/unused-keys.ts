/** The operator's report on keys that nothing uses: a line each, and how many there are. */
import type { ApiKeysApplication } from '@latchkey/api-keys'

/** By this name a running process is asked. */
export const unusedKeysCommand = 'api-keys unused'

/** In days; answers in lines. */
export type UnusedKeysReport = (days: number) => Promise<string>

const linesMax = 10_000

/** Without what owners call their keys: that is theirs, and the id finds it. */
export const createUnusedKeysReport =
  (keys: Pick<ApiKeysApplication, 'unusedKeys'>): UnusedKeysReport =>
  async (days) => {
    const lines: string[] = []
    const sum = (count: string) => `${count} not used for ${days} day${days === 1 ? '' : 's'}.`
    for await (const batch of keys.unusedKeys(days))
      for (const { id, environment, ownerId, lastUsedAt, createdAt } of batch) {
        if (lines.length === linesMax) return [...lines, sum(`${linesMax} keys and more were`)].join('\n')
        const used = lastUsedAt ? `last used ${lastUsedAt.toISOString()}` : 'never used'
        lines.push(`lk_${environment}_${id}  owner ${ownerId}  made ${createdAt.toISOString()}  ${used}`)
      }
    return [...lines, sum(`${lines.length} key${lines.length === 1 ? ' was' : 's were'}`)].join('\n')
  }
