import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { operations } from './operations.ts'

const manifest = (...list: readonly (readonly [id: string, name: string, body: string])[]) =>
  JSON.stringify({
    ...{ format: 'apollo-persisted-query-manifest', version: 1 },
    operations: list.map(([id, name, body]) => ({ id, name, type: 'query', body })),
  })

function folder() {
  const dir = mkdtempSync(join(tmpdir(), 'operations-'))
  const file = join(dir, 'manifest.json')
  const environment = { LATCHKEY_DATA_DIR: dir }
  const registerAll = (text: string) => {
    writeFileSync(file, text)
    return operations.run(['register', file], environment)
  }
  const kept = () => readFileSync(join(dir, 'operations.json'), 'utf8')
  return { environment, registerAll, kept, run: (...words: string[]) => operations.run(words, environment) }
}

const me = ['me.1', 'Me', 'query Me { me { id } }'] as const
const roles = ['roles.1', 'Roles', 'query Roles { roles { name } }'] as const

describe('operations', () => {
  it.each([[[]], [['register']], [['list', 'a']], [['retire']], [['toString']]])(
    'says how it is called when called with %j',
    async (words) => expect(operations.run(words, {})).rejects.toThrow(/operations register MANIFEST/),
  )

  it('registers what is new, lists what there is, and takes one back', async () => {
    const { registerAll, run } = folder()
    expect(await registerAll(manifest(me))).toMatch(/^1 operation registered, 0 known before\. .* holds 1\.$/)
    expect(await registerAll(manifest(me, roles))).toMatch(/^1 operation registered, 1 known before\. .* holds 2\.$/)
    expect(await run('list')).toMatch(/^me\.1 {2}query Me\nroles\.1 {2}query Roles\n.* holds 2 operations\.$/)
    expect(await run('retire', 'me.1')).toMatch(/^me\.1 is registered no more\. .* holds 1 operation\.$/)
    await expect(run('retire', 'me.1')).rejects.toThrow('No operation is registered as me.1.')
  })

  it('registers all or none: not what the graph does not answer, nor another text under a known id', async () => {
    const { registerAll, kept } = folder()
    await registerAll(manifest(me))
    const before = kept()
    const wrong = ['wrong.1', 'Wrong', 'query Wrong { nothingLikeIt }'] as const
    await expect(registerAll(manifest(roles, wrong))).rejects.toThrow(/Nothing is registered.*\nwrong\.1 \(Wrong\): /)
    const other = ['me.1', 'Me', 'query Me { me { email } }'] as const
    await expect(registerAll(manifest(roles, other))).rejects.toThrow('another text is registered already as: me.1')
    await expect(registerAll('{}')).rejects.toThrow(/manifest\.json: format/)
    expect(kept()).toBe(before)
  })
})
