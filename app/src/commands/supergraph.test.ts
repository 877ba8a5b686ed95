import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { testDatabase, testRedis } from '@latchkey/prisma/testing'
import { describe, expect, it } from 'vitest'
import { supergraph } from './supergraph.ts'

const current = fileURLToPath(new URL('../../../supergraph.graphql', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'supergraph-'))

/** The project's own supergraph, with one text in it changed. */
function changed(name: string, from: string | RegExp, to: string): string {
  const text = readFileSync(current, 'utf8')
  const altered = text.replace(from, to)
  if (altered === text) throw new Error(`nothing to change: ${from}`)
  writeFileSync(join(folder, name), altered)
  return join(folder, name)
}

const opened = changed('opened.graphql', /( {2}roles: \[Role!\]! [^\n]*)@requiresScopes\([^\n]*\)/, '$1')
const diff = (...values: string[]) => supergraph.run(['diff', ...values], {})

describe('supergraph diff', () => {
  it('ends well when nobody may ask for more or for less', async () => {
    expect(await diff(current, current)).toEqual({ text: 'Nobody may ask for more or for less.', exitCode: 0 })
  })

  it('names what became wider, and ends with 1', async () => {
    const verdict = await diff(current, opened)
    expect(verdict).toMatchObject({ exitCode: 1, text: expect.stringContaining('Wider') })
    expect(verdict).toMatchObject({ text: expect.stringMatching(/ {2}Query\.roles: .*roles:read.* → /) })
  })

  it('ends well when something became narrower, and says so', async () => {
    expect(await diff(opened, current)).toMatchObject({
      exitCode: 0,
      text: expect.stringMatching(/^Narrower.*\n {2}Query\.roles/),
    })
  })

  it('writes a table for a pull request', async () => {
    expect(await diff(current, opened, '--markdown')).toMatchObject({
      text: expect.stringMatching(
        /^### Wider[^\n]*\n\n\| coordinate \| who may ask \|\n\| --- \| --- \|\n\| `Query\.roles` \|/,
      ),
    })
  })

  it.each([[[]], [['diff', 'a']], [['diff', 'a', 'b', '--html']], [['compare', 'a', 'b']]])(
    'says how it is called when called with %j',
    async (values) => {
      await expect(supergraph.run(values, {})).rejects.toThrow(/supergraph diff OLD NEW/)
    },
  )

  it('says which file it cannot read, and what is no supergraph', async () => {
    await expect(diff(current, '/nowhere/x.graphql')).rejects.toThrow('/nowhere/x.graphql')
    writeFileSync(join(folder, 'broken.graphql'), 'type Query {')
    await expect(diff(current, join(folder, 'broken.graphql'))).rejects.toThrow(/cannot be compared/)
  })

  it.skipIf(!testRedis())('names the roles of an installation that gain by it', async () => {
    const database = await testDatabase()
    const environment = {
      DATABASE_URL: database.url,
      REDIS_URL: testRedis()?.url,
      LATCHKEY_DATA_DIR: folder,
      PATH: process.env.PATH,
    }
    const verdict = await supergraph.run(['diff', current, opened, '--holders'], environment)
    expect(verdict).toMatchObject({ text: expect.stringMatching(/Query\.roles: [^\n]*; roles: [^\n]*user/) })
    await database.drop()
  })
})
