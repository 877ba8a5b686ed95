/** Development: runs the sources as they are and starts them again whenever one changes. */
import { existsSync, readdirSync, watch } from 'node:fs'
import { join } from 'node:path'
import { ended, fromSource, inRoot, passSignals, say, startNode } from './child.mjs'

const settleMs = 150

function workspaces() {
  const groups = ['packages', 'subgraphs', 'examples'].filter((group) => existsSync(inRoot(group)))
  const members = groups.flatMap((group) => readdirSync(inRoot(group)).map((name) => inRoot(group, name)))
  return [...members, inRoot('gateway'), inRoot('app'), inRoot('prisma')]
}

/** Calls `changed` once things are quiet again: sources, schemas, the supergraph. */
function onChange(changed) {
  let timer
  const soon = (_event, name) => {
    if (!name || !/\.(ts|graphql|yaml)$/.test(name) || name.endsWith('.test.ts')) return
    clearTimeout(timer)
    timer = setTimeout(() => changed(name), settleMs)
  }
  watch(inRoot(), soon)
  for (const folder of workspaces()) {
    watch(folder, soon)
    if (existsSync(join(folder, 'src'))) watch(join(folder, 'src'), { recursive: true }, soon)
  }
}

/** Runs `args` until a signal ends it; gives the exit code of the last run. */
export async function runWatched(args) {
  let child = null
  let next = 'wait'
  let wake = () => {}
  const turn = (to) => {
    next = to
    wake()
  }
  passSignals(
    () => child,
    () => turn('stop'),
  )
  onChange((name) => {
    if (next === 'stop') return
    say(`… ${name} changed`)
    turn('again')
    if (child) child.kill('SIGTERM')
  })
  for (;;) {
    next = 'wait'
    child = startNode([...fromSource, ...args])
    const code = await ended(child)
    child = null
    if (next === 'wait') {
      say(`… ended with ${code}; waiting for a change`)
      await new Promise((resolve) => {
        wake = resolve
      })
    }
    if (next === 'stop') return code
  }
}
