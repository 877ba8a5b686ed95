/** Signing keys in Postgres. */
import type { Database } from '@latchkey/prisma'
import type { SigningKey } from './signing-key.ts'
import type { SigningKeyStore } from './store.ts'

const published = {
  name: 'sessions_signing_keys_published',
  text: `SELECT kid, state, public_jwk AS "publicJwk", sealed_private_key AS "sealedPrivateKey"
    FROM sessions.signing_keys WHERE state IN ('next', 'active', 'retiring') ORDER BY created_at DESC, kid`,
}

// `slot` is unique: there is room for one active key, and whoever comes second adds nothing.
const addFirst = {
  name: 'sessions_signing_keys_add_first',
  text: `INSERT INTO sessions.signing_keys
      (kid, state, slot, public_jwk, sealed_private_key, created_at, published_at, active_at)
    VALUES ($1, 'active', 'active', $2, $3, $4, $4, $4) ON CONFLICT (slot) DO NOTHING`,
}

export const prismaSigningKeyStore = (database: Pick<Database, 'query'>): SigningKeyStore => ({
  published: () => database.query<SigningKey>(published, []),
  async addFirst({ kid, publicJwk, sealedPrivateKey }, at) {
    await database.query(addFirst, [kid, publicJwk, sealedPrivateKey, at])
  },
})
