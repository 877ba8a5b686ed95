/** What DNS says of a name. `lookup` of node:dns is not used: it holds the threads that passwords are hashed on. */
import { Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { secondMs } from '@latchkey/clock'
import type { FoundAddress, FoundService } from './place.ts'
import { candidatesFor, type Search, searchIn } from './search.ts'

export interface Names {
  /** Of both families. Rejects when there is none, or nobody says. */
  addresses(name: string): Promise<readonly FoundAddress[]>
  /** Each with its addresses; one whose host has none is left out. Rejects as above. */
  services(name: string): Promise<readonly FoundService[]>
  /** Ends what is being asked. */
  close(): void
}

export interface NamesOptions {
  /** `address` or `address:port`; those of the machine unless said. */
  readonly servers?: readonly string[] | undefined
}

const timeoutMs = 1 * secondMs
const tries = 2
/** Each may have a host of its own, to be asked for. */
const servicesMax = 100
/** Node does not tell how long a service record is true. */
const serviceTtl = 5

export function createNames({ servers }: NamesOptions = {}): Names {
  const resolver = new Resolver({ timeout: timeoutMs, tries })
  if (servers && servers.length > 0) resolver.setServers(servers)

  async function addressesOf(name: string): Promise<readonly FoundAddress[]> {
    const asked = [resolver.resolve4(name, { ttl: true }), resolver.resolve6(name, { ttl: true })]
    const [four, six] = await Promise.allSettled(asked)
    const found = [four, six].flatMap((answer) => (answer?.status === 'fulfilled' ? answer.value : []))
    if (found.length > 0) return found
    throw four?.status === 'rejected' ? four.reason : new Error(`${name} has no address`)
  }

  async function serviceAt(record: { name: string; port: number; priority: number; weight: number }) {
    const addresses = await addressesOf(record.name).catch(() => [])
    return { ...record, addresses: addresses.map((each) => ({ ...each, ttl: Math.min(each.ttl, serviceTtl) })) }
  }

  return {
    addresses: (name) => bySearching(name, addressesOf),
    async services(name) {
      const records = await bySearching(name, (candidate) => resolver.resolveSrv(candidate))
      const found = await Promise.all(records.slice(0, servicesMax).map(serviceAt))
      return found.filter(({ addresses }) => addresses.length > 0)
    },
    close: () => resolver.cancel(),
  }
}

const saysNo = new Set(['ENOTFOUND', 'ENODATA', 'ENONAME'])

const isNo = (fault: unknown): boolean =>
  fault instanceof Error && 'code' in fault && typeof fault.code === 'string' && saysNo.has(fault.code)

/** In each domain that the machine searches, until there is one that has it. */
async function bySearching<Answer>(name: string, ask: (name: string) => Promise<Answer>): Promise<Answer> {
  let last: unknown
  for (const candidate of candidatesFor(name, await machinesSearch())) {
    try {
      return await ask(candidate)
    } catch (fault) {
      if (!isNo(fault)) throw fault
      last = fault
    }
  }
  throw last
}

/** Read each time: it is small, is asked for once in seconds, and some machines change it while they run. */
const machinesSearch = async (): Promise<Search> => searchIn(await readFile('/etc/resolv.conf', 'utf8').catch(() => ''))
