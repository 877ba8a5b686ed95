import { describe, expect, it } from 'vitest'
import { apiKeys } from './api-keys.ts'

describe('api-keys', () => {
  it.each([
    [[]],
    [['export']],
    [['export', 'a', 'b']],
    [['import', 'a', '--with-hashes']],
    [['import', 'a', '--dry-run', 'b']],
    [['peppers', '--retire']],
    [['peppers', 'old']],
    [['toString', 'a']],
  ])('says how it is called when called with %j', async (values) => {
    await expect(apiKeys.run(values, {})).rejects.toThrow(/api-keys export FILE/)
  })
})
