import { systemEntropy as entropy } from '@latchkey/clock'
import { createKeyring, newKeyringMaterial } from '@latchkey/secrets'
import { describe, expect, it } from 'vitest'
import { linesIn } from '../imports/lines.ts'
import { type ArchiveKeyring, type ArchiveLine, createArchiveReader, createArchiveWriter } from './archive.ts'

const material = newKeyringMaterial(entropy)
const keyring = createKeyring(material, entropy)
const header = { file: 'arc_1', madeAt: '2030-01-01T00:00:00.000Z', environment: 'test', columns: ['id'] } as const

function anArchive(keys: readonly unknown[], under: ArchiveKeyring = keyring, file: string = header.file): string[] {
  const writer = createArchiveWriter(under, { ...header, file })
  return [writer.head, ...keys.map((key) => writer.row(key)), writer.tail()]
}

/** Reads as far as it can be trusted. */
async function read(text: Buffer | string, under: ArchiveKeyring = keyring) {
  const reader = createArchiveReader(under)
  const found: ArchiveLine[] = []
  for await (const line of linesIn([Buffer.from(text)])) {
    const one = reader.read(line)
    found.push(one)
    if (one.kind === 'fault') return { found, fault: one }
  }
  return { found, fault: reader.end() }
}

const keys = ['ada', 'bob', 'cyd', 'dan'].map((name) => ({ id: name }))
const lines = anArchive(keys)
const whole = `${lines.join('\n')}\n`

describe('an archive', () => {
  it('gives back what was put in, in order', async () => {
    const { found, fault } = await read(whole)
    expect(fault).toBeNull()
    expect(found).toEqual([
      { kind: 'header', header },
      ...keys.map((key, at) => ({ kind: 'row', line: at + 2, key })),
      { kind: 'end' },
    ])
  })

  it('may be empty, and lack the end of its last line', async () => {
    expect((await read(anArchive([]).join('\n'))).fault).toBeNull()
  })

  it('refuses every byte that is another one, at its line', async () => {
    const bytes = Buffer.from(whole)
    let line = 1
    for (let at = 0; at < bytes.length - 1; at += 1) {
      const before = bytes[at] ?? 0
      // The lowest bit turns letters into their neighbours; 7 turns the end of a line into a carriage return.
      for (const flip of [1, 7]) {
        bytes[at] = before ^ flip
        const { fault } = await read(bytes)
        expect(fault, `byte ${at} of line ${line} flipped by ${flip}`).toMatchObject({ kind: 'fault', line })
      }
      bytes[at] = before
      if (before === 10) line += 1
    }
  })

  it.each<[string, (all: string[]) => string[], number]>([
    ['a line is gone', (all) => all.toSpliced(2, 1), 3],
    ['the last key is gone', (all) => all.toSpliced(4, 1), 5],
    ['the header is gone', (all) => all.slice(1), 1],
    ['a line is there twice', (all) => all.toSpliced(3, 0, all[2] ?? ''), 4],
    ['two lines have changed places', (all) => all.toSpliced(1, 2, all[2] ?? '', all[1] ?? ''), 2],
    ['an empty line was added', (all) => all.toSpliced(3, 0, ''), 4],
    ['a line follows the end', (all) => [...all, all[1] ?? ''], 7],
    ['the end is gone', (all) => all.slice(0, -1), 6],
    ['all but the header is gone', (all) => all.slice(0, 1), 2],
    ['a line is cut', (all) => all.slice(0, 3).concat(all[3]?.slice(0, 40) ?? ''), 4],
    ['a line of another archive', (all) => all.toSpliced(2, 1, anArchive(keys, keyring, 'arc_2')[2] ?? ''), 3],
    ['the header of another archive', (all) => all.toSpliced(0, 1, anArchive(keys, keyring, 'arc_2')[0] ?? ''), 2],
    ['the end of another archive', (all) => all.toSpliced(-1, 1, anArchive(keys, keyring, 'arc_2').at(-1) ?? ''), 6],
  ])('is refused when %s', async (_, change, line) => {
    expect((await read(change([...lines]).join('\n'))).fault).toMatchObject({ line })
  })

  it('is refused under another keyring, and says so', async () => {
    const { fault } = await read(whole, createKeyring(newKeyringMaterial(entropy), entropy))
    expect(fault).toMatchObject({ line: 1, fault: expect.stringContaining('another keyring') })
  })

  it('is read after its secret has become an older one', async () => {
    const newer = newKeyringMaterial(entropy).data ?? []
    const { fault } = await read(whole, createKeyring({ data: [...newer, ...(material.data ?? [])] }, entropy))
    expect(fault).toBeNull()
  })
})

it('a line that is too long ends the reading', async () => {
  const found: string[] = []
  for await (const line of linesIn([Buffer.alloc(3_000_000, 'x'), Buffer.from('\nnext')])) found.push(line)
  expect(found).toHaveLength(1)
  expect(found[0]).toHaveLength(1_048_576)
})
