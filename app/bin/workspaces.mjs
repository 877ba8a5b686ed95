/** The workspaces, and whether the build order says what their dependencies say. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { inRoot } from './child.mjs'

const json = (...path) => JSON.parse(readFileSync(inRoot(...path), 'utf8'))

/** Folders, from the root. */
export function workspaces() {
  return json('package.json')
    .workspaces.flatMap((pattern) => {
      if (!pattern.endsWith('/*')) return [pattern]
      const group = pattern.slice(0, -2)
      return existsSync(inRoot(group)) ? readdirSync(inRoot(group)).map((name) => `${group}/${name}`) : []
    })
    .filter((folder) => existsSync(inRoot(folder, 'package.json')))
    .sort()
}

/** `tsc -b` builds in the order of `references`: one that is missing or too many is a build that fails now and then. */
export function strayReferences() {
  const folders = workspaces()
  const folderOf = new Map(folders.map((folder) => [json(folder, 'package.json').name, folder]))
  const built = folders.filter((folder) => existsSync(inRoot(folder, 'tsconfig.build.json')))
  return built.flatMap((folder) => {
    const { dependencies = {} } = json(folder, 'package.json')
    const wanted = Object.keys(dependencies)
      .flatMap((name) => folderOf.get(name) || [])
      .filter((other) => built.includes(other))
    const { references = [] } = json(folder, 'tsconfig.build.json')
    const found = references.map(({ path }) => normalize(join(folder, dirname(path))))
    return [
      ...wanted
        .filter((other) => !found.includes(other))
        .map((other) => `${folder}/tsconfig.build.json lacks ${other}`),
      ...found
        .filter((other) => !wanted.includes(other))
        .map((other) => `${folder}/tsconfig.build.json names ${other}`),
    ]
  })
}
