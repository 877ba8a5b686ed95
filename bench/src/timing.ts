/** `npm run bench timing [ROUNDS]`: whether the time or the bytes of a refused sign-in tell anything of the account. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Database, openDatabase } from '@latchkey/prisma'
import { separability } from './separability.ts'
import { password, register, startSystem, verify } from './system.ts'

interface Kind {
  readonly name: string
  readonly email: string
  readonly password: string
}

/** Some minutes are a long time to see nothing. */
const toldEvery = 250

const wrong = 'not the password at all'
const foreign = {
  // One iteration: as cheap as a hash can be, so the dummy beside it is all there is to measure.
  cheap: '$pbkdf2-sha256$i=1$c2FsdA==$Eg+2z/z4syxD5yJSVsTN4hlSMGszDLICVWWYcLcL4Vs=',
  dear: '$2a$10$k1wbIrmNyFAPwPVPSVa/zecw2BCEnBwVS2GbrmgzxFUOqW9dk4TCW',
}

const refusedKinds: readonly Kind[] = [
  { name: 'unknown', email: 'unknown@example.com', password: wrong },
  { name: 'unknown, once more', email: 'unknown.too@example.com', password: wrong },
  { name: 'known', email: 'known@example.com', password: wrong },
  { name: 'waiting to be confirmed', email: 'waiting@example.com', password },
  { name: 'not verified, right password', email: 'unverified@example.com', password },
  { name: 'suspended', email: 'suspended@example.com', password: wrong },
  { name: 'suspended, right password', email: 'suspended@example.com', password },
  { name: 'without a password', email: 'without@example.com', password: wrong },
  { name: 'foreign hash, cheap', email: 'cheap@example.com', password: wrong },
  { name: 'foreign hash, bcrypt 10 (known to differ)', email: 'dear@example.com', password: wrong },
]

/** The embedded Postgres, as it lies in the data folder. */
function databaseIn(dataDir: string): Database {
  const folder = join(dataDir, 'postgres')
  const secret = readFileSync(join(folder, 'password'), 'utf8').trim()
  const port = readFileSync(join(folder, 'cluster-18', 'postmaster.pid'), 'utf8').split('\n')[3]
  return openDatabase({ url: `postgresql://postgres:${secret}@127.0.0.1:${port}/latchkey`, role: 'latchkey_users' })
}

const newest = 'account_id = (SELECT id FROM users.accounts ORDER BY created_at DESC LIMIT 1)'
const changes: Readonly<Record<string, string>> = {
  'known@example.com': 'SELECT 1',
  'unverified@example.com': `UPDATE users.accounts SET email_verified_at = NULL WHERE ${newest.replace('account_id', 'id')}`,
  'suspended@example.com': `UPDATE users.accounts SET status = 'suspended' WHERE ${newest.replace('account_id', 'id')}`,
  'without@example.com': `DELETE FROM users.passwords WHERE ${newest}`,
  'cheap@example.com': `UPDATE users.passwords SET hash = '${foreign.cheap}', pepper_id = NULL WHERE ${newest}`,
  'dear@example.com': `UPDATE users.passwords SET hash = '${foreign.dear}', pepper_id = NULL WHERE ${newest}`,
}

async function prepare(url: string, database: Database): Promise<void> {
  await register(url, 'waiting@example.com')
  for (const [email, text] of Object.entries(changes)) {
    await register(url, email)
    await verify(url, email)
    await database.query({ name: `bench_${email.split('@')[0]}`, text }, [])
  }
}

const query = `mutation ($input: SignInInput!) { signIn(input: $input) { __typename ... on SignInRefused { remedy } } }`

/** What came back, apart from what names the request and the moment. */
async function signIn(url: string, { email, password }: Kind): Promise<{ tookMs: number; answer: string }> {
  const begunMs = performance.now()
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { input: { email, password } } }),
  })
  const body = await response.text()
  const tookMs = performance.now() - begunMs
  const headers = [...response.headers].filter(([name]) => name !== 'date' && name !== 'x-request-id')
  return { tookMs, answer: JSON.stringify([response.status, headers, body]) }
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item)
}

interface Measured {
  readonly times: ReadonlyMap<string, number[]>
  /** Each different answer, and who got it. */
  readonly answers: ReadonlyMap<string, ReadonlySet<string>>
}

async function measure(
  url: string,
  rounds: number,
  tell: (measured: Measured, after: number) => void,
): Promise<Measured> {
  const times = new Map(refusedKinds.map(({ name }): [string, number[]] => [name, []]))
  const answers = new Map<string, Set<string>>()
  for (let round = -5; round < rounds; round++) {
    if (round > 0 && round % toldEvery === 0) tell({ times, answers }, round)
    for (const kind of shuffled(refusedKinds)) {
      const { tookMs, answer } = await signIn(url, kind)
      // The first few only warm up.
      if (round >= 0) times.get(kind.name)?.push(tookMs)
      answers.set(answer, (answers.get(answer) ?? new Set()).add(kind.name))
    }
  }
  return { times, answers }
}

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

function show({ times, answers }: Measured): void {
  const unknown = times.get('unknown') ?? []
  for (const [name, took] of times)
    console.log(
      `${name.padEnd(44)} median ${median(took).toFixed(2).padStart(7)} ms   AUC ${separability(unknown, took).toFixed(3)}`,
    )
  console.log(answers.size === 1 ? 'All answers are equal byte for byte.' : `${answers.size} different answers:`)
  if (answers.size > 1) for (const [answer, kinds] of answers) console.log([...kinds].join(', '), answer)
}

export async function askTiming(rounds: number): Promise<void> {
  const system = await startSystem('embedded')
  const database = databaseIn(system.dataDir)
  try {
    await prepare(system.url.replace('/graphql', ''), database)
    console.log(`${rounds} sign-ins of each kind, interleaved; AUC of each against "unknown" (0.5: nothing to be told)`)
    const soFar = (measured: Measured, after: number) => {
      console.log(`\nafter ${after}`)
      show(measured)
    }
    soFar(await measure(system.url, rounds, soFar), rounds)
  } finally {
    await database.close()
    await system.stop()
  }
}
