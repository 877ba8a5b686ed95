#!/usr/bin/env node
/**
 * `npm` for a story that must do without a registry: `npm install` unpacks the tarballs it is given and links what they declare
 * from this repository's own packages, so that what they forgot to declare is missing. Everything else is npm's.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const { LATCHKEY_TEST_NPM: npm, LATCHKEY_TEST_PACKAGES: source = '' } = process.env
const [command, ...args] = process.argv.slice(2)

if (command !== 'install') {
  const { status } = spawnSync(npm, process.argv.slice(2), { stdio: 'inherit' })
  process.exit(status ?? 1)
}

const target = resolve('node_modules')
const manifestOf = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

function unpack(tarball) {
  const entry = execFileSync('tar', ['-xzOf', tarball, 'package/package.json'], { encoding: 'utf8' })
  const folder = join(target, JSON.parse(entry).name)
  mkdirSync(folder, { recursive: true })
  execFileSync('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1'])
  return folder
}

function link(name) {
  const place = join(target, name)
  if (existsSync(place)) return
  const own = join(source, name)
  if (!existsSync(own)) throw new Error(`${name} is declared, and this repository does not have it`)
  mkdirSync(dirname(place), { recursive: true })
  symlinkSync(own, place)
}

function linkPrograms(folder) {
  for (const [name, file] of Object.entries(manifestOf(folder).bin ?? {})) {
    mkdirSync(join(target, '.bin'), { recursive: true })
    chmodSync(join(folder, file), 0o755)
    symlinkSync(join(folder, file), join(target, '.bin', name))
  }
}

const folders = args.filter((word) => word.endsWith('.tgz')).map(unpack)
const named = args.filter((word) => !word.endsWith('.tgz')).map((word) => word.replace(/(.)@.*$/, '$1'))
for (const name of [...named, ...folders.flatMap((folder) => Object.keys(manifestOf(folder).dependencies ?? {}))])
  link(name)
for (const folder of folders) linkPrograms(folder)
