/** A service as a process of its own: configured once, served until it is told to end. */

export type Environment = Readonly<Record<string, string | undefined>>

/** As zod has it; any other library with this face will do. */
export interface EnvironmentSchema<Config> {
  safeParse(
    given: unknown,
  ):
    | { readonly success: true; readonly data: Config }
    | { readonly success: false; readonly error: { readonly issues: readonly Mistake[] } }
}

interface Mistake {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

/** Throws an Error of one line that names every mistake. An empty variable is one that is not set. */
export function readEnvironment<Config>(schema: EnvironmentSchema<Config>, environment: Environment): Config {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const parsed = schema.safeParse(set)
  if (parsed.success) return parsed.data
  throw new Error(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
}

/** What goes to the operator: for a Problem also what only the log may know. */
const lineOf = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) return String(thrown)
  return 'detail' in thrown && thrown.detail ? `${thrown.message} (${String(thrown.detail)})` : thrown.message
}

/**
 * Serves until SIGTERM or SIGINT, then drains and exits with 0, at once when it does not serve yet. When it cannot start it says
 * why in one line and exits with 1. `serve` resolves with what drains it.
 */
export async function runService(name: string, serve: () => Promise<() => Promise<void>>): Promise<void> {
  let drain = async () => {}
  const end = () => void drain().then(() => process.exit(0))
  process.once('SIGTERM', end).once('SIGINT', end)
  try {
    drain = await serve()
  } catch (thrown) {
    console.error(`${name} cannot start: ${lineOf(thrown)}`)
    process.exit(1)
  }
}
