/** The variables that were given, or every mistake in them at once. */
import { fault } from './embedded/fault.ts'
import { unknownVariables } from './variable-names.ts'
import { secretVariables, type Variables, variableNames, variables } from './variables.ts'

export type Environment = Readonly<Record<string, string | undefined>>

const loopbacks = ['127.0.0.1', '::1', 'localhost'] as const
export type Loopback = (typeof loopbacks)[number]
export const isLoopback = (host: string): host is Loopback => loopbacks.some((known) => known === host)

type Given = Readonly<Record<string, string>>

/** Throws a Fault that lists every mistake, one line each: the variable, what is wrong, what to do. */
export function parseVariables(environment: Environment): Variables {
  const set = withoutEmpty(environment)
  const parsed = variables.safeParse(set)
  const wrong = parsed.error?.issues.map(({ path, message }) => lineFor(String(path[0]), message, set)) ?? []
  const mistakes = [...unknownVariables(Object.keys(set), variableNames), ...new Set(wrong), ...mistakesOfMode(set)]
  if (!parsed.success || mistakes.length > 0) throw fault(mistakes.join('\n'))
  return parsed.data
}

/** An empty variable is one that is not set: compose files and shells cannot say it otherwise. */
const withoutEmpty = (environment: Environment): Given =>
  Object.fromEntries(Object.entries(environment).flatMap(([name, value]) => (value ? [[name, value]] : [])))

const lineFor = (name: string, message: string, set: Given): string =>
  secretVariables.includes(name) ? `${name} ${message}.` : `${name} ${message}, not "${set[name] ?? ''}".`

function mistakesOfMode(set: Given): string[] {
  return [...mistakesOfMail(set), ...mistakesOfPlace(set)]
}

function mistakesOfMail({ LATCHKEY_SMTP_URL, LATCHKEY_MAIL_FROM }: Given): string[] {
  if (!LATCHKEY_SMTP_URL || LATCHKEY_MAIL_FROM) return []
  return ['LATCHKEY_MAIL_FROM must be set with LATCHKEY_SMTP_URL. Say who mails are from: no-reply@id.example.org.']
}

function mistakesOfPlace(set: Given): string[] {
  if (set.NODE_ENV !== 'production') {
    if (!set.HOST || isLoopback(set.HOST)) return []
    const remedy = 'Set NODE_ENV=production to be reachable.'
    return [`HOST must be ${loopbacks.join(' or ')} outside production, not "${set.HOST}". ${remedy}`]
  }
  const stores = set.LATCHKEY_EMBEDDED === 'allow' ? [] : ['DATABASE_URL', 'REDIS_URL']
  const limits = 'LATCHKEY_LIMITS=off is for measuring and refused in production. Remove it.'
  const plainWebhooks = 'LATCHKEY_WEBHOOK_HTTP=on is for developing and refused in production. Remove it.'
  return [
    ...missing(set, ['LATCHKEY_KEYRING_FILE'], 'Make one: npm run latchkey -- keyring create FILE'),
    ...missing(set, stores, 'Give its address, or set LATCHKEY_EMBEDDED=allow to keep it in the data folder'),
    ...(set.LATCHKEY_LIMITS === 'off' ? [limits] : []),
    ...(set.LATCHKEY_WEBHOOK_HTTP === 'on' ? [plainWebhooks] : []),
  ]
}

const missing = (set: Given, names: readonly string[], remedy: string): string[] =>
  names.filter((name) => !set[name]).map((name) => `${name} must be set in production. ${remedy}.`)
