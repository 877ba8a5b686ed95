import { chmodSync, existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { claimDataFolder } from './data-folder.ts'
import { isFault } from './fault.ts'
import { isRoot, killed, literal, otherProcess, temporaryFolder, unknown } from './processes.fixture.ts'

describe('the data folder', () => {
  it('refuses a second process with one line that names the first', async () => {
    const folder = join(temporaryFolder(), 'data')
    const { child } = await otherProcess(`await claimDataFolder(${literal(folder)}); console.log('{}')`)
    const refused = await claimDataFolder(folder).catch((thrown) => thrown)
    expect(isFault(refused)).toBe(true)
    expect(refused.message).toContain(`in use by process ${child.pid}`)
    expect(refused.message).not.toContain('\n')
  })

  it('waits for one that is just ending', async () => {
    const folder = join(temporaryFolder(), 'data')
    const { child } = await otherProcess(`await claimDataFolder(${literal(folder)}); console.log('{}')`)
    const claim = claimDataFolder(folder)
    await killed(child)
    await expect(claim).resolves.toMatchObject({ path: folder })
  })

  it('is taken over from a process whose number was given to another one', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'latchkey.lock'), JSON.stringify({ pid: process.ppid, startedAt: 'long ago' }))
    await expect(claimDataFolder(folder)).resolves.toMatchObject({ path: folder })
  })

  it('is taken over when its lock cannot be read', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'latchkey.lock'), '{"pid":')
    await expect(claimDataFolder(folder)).resolves.toMatchObject({ path: folder })
  })

  it('is free again once released', async () => {
    const folder = join(temporaryFolder(), 'data')
    const { release } = await claimDataFolder(folder)
    release()
    expect(existsSync(join(folder, 'latchkey.lock'))).toBe(false)
    await expect(claimDataFolder(folder)).resolves.toMatchObject({ path: folder })
  })

  it('is private, and made so when it was not', async () => {
    const folder = temporaryFolder()
    chmodSync(folder, 0o755)
    await claimDataFolder(folder)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })

  it('says which part of its path is wrong', async () => {
    const file = join(temporaryFolder(), 'a-file')
    writeFileSync(file, '')
    await expect(claimDataFolder(join(file, 'data'))).rejects.toThrow(
      /a part of that path is a file.*LATCHKEY_DATA_DIR/,
    )
  })

  it.runIf(isRoot)('names the missing permission to an ordinary user', async () => {
    const folder = join(temporaryFolder(), 'data')
    const { said } = await otherProcess(
      `const refused = await claimDataFolder(${literal(folder)}).catch((thrown) => thrown)
       console.log(JSON.stringify({ line: refused.message }))`,
      unknown,
    )
    expect(said.line).toContain('this user has no permission to write there')
  })
})
