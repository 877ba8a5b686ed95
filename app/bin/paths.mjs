/** Documents name only files that exist. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inRoot, root } from './child.mjs'

const made = /(^|\/)(node_modules|dist|generated|coverage|results|\.latchkey|\.turbo|\.env)(\/|$)/
const placeholder = /[*{}<>$…]|NNNN|FILE/

/** What a Markdown text claims to be a file: the targets of its links, and code spans that look like a path. */
export function pathsIn(markdown) {
  const prose = markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, '')
  const links = [...prose.matchAll(/\]\(([^)\s]+)[^)]*\)/g)].map(([, target]) => target)
  const spans = [...prose.matchAll(/`([\w.@-]+(?:\/[\w.@-]+)+\/?)`/g)].map(([, span]) => span)
  const files = links
    .filter((target) => !/^([a-z]+:|#|\/)/i.test(target))
    .map((target) => decodeURIComponent(target.replace(/#.*$/, '')))
  return { links: files, spans }
}

/** A span counts as a path only where its first folder exists: `application/json` is none. */
const isOurs = (span) => existsSync(inRoot(span.split('/')[0]))

export function deadPaths() {
  const tracked = execFileSync('git', ['ls-files', '-z', '--', '*.md'], { cwd: root, encoding: 'utf8' })
  return tracked
    .split('\0')
    .filter(Boolean)
    .flatMap((document) => {
      const { links, spans } = pathsIn(readFileSync(inRoot(document), 'utf8'))
      const found = (path) => existsSync(inRoot(path)) || existsSync(inRoot(join(dirname(document), path)))
      return [...links, ...spans.filter(isOurs)]
        .filter((path) => !made.test(path) && !placeholder.test(path) && !found(path))
        .map((path) => `${document} names ${path}, which does not exist`)
    })
}
