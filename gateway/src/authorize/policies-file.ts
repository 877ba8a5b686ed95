/** The file in which an operator keeps policies: an ES module that exports each by its name. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Policies, Policy } from './policies.ts'

/** `undefined` or `null`: there is none. Rejects with an Error of one line that names the file and what is wrong. */
export async function loadPolicies(file: string | undefined | null): Promise<Policies> {
  if (!file) return {}
  const exported = Object.entries(await load(file))
  const wrong = exported.flatMap(([name, value]) => {
    if (name === 'default') return ['a policy is exported by its name, not as the default']
    return isPolicy(value) ? [] : [`${name} is no function that answers at once`]
  })
  if (wrong.length > 0) throw new Error(`${file}: ${wrong.join('; ')}.`)
  return Object.fromEntries(exported as [string, Policy][]) // looked at just now
}

async function load(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await import(pathToFileURL(resolve(file)).href)
  } catch (thrown) {
    const [reason] = String(thrown instanceof Error ? thrown.message : thrown).split('\n')
    throw new Error(`${file}: the policies cannot be loaded: ${reason}`, { cause: thrown })
  }
}

/** An `async` function answers with a promise, which is never `true`. */
const isPolicy = (value: unknown): boolean =>
  typeof value === 'function' && !['AsyncFunction', 'GeneratorFunction'].includes(value.constructor.name)
