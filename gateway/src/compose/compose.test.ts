import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { QueryPlanner } from '@graphql-hive/router-query-planner'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { composeCommand, composeSupergraph, readSupergraphConfig } from './compose.ts'

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@requiresScopes"])'
const a = `${link}
type Query { user: User }
type User @key(fields: "id") { id: ID! }`
const b = `${link}
type User @key(fields: "id") { id: ID! orders: Int @requiresScopes(scopes: [["orders:read"]]) }`
const yaml = `federation_version: =2.9.0
subgraphs:
  a: { routing_url: http://localhost:1/graphql, schema: { file: ./a.graphql } }
  b: { routing_url: http://localhost:2/graphql, schema: { file: ./sub/b.graphql } }
`

let folder = ''
const inFolder = (name: string) => join(folder, name)
const put = (name: string, text: string) => {
  mkdirSync(dirname(inFolder(name)), { recursive: true })
  writeFileSync(inFolder(name), text)
}
const run = (...args: string[]) => composeCommand(['--config', inFolder('supergraph.yaml'), ...args])

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'compose-'))
  put('supergraph.yaml', yaml)
  put('a.graphql', a)
  put('sub/b.graphql', b)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('composing', () => {
  it('writes the supergraph beside its configuration, the same every time, and the check agrees', () => {
    expect(run().exitCode).toBe(0)
    const written = readFileSync(inFolder('supergraph.graphql'), 'utf8')
    expect(written).toContain('@requiresScopes(scopes: [["orders:read"]])')
    expect(written).toContain('url: "http://localhost:2/graphql"')
    expect(run('--check').exitCode).toBe(0)
    run()
    expect(readFileSync(inFolder('supergraph.graphql'), 'utf8')).toBe(written)
  })

  it('writes where it is told to', () => {
    expect(run('--output', inFolder('other.graphql'))).toMatchObject({ exitCode: 0 })
    expect(readdirSync(folder).sort()).toEqual(['a.graphql', 'other.graphql', 'sub', 'supergraph.yaml'])
  })

  it('gives the planner what it needs, and keeps what the gateway must enforce', () => {
    const root = fileURLToPath(new URL('../../../supergraph.yaml', import.meta.url))
    const composition = composeSupergraph(readSupergraphConfig(root))
    const sdl = 'sdl' in composition ? composition.sdl : ''
    expect(() => new QueryPlanner(sdl)).not.toThrow()
    expect(sdl).toMatch(/@link\(url: "https:\/\/specs.apollo.dev\/authenticated\/v0.1", for: SECURITY\)/)
    expect(sdl).toMatch(/@link\(url: "https:\/\/specs.apollo.dev\/requiresScopes\/v0.1", for: SECURITY\)/)
  })
})

describe('the check', () => {
  it.each([
    ['stale', () => put('supergraph.graphql', 'type Query { old: Int }')],
    ['missing', () => {}],
  ])('fails in one line when the supergraph is %s, and writes nothing', (word, arrange) => {
    arrange()
    const before = readdirSync(folder)
    expect(run('--check')).toEqual({ exitCode: 1, lines: [expect.stringContaining(word)] })
    expect(readdirSync(folder)).toEqual(before)
  })
})

describe('a failure', () => {
  it.each([
    ['a.graphql:3:6', 'a.graphql', a.replace('User }', 'User')],
    ['sub/b.graphql:2:', 'sub/b.graphql', b.replace('id: ID! ', '')],
    ['a.graphql:3:', 'a.graphql', `${a} type Extra { x: Missing }`],
    ['a.graphql:2:', 'sub/b.graphql', `${b} type Query { user: Int }`],
  ])('names %s and the reason in one line, and leaves the old supergraph as it was', (named, file, text) => {
    put('supergraph.graphql', 'old')
    put(file, text)
    const { exitCode, lines } = run()
    expect(exitCode).toBe(1)
    expect(lines.length).toBeGreaterThan(0)
    expect(lines[0]).toContain(inFolder(named))
    expect(lines.every((line) => !line.includes('\n'))).toBe(true)
    expect(readFileSync(inFolder('supergraph.graphql'), 'utf8')).toBe('old')
    expect(readdirSync(folder).sort()).toEqual(['a.graphql', 'sub', 'supergraph.graphql', 'supergraph.yaml'])
  })

  it.each([
    ['subgraphs: [', 'supergraph.yaml'],
    ['subgraphs: {}', 'names no subgraph'],
    ['nothing: 1', 'subgraphs'],
    ['subgraphs: { a: { routing_url: "ftp://x", schema: { file: a.graphql } } }', 'subgraphs.a.routing_url'],
    ['subgraphs: { a: { routing_url: "http://x", schema: { subgraph_url: "http://x" } } }', 'was not fetched'],
    ['subgraphs: { a: { routing_url: "http://x", schema: { graphref: "a@b" } } }', 'subgraphs.a.schema'],
    ['subgraphs: { a: { routing_url: "http://x", schema: { file: no.graphql } } }', 'no.graphql'],
    [`${yaml}  a: { routing_url: "http://x", schema: { file: a.graphql } }\n`, 'unique'],
  ])('of the configuration is one line: %s', (text, named) => {
    put('supergraph.yaml', text)
    const { exitCode, lines } = run()
    expect(exitCode).toBe(1)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(named)
    expect(lines[0]).not.toContain('\n')
  })

  it('of the command line is one line', () => {
    expect(run('--chekc')).toMatchObject({ exitCode: 1, lines: [expect.stringContaining('--chekc')] })
    expect(run('--output', inFolder('no/such/folder.graphql')).exitCode).toBe(1)
  })
})
