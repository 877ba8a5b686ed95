import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { readForm } from './audit.ts'

const file = resolve('records.ndjson')

it.each([
  ['verify', ['audit verify']],
  ['verify --checkpoint 00ff', ['audit verify', '00ff']],
  ['verify --file records.ndjson', ['audit verify-file', file]],
  ['checkpoint', ['audit checkpoint']],
  ['export records.ndjson', ['audit export', file, '', '']],
  ['export records.ndjson --to 2026-12-01', ['audit export', file, '', '2026-12-01']],
  ['export records.ndjson --to 2026-12-01 --from 2026-11-01', ['audit export', file, '2026-11-01', '2026-12-01']],
])('audit %s is understood', (words, form) => {
  expect(readForm(words.split(' '))).toEqual(form)
})

it.each([
  '',
  'verify --checkpoint',
  'verify --file a --checkpoint 00',
  'verify now',
  'checkpoint now',
  'export',
  'export a --from',
  'export a --from 1 --from 2',
  'export a --since 1',
])('“audit %s” is none of the forms', (words) => {
  expect(readForm(words.split(' '))).toBeNull()
})
