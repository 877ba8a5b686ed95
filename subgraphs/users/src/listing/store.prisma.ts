/** Lists of accounts in Postgres: by keyset, each filter on an index, a statement for each combination of filters. */
import type { Database, Statement } from '@latchkey/prisma'
import { macColumns } from '../identifiers/keyed-mac.ts'
import { accountByIdentifier } from '../identifiers/store.prisma.ts'
import { isPerson } from '../service-accounts/people.prisma.ts'
import type { ListedPage, ListStore } from './store.ts'
import { type Place, pageMax } from './user-list.ts'

/** Up to so many holders are looked up and sorted; of more, the list is walked in its order, where they are never far apart. */
const fewHoldersMax = 1_000

const countHolders = {
  name: 'users_list_role_holders',
  text: `SELECT count(*)::int AS holders FROM (
           SELECT FROM users.role_grants WHERE role = $1 LIMIT ${fewHoldersMax + 1}) AS held`,
}

export type Spread = 'few' | 'many'

interface Condition {
  /** Names the condition in the statement's name. */
  readonly key: string
  /** `$1` and so on count within the condition. */
  readonly text: string
  readonly values: readonly unknown[]
}

function conditionsOf({ filter, order, after }: ListedPage, spread: Spread): readonly Condition[] {
  const { accounts, email, status, role, created, lastSignIn } = filter
  const beyond = order.direction === 'desc' ? '<' : '>'
  const byAddress = accountByIdentifier({ kind: 'email', keyIds: '$1', macs: '$2' })
  // An offset of nothing keeps the planner from turning the look-up into a walk, whatever it makes of the parameter.
  const held = {
    few: 'a.id IN (SELECT g.account_id FROM users.role_grants g WHERE g.role = $1 OFFSET 0)',
    many: 'EXISTS (SELECT FROM users.role_grants g WHERE g.account_id = a.id AND g.role = $1)',
  }
  // Of the few service accounts all are looked up and sorted, as the holders of a rare role are.
  const kind: Condition = {
    people: { key: 'h', text: isPerson('a'), values: [] },
    services: { key: 'v', text: 'a.id IN (SELECT s.account_id FROM users.service_accounts s OFFSET 0)', values: [] },
  }[accounts]
  const all: readonly (Condition | false | null)[] = [
    kind,
    email && { key: 'e', text: `a.id = (${byAddress})`, values: macColumns(email) },
    status && { key: 's', text: 'a.status = $1', values: [status] },
    role !== null && { key: spread === 'few' ? 'f' : 'm', text: held[spread], values: [role] },
    created.after && { key: 'ca', text: 'a.created_at >= $1', values: [created.after] },
    created.before && { key: 'cb', text: 'a.created_at < $1', values: [created.before] },
    lastSignIn.after && { key: 'la', text: 'a.last_sign_in_at >= $1', values: [lastSignIn.after] },
    lastSignIn.before && { key: 'lb', text: 'a.last_sign_in_at < $1', values: [lastSignIn.before] },
    order.by === 'last_sign_in_at' && { key: 'l', text: 'a.last_sign_in_at IS NOT NULL', values: [] },
    after && { key: 'p', text: `(a.${order.by}, a.id) ${beyond} ($1, $2)`, values: [after.at, after.id] },
  ]
  return all.filter((condition): condition is Condition => Boolean(condition))
}

/** The limit is written out: of one that is a parameter the planner knows nothing, and plans for a tenth of the table. */
function statementOf({ order }: ListedPage, conditions: readonly Condition[]): Statement {
  let given = 0
  const texts = conditions.map(({ text, values }) => {
    const from = given
    given += values.length
    return text.replaceAll(/\$(\d)/g, (_, position: string) => `$${from + Number(position)}`)
  })
  const where = texts.length > 0 ? `WHERE ${texts.join(' AND ')}` : ''
  return {
    name: `users_list_${order.by}_${order.direction}_${conditions.map(({ key }) => key).join('_')}`,
    text: `SELECT a.id, a.${order.by} AS at FROM users.accounts a ${where}
           ORDER BY a.${order.by} ${order.direction}, a.id ${order.direction} LIMIT ${pageMax + 1}`,
  }
}

/** The statement of a page and what goes into it. */
export function listStatement(asked: ListedPage, spread: Spread): { statement: Statement; values: unknown[] } {
  const conditions = conditionsOf(asked, spread)
  return { statement: statementOf(asked, conditions), values: conditions.flatMap(({ values }) => values) }
}

export function prismaListStore(database: Pick<Database, 'query'>): ListStore {
  async function spreadOf(role: string | null): Promise<Spread> {
    if (role === null) return 'many'
    const [row] = await database.query<{ holders: number }>(countHolders, [role])
    return (row?.holders ?? 0) <= fewHoldersMax ? 'few' : 'many'
  }
  return {
    async page(asked) {
      const { statement, values } = listStatement(asked, await spreadOf(asked.filter.role))
      return database.query<Place>(statement, values)
    },
  }
}
