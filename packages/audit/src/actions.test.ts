import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { auditActions } from './actions.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

const sourcesOf = (workspace: string) =>
  readdirSync(join(root, workspace, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/\.(test|fixture)\.ts$/.test(name) && !name.startsWith('generated'))
    .map((name) => join(workspace, 'src', name))

const workspaces = ['subgraphs', 'packages'].flatMap((folder) =>
  readdirSync(join(root, folder)).map((name) => join(folder, name)),
)

/** Those that write records by SQL of their own, where no type tells an action from another text. */
const writing = [...workspaces, 'prisma', 'app', 'gateway'].flatMap(sourcesOf).flatMap((path) => {
  const text = readFileSync(join(root, path), 'utf8')
  return /INSERT INTO \S*audit_records|insertRecord\(/.test(text) ? [{ path, text }] : []
})

/** Two words of a noun and a verb; a table of a schema is named likewise. */
const action = /'([a-z]+(?:-[a-z]+)*\.[a-z]+(?:-[a-z]+)*)'/g
const tables = /^(users|sessions)\./

it('every action that is written by SQL has a name here', () => {
  const used = writing.flatMap(({ path, text }) =>
    [...text.matchAll(action)].flatMap(([, name = '']) => (tables.test(name) ? [] : [{ path, name }])),
  )
  expect(used.map(({ name }) => name)).toEqual(expect.arrayContaining(['sign-in.unlock', 'restore.codes-voided']))
  const known: readonly string[] = auditActions
  expect(used.filter(({ name }) => !known.includes(name))).toEqual([])
})
