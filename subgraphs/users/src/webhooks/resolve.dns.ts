/** Looks names up by DNS. Not by the system's own resolver: that holds a thread which passwords are hashed on, for as long as it likes. */
import { Resolver } from 'node:dns/promises'
import { secondMs } from '@latchkey/clock'
import type { ResolveName } from './destination.ts'

const addressesMax = 16

/** A name is asked about as it is written: without a search list, and without `/etc/hosts`. */
export function dnsResolve(): ResolveName {
  const resolver = new Resolver({ timeout: 2 * secondMs, tries: 2 })
  return async (name) => {
    const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
    const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
    if (addresses.length === 0) throw new Error('the name has no address')
    return addresses.slice(0, addressesMax)
  }
}
