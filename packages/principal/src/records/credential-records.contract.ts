/** What every implementation of the credential records must do. */
import { describe, expect, it } from 'vitest'
import type { ApiKeyRecord, CredentialRecords, GrantsRecord, SessionRecord } from './credential-records.ts'

interface Setting {
  readonly records: CredentialRecords
  readonly nowMs: number
}

export const grantsOf = (userId: string, epoch: number, scopes: readonly string[] = []): GrantsRecord => ({
  userId,
  epoch,
  active: true,
  roles: ['user'],
  scopes,
})

const aSession = (nowMs: number): SessionRecord => ({
  sessionId: 'ses_1',
  userId: 'usr_1',
  amr: ['pwd'],
  acr: 'aal1',
  authTimeMs: nowMs,
  createdAtMs: nowMs,
  lastSeenAtMs: nowMs,
  endsAtMs: nowMs + 60_000,
  idleMs: 30_000,
  network: '192.0.2.0/24',
  lastNetwork: '192.0.2.0/24',
  device: 'Firefox, "lastSeenAtMs":1, "lastNetwork":"x", on Linux',
})

const aKey = (version: number, revokedAtMs: number | null = null): ApiKeyRecord => ({
  keyId: 'K1',
  version,
  ownerId: 'usr_1',
  secretMac: 'mac',
  pepperId: 'p',
  scopes: [],
  confinement: {},
  environment: 'test',
  expiresAtMs: null,
  revokedAtMs,
})

export function keepsCredentialRecords(open: () => Promise<Setting>): void {
  describe('credential records', () => {
    it('answer null for what was never put', async () => {
      const { records } = await open()
      expect(await records.session('ses_1', 'usr_1')).toEqual({ session: null, grants: null })
      expect(await records.apiKey('K1')).toEqual({ key: null, grants: null })
      expect(await records.grants('usr_1')).toBeNull()
    })

    it('tell the grants of an account alone', async () => {
      const { records } = await open()
      await records.putGrants(grantsOf('usr_1', 1))
      expect(await records.grants('usr_1')).toEqual(grantsOf('usr_1', 1))
    })

    it('give a session and the grants of its user in one answer', async () => {
      const { records, nowMs } = await open()
      await records.putSession(aSession(nowMs))
      await records.putGrants(grantsOf('usr_1', 1))
      expect(await records.session('ses_1', 'usr_1')).toEqual({
        session: aSession(nowMs),
        grants: grantsOf('usr_1', 1),
      })
    })

    it('forget a session that ended, and do not let a touch bring it back', async () => {
      const { records, nowMs } = await open()
      await records.putSession(aSession(nowMs))
      await records.endSession('ses_1')
      await records.touchSession('ses_1', { atMs: nowMs + 1, network: null })
      expect((await records.session('ses_1', 'usr_1')).session).toBeNull()
    })

    it('note when and where a session was last seen, and change nothing else of it', async () => {
      const { records, nowMs } = await open()
      await records.putSession(aSession(nowMs))
      const seen = async () => (await records.session('ses_1', 'usr_1')).session
      await records.touchSession('ses_1', { atMs: nowMs + 1_000, network: '2001:db8:1::/48' })
      const moved = { ...aSession(nowMs), lastSeenAtMs: nowMs + 1_000, lastNetwork: '2001:db8:1::/48' }
      expect(await seen()).toEqual(moved)
      await records.touchSession('ses_1', { atMs: nowMs + 2_000, network: null })
      expect(await seen()).toEqual({ ...moved, lastSeenAtMs: nowMs + 2_000 })
    })

    it('give a key and the grants of its owner, the first time and the second', async () => {
      const { records } = await open()
      await records.putApiKey(aKey(1))
      await records.putGrants(grantsOf('usr_1', 1))
      const both = { key: aKey(1), grants: grantsOf('usr_1', 1) }
      expect(await records.apiKey('K1')).toEqual(both)
      expect(await records.apiKey('K1')).toEqual(both)
    })

    it('forget an account and a key that are no more, and only those', async () => {
      const { records } = await open()
      await records.putApiKey(aKey(1))
      await records.putGrants(grantsOf('usr_1', 1))
      await records.putGrants(grantsOf('usr_2', 1))
      await records.forgetGrants('usr_1')
      expect(await records.apiKey('K1')).toEqual({ key: aKey(1), grants: null })
      await records.forgetApiKey('K1')
      expect(await records.apiKey('K1')).toEqual({ key: null, grants: null })
      expect(await records.grants('usr_2')).toEqual(grantsOf('usr_2', 1))
    })

    it('keep the grants of many accounts at once, each unless a newer one is there', async () => {
      const { records } = await open()
      await records.putGrants(grantsOf('usr_7', 9, ['kept']))
      await records.putManyGrants(Array.from({ length: 450 }, (_, index) => grantsOf(`usr_${index}`, 5)))
      expect(await records.grants('usr_7')).toEqual(grantsOf('usr_7', 9, ['kept']))
      expect(await records.grants('usr_0')).toEqual(grantsOf('usr_0', 5))
      expect(await records.grants('usr_449')).toEqual(grantsOf('usr_449', 5))
      await records.putManyGrants([])
    })

    it('never let an older record replace a newer one', async () => {
      const { records } = await open()
      await records.putApiKey(aKey(2, 5))
      await records.putApiKey(aKey(1))
      await records.putGrants(grantsOf('usr_1', 7, []))
      await records.putGrants(grantsOf('usr_1', 6, ['users:write']))
      expect(await records.apiKey('K1')).toEqual({ key: aKey(2, 5), grants: grantsOf('usr_1', 7, []) })
    })

    it('of two that know the same of an account keep the one that was judged later, in whichever order they come', async () => {
      const { records } = await open()
      const judged = (judgedAtMs: number, scopes: string[]) => ({ ...grantsOf('usr_1', 7, scopes), judgedAtMs })
      await records.putGrants(grantsOf('usr_1', 7, ['users:write']))
      await records.putGrants(judged(2_000, []))
      await records.putGrants(judged(1_999, ['users:write']))
      await records.putManyGrants([judged(1_998, ['users:write'])])
      expect(await records.grants('usr_1')).toEqual(judged(2_000, []))
      await records.putGrants({ ...judged(1_000, ['profile:read']), epoch: 8 })
      expect(await records.grants('usr_1')).toMatchObject({ epoch: 8, scopes: ['profile:read'] })
    })
  })
}
