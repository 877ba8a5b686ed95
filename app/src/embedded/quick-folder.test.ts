import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { makeQuickFolder } from './quick-folder.ts'

function aQuickFolder(): string {
  const folder = makeQuickFolder('latchkey-quick-test')
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

it('is there, empty, and another one each time', () => {
  const [one, other] = [aQuickFolder(), aQuickFolder()]
  expect(one).not.toBe(other)
  writeFileSync(join(one, 'file'), '')
  expect([existsSync(join(one, 'file')), existsSync(join(other, 'file'))]).toEqual([true, false])
})

it('is removed for a process that was killed, and kept for one that lives', ({ skip }) => {
  const mine = aQuickFolder()
  if (!mine.startsWith('/dev/shm/')) skip('there is no room in memory')
  const { pid } = spawnSync('true')
  const left = mine.replace(`-${process.pid}-`, `-${pid}-`)
  mkdirSync(left)
  aQuickFolder()
  expect([existsSync(left), existsSync(mine)]).toEqual([false, true])
})
