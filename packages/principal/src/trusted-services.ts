/** Services of other teams, as an environment names them: `billing=MCowBQYDK2VwAyEA…,reports=…`, each with its public key. */
import { createPublicKey, type KeyObject } from 'node:crypto'

/** Public keys by the name of the service. */
export type TrustedServices = Readonly<Record<string, KeyObject>>

export const trustedServicesError =
  'must be like billing=MCowBQYDK2VwAyEA…,reports=…: names that are not ours, each with an Ed25519 public key (SPKI, base64)'

const named = /^([a-z][a-z0-9-]{0,31})=([A-Za-z0-9+/]{40,100}={0,2})$/
/** Whoever signed under one of these names would be taken for a service of ours. */
const ours = ['gateway', 'users', 'sessions', 'api-keys']

/** `null` when the text is not of this form, names one twice, or names one of ours. */
export function parseTrustedServices(text: string): TrustedServices | null {
  const entries = text.split(',').flatMap((part) => part.trim() || [])
  const services = entries.flatMap(serviceOf)
  const names = new Set(services.map(([name]) => name))
  return services.length === entries.length && names.size === entries.length ? Object.fromEntries(services) : null
}

function serviceOf(entry: string): readonly (readonly [string, KeyObject])[] {
  const [, name = '', key = ''] = named.exec(entry) ?? []
  if (name === '' || ours.includes(name)) return []
  const publicKey = publicKeyOf(key)
  return publicKey?.asymmetricKeyType === 'ed25519' ? [[name, publicKey]] : []
}

function publicKeyOf(text: string): KeyObject | null {
  try {
    return createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' })
  } catch {
    return null
  }
}
