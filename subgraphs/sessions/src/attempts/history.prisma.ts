/** What Postgres knows of tries. */
import type { Database } from '@latchkey/prisma'
import { counterNames } from './counter.ts'
import { allOf, oneOf } from './forgiveness.ts'
import type { AttemptHistory, Tried } from './history.ts'

interface PastTry {
  readonly id: string
  readonly place: string
  readonly at: Date
}

/** SQL for what a counter's name and a try of it are on record as, when a success forgave it: `forgiveness.ts`, of columns. */
const sql = {
  identifier: `'${counterNames.identifier('')}' || f.identifier_index`,
  network: `'${counterNames.network('')}' || f.network_index`,
  device: `'${counterNames.device('')}' || f.device_id`,
}

const laterSuccess = (forgave: string) =>
  `EXISTS (SELECT FROM sessions.sign_in_attempts s WHERE s.user_id = f.user_id AND s.at >= f.at AND s.forgave && ${forgave})`

const isForgiven = (counter: string, place = `''`) =>
  laterSuccess(`ARRAY[${counter} || '${allOf('', '')}' || ${place}]`)

const isGivenBack = (counter: string) => laterSuccess(`ARRAY[${counter} || '${oneOf('', '')}' || f.id]`)

interface Question {
  readonly name: Tried['of']
  readonly where: string
  /** What tells the places apart that are counted each for itself. */
  readonly place?: string
  /** What an unlocking names. */
  readonly subject: string
}

const read = ({ name, where, place = `''`, subject }: Question) => ({
  name: `sessions_tries_of_${name}`,
  text: `SELECT f.id, ${place} AS place, f.at FROM sessions.sign_in_attempts f
    WHERE ${where} AND f.at > $2
      AND NOT EXISTS (SELECT FROM sessions.sign_in_unlocks u WHERE u.subject = ${subject} AND u.at >= f.at)
    ORDER BY f.at DESC LIMIT $3`,
})

const wrongPassword = `f.method = 'PASSWORD' AND f.outcome IN ('REFUSED', 'SECOND_FACTOR_REQUIRED')`

const identifier = read({
  name: 'identifier',
  where: `f.identifier_index = ANY($1::text[]) AND f.device_id IS NULL AND ${wrongPassword}
    AND NOT ${isForgiven(sql.identifier, 'f.network_index')}`,
  place: 'f.network_index',
  subject: 'f.identifier_index',
})

// Here also those count that nothing was evaluated of.
const network = read({
  name: 'network',
  where: `f.network_index = ANY($1::text[]) AND f.device_id IS NULL AND (f.outcome IN ('REFUSED', 'LOCKED')
    OR f.outcome = 'SECOND_FACTOR_REQUIRED' AND NOT ${isGivenBack(sql.network)})`,
  subject: 'f.network_index',
})

const device = read({
  name: 'device',
  where: `f.user_id = $1 AND f.device_id = $4 AND ${wrongPassword} AND NOT ${isForgiven(sql.device)}`,
  subject: 'f.user_id',
})

const factor = read({
  name: 'factor',
  where: `f.user_id = $1 AND f.device_id IS NOT DISTINCT FROM $4::text AND f.method = 'SECOND_FACTOR' AND f.outcome = 'REFUSED'
    AND NOT ${laterSuccess('$5::text[]')}`,
  subject: 'f.user_id',
})

/** The statement, whose tries, and what else it asks for: the device, and what would have forgiven them. */
function ask(tried: Tried): readonly [ReturnType<typeof read>, unknown, ...unknown[]] {
  switch (tried.of) {
    case 'identifier':
      return [identifier, tried.indexes]
    case 'network':
      return [network, tried.indexes]
    case 'device':
      return [device, tried.userId, tried.deviceId]
    case 'factor':
      return [factor, tried.userId, tried.deviceId, tried.names.map((name) => allOf(name, ''))]
  }
}

export const prismaAttemptHistory = (database: Pick<Database, 'query'>): AttemptHistory => ({
  async tries(tried, since, max) {
    const [statement, whose, ...more] = ask(tried)
    const found = await database.query<PastTry>(statement, [whose, since, max, ...more])
    return found.map(({ id, place, at }) => ({ id, place, atMs: at.getTime() }))
  },
})
