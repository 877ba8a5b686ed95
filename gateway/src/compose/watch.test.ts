/** `compose --watch`: whoever works on a schema has the supergraph of it at once, and reads what is wrong with it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const command = fileURLToPath(new URL('./compose.ts', import.meta.url))
const schema = 'type Query { user: User }\ntype User { id: ID! }'

describe('compose --watch', () => {
  const folder = mkdtempSync(join(tmpdir(), 'watch-'))
  const file = (name: string) => join(folder, name)
  const read = () => readFileSync(file('supergraph.graphql'), 'utf8')
  let child: ChildProcess
  let said = ''
  const saidOf = (text: string) => said.split('\n').filter((line) => line.includes(text)).length

  beforeAll(() => {
    writeFileSync(file('a.graphql'), schema)
    writeFileSync(
      file('supergraph.yaml'),
      'subgraphs:\n  a: { routing_url: "http://localhost:1", schema: { file: ./a.graphql } }\n',
    )
    const options = ['--conditions=@latchkey/source', '--import', 'tsx']
    child = spawn(process.execPath, [...options, command, '--watch', '--config', file('supergraph.yaml')])
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text: Buffer) => (said += text))
  })
  afterAll(() => {
    child.kill()
    rmSync(folder, { recursive: true, force: true })
  })

  it('writes the supergraph, and anew whenever a schema has changed', async () => {
    await expect.poll(() => saidOf('supergraph.graphql written')).toBe(1)
    expect(read()).toContain('id: ID!')
    writeFileSync(file('a.graphql'), schema.replace('id: ID!', 'id: ID! name: String'))
    await expect.poll(() => saidOf('supergraph.graphql written')).toBe(2)
    expect(read()).toContain('name: String')
  }, 120_000)

  it('says once where a schema is wrong, leaves the last good supergraph, and goes on', async () => {
    const before = read()
    writeFileSync(file('a.graphql'), schema.replace('User }', 'User'))
    await expect.poll(() => saidOf('a.graphql:2:')).toBe(1)
    writeFileSync(file('a.graphql'), schema.replace('User {', 'User'))
    await expect.poll(() => saidOf('a.graphql:2:')).toBe(2)
    expect(read()).toBe(before)
    writeFileSync(file('a.graphql'), schema.replace('id: ID!', 'id: ID! mended: Int'))
    await expect.poll(() => saidOf('supergraph.graphql written')).toBe(3)
    expect(read()).toContain('mended: Int')
    expect(saidOf('a.graphql:2:')).toBe(2)
    expect(child.exitCode).toBeNull()
  }, 120_000)
})
