/** Whether anything becomes slower with the number of accounts: the same system with a thousand and with a hundred thousand. */
import { loadAccounts, makeAdministrator } from './accounts.ts'
import { type Comparison, compare, type Target } from './measure.ts'
import { type System, startSystem } from './system.ts'

const few = 1_000
const many = 100_000

/** Flat within a fifth. */
const goal = 1 / 1.2

const listed = (input: string): string =>
  `{ users(first: 50${input}) { edges { cursor node { id status createdAt lastSignInAt } } pageInfo { hasNextPage endCursor } } }`
const monthsAgo = (months: number) => new Date(Date.now() - months * 30 * 86_400_000).toISOString()

const name = (what: string) => `users list, 1 k against 100 k accounts: ${what}`

const questions: readonly { readonly name: string; readonly operation: string }[] = [
  { name: name('first page'), operation: listed('') },
  { name: name('by email'), operation: listed(', filter: { email: "caller3@example.com" }') },
  { name: name('by status'), operation: listed(', filter: { status: SUSPENDED }') },
  { name: name('by a role of few'), operation: listed(', filter: { role: "admin" }') },
  { name: name('by a role of everyone'), operation: listed(', filter: { role: "user" }') },
  { name: name('by creation'), operation: listed(`, filter: { createdBefore: "${monthsAgo(12)}" }`) },
  { name: name('by last sign-in'), operation: listed(`, filter: { lastSignInBefore: "${monthsAgo(2)}" }`) },
  { name: name('me'), operation: '{ me { id email roles } }' },
]

/** One administrator asks; `me` is asked by everyone in turn. */
function targetOf(system: System, { name: question, operation }: (typeof questions)[number]): Target {
  const callers = question.endsWith(': me') ? system.callers : system.callers.slice(0, 1)
  const body = JSON.stringify({ query: operation })
  const requests = callers.map(({ accessToken }) => ({
    headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
    body,
  }))
  return { name: question, url: system.url, pids: system.pids, requests }
}

async function systemWith(accounts: number, started: System[]): Promise<System> {
  const system = await startSystem('embedded')
  started.push(system)
  await loadAccounts(system, accounts)
  await makeAdministrator(system, 'caller0@example.com')
  return system
}

/** An answer with errors is a 200 too, and would be a fast one. */
async function requireAnswer({ url, requests, name: question }: Target): Promise<void> {
  const [first] = requests
  const response = await fetch(url, { method: 'POST', headers: { ...first?.headers }, body: first?.body ?? '' })
  const { data, errors } = (await response.json()) as { data?: { users?: { edges: unknown[] } }; errors?: unknown }
  if (errors || data?.users?.edges.length === 0) throw new Error(`${question}: ${JSON.stringify(errors ?? data)}`)
}

export async function askManyAccounts(words: readonly string[], tell: (comparison: Comparison) => void): Promise<void> {
  const chosen = questions.filter((question) => words.every((word) => question.name.includes(word)))
  if (chosen.length === 0) return
  const started: System[] = []
  try {
    const small = await systemWith(few, started)
    const large = await systemWith(many, started)
    for (const question of chosen) {
      const [floor, ours] = [targetOf(small, question), targetOf(large, question)]
      await requireAnswer(floor)
      await requireAnswer(ours)
      tell(await compare(question.name, { floor, ours, goal, connections: 4 }))
    }
  } finally {
    await Promise.all(started.map((system) => system.stop()))
  }
}
