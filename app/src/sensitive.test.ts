import { readFileSync } from 'node:fs'
import { sensitivePlaces, unmarkedSecrets } from '@latchkey/subgraph/sensitive'
import { parse } from 'graphql'
import { expect, it } from 'vitest'

const schemaOf = (subgraph: string) =>
  parse(readFileSync(new URL(`../../subgraphs/${subgraph}/schema.graphql`, import.meta.url), 'utf8'))

it.each(['users', 'sessions', 'api-keys'])('%s marks whatever has the name of a secret', (subgraph) => {
  expect(unmarkedSecrets(schemaOf(subgraph))).toEqual([])
  expect(sensitivePlaces(schemaOf(subgraph)).length).toBeGreaterThan(5)
})
