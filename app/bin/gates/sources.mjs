/** What version control keeps, as the gates read it. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { inRoot, root } from '../child.mjs'

/** Each as `{ path, text }`; `patterns` as git takes them. */
export const tracked = (...patterns) =>
  execFileSync('git', ['ls-files', '-z', '--', ...patterns], { cwd: root, encoding: 'utf8' })
    .split('\0')
    .filter((path) => path && existsSync(inRoot(path)))
    .map((path) => ({ path, text: readFileSync(inRoot(path), 'utf8') }))

export const lockFile = () => JSON.parse(readFileSync(inRoot('package-lock.json'), 'utf8'))

export const manifests = () =>
  Object.fromEntries(tracked('*package.json').map(({ path, text }) => [path, JSON.parse(text)]))
