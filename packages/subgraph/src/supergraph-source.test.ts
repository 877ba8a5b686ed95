import { mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@latchkey/telemetry'
import { afterEach, describe, expect, it } from 'vitest'
import { supergraphFile } from './supergraph-file.ts'
import { createSupergraphSource } from './supergraph-source.ts'

const undo: (() => unknown)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

/** A supergraph in a file, and what is logged of it. */
function sourceOver(first = 'type Query { a: Int }') {
  const folder = mkdtempSync(join(tmpdir(), 'supergraph-source-'))
  undo.push(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'supergraph.graphql')
  writeFileSync(file, first)
  const lines: string[] = []
  const logger = createLogger({
    level: 'info',
    service: 'test',
    destination: { write: (line) => void lines.push(JSON.parse(line).msg) },
  })
  const source = createSupergraphSource({ first, supply: supergraphFile(file), logger, pauseMs: 10 })
  undo.push(source.close)
  return { source, file, folder, lines, write: (text: string) => writeFileSync(file, text) }
}

const ready = (take = () => {}, drop = () => {}) => ({ take, drop })

describe('a supergraph that is followed', () => {
  it('is the next one for every follower at once, and only when each of them is ready', async () => {
    const { source, write } = sourceOver()
    const seen: string[] = []
    const length = source.reading((sdl) => sdl.length)
    source.follow((sdl) => {
      seen.push(`asked ${length()}`)
      return ready(() => seen.push(`took ${sdl.length}`))
    })
    write('type Query { abc: Int }')
    await source.reload()
    expect(seen).toEqual(['asked 21', 'took 23'])
    expect([source.current, length()]).toEqual(['type Query { abc: Int }', 23])
  })

  it('stays when one follower refuses, is told of once with file, line and column, and is taken when it is mended', async () => {
    const { source, write, file, lines } = sourceOver()
    let dropped = 0
    const length = source.reading((sdl) => sdl.length)
    source.follow(() => ready(undefined, () => dropped++))
    source.follow((sdl) => {
      if (sdl.includes('broken')) throw new Error('Query.broken cannot be served')
      return ready()
    })
    source.start()
    write('type Query {\n  a: Int\n  broken: Int\n}')
    await expect.poll(() => lines.length).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(lines).toEqual([
      `the new supergraph is refused, the one before is served on: ${file}:3:3: Query.broken cannot be served`,
    ])
    expect([source.current, length(), dropped]).toEqual(['type Query { a: Int }', 21, 1])
    write('type Query { mended: Int }')
    await expect.poll(() => source.current).toBe('type Query { mended: Int }')
    expect(lines.at(-1)).toBe('another supergraph is served')
  })

  it('is judged anew when somebody says so, though its text is the same', async () => {
    const { source, write, lines } = sourceOver()
    let isReachable = false
    source.follow(() => {
      if (!isReachable) throw new Error('nobody is there')
      return ready()
    })
    write('type Query { b: Int }')
    await source.reload()
    await source.reload()
    expect([lines.length, source.current]).toEqual([2, 'type Query { a: Int }'])
    isReachable = true
    await source.reload()
    expect(source.current).toBe('type Query { b: Int }')
  })

  it('stays while its file is gone, and while it is as it was', async () => {
    const { source, file, lines, write } = sourceOver()
    source.follow(() => {
      throw new Error('nobody asks')
    })
    unlinkSync(file)
    await source.reload()
    write('type Query { a: Int }')
    await source.reload()
    expect(lines).toEqual([
      expect.stringContaining(`${file}: cannot read the supergraph: ENOENT`),
      'the supergraph is again the one that is served',
    ])
  })

  it.each([
    [
      'is renamed over',
      (text: string, { file }: { file: string }) => {
        writeFileSync(`${file}.new`, text)
        renameSync(`${file}.new`, file)
      },
    ],
    [
      'is written in place, a piece at a time',
      async (text: string, { file }: { file: string }) => {
        for (let end = 1; end <= text.length; end += 4) {
          writeFileSync(file, text.slice(0, end))
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
        writeFileSync(file, text)
      },
    ],
    [
      'is reached by a link that leads elsewhere now',
      (text: string, { file, folder }: { file: string; folder: string }) => {
        writeFileSync(join(folder, 'elsewhere'), text)
        symlinkSync(join(folder, 'elsewhere'), join(folder, 'link'))
        renameSync(join(folder, 'link'), file)
      },
    ],
  ])('is found when its file %s', async (_, change) => {
    const over = sourceOver()
    const taken: string[] = []
    over.source.follow((sdl) => ready(() => taken.push(sdl)))
    over.source.start()
    await change('type Query { another: Int }', over)
    await expect.poll(() => taken).toEqual(['type Query { another: Int }'])
  })
})
