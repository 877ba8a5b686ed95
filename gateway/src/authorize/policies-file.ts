/** The file in which an operator keeps policies: an ES module that exports each by its name. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Logger } from '@latchkey/telemetry'
import type { Policies, Policy } from './policies.ts'

interface FollowedPolicies {
  /** Always the same object: what it holds is replaced whole, between two requests. */
  readonly policies: Policies
  /** Reads the file anew. One that is wrong leaves the policies as they are, and the log says why. Never rejects. */
  reload(): Promise<void>
}

/** Rejects as `loadPolicies` does. Files that the policies themselves import are not read anew. */
export async function followPolicies(file: string | undefined | null, logger: Logger): Promise<FollowedPolicies> {
  const policies: Record<string, Policy> = { ...(await loadPolicies(file)) }
  let reloads = 0
  let reloading: Promise<void> = Promise.resolve()
  async function readAnew(): Promise<void> {
    if (!file) return
    reloads += 1
    try {
      const next = await loadPolicies(file, `reload=${reloads}`)
      for (const name of Object.keys(policies)) delete policies[name]
      Object.assign(policies, next)
      logger.info({ file, policies: Object.keys(next) }, 'the policies were read anew')
    } catch (err) {
      logger.error({ err, file }, 'the policies could not be read anew, those before stay')
    }
  }
  return {
    policies,
    reload() {
      reloading = reloading.then(readAnew)
      return reloading
    },
  }
}

/** `undefined` or `null`: there is none. Rejects with an Error of one line that names the file and what is wrong. */
export async function loadPolicies(file: string | undefined | null, edition = ''): Promise<Policies> {
  if (!file) return {}
  const exported = Object.entries(await load(file, edition))
  const wrong = exported.flatMap(([name, value]) => {
    if (name === 'default') return ['a policy is exported by its name, not as the default']
    return isPolicy(value) ? [] : [`${name} is no function that answers at once`]
  })
  if (wrong.length > 0) throw new Error(`${file}: ${wrong.join('; ')}.`)
  return Object.fromEntries(exported as [string, Policy][]) // looked at just now
}

/** `edition`: a module is known by its address, so one that is to be read anew needs another. */
async function load(file: string, edition: string): Promise<Readonly<Record<string, unknown>>> {
  const address = pathToFileURL(resolve(file))
  address.search = edition
  try {
    return await import(address.href)
  } catch (thrown) {
    const [reason] = String(thrown instanceof Error ? thrown.message : thrown).split('\n')
    throw new Error(`${file}: the policies cannot be loaded: ${reason}`, { cause: thrown })
  }
}

/** An `async` function answers with a promise, which is never `true`. */
const isPolicy = (value: unknown): boolean =>
  typeof value === 'function' && !['AsyncFunction', 'GeneratorFunction'].includes(value.constructor.name)
