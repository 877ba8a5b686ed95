/** Postgres in a trace: statements by the names under which they are prepared, or by model and action; never what they are asked with. */
import { traced } from '@latchkey/telemetry/traces'

/** One question to Postgres. */
export const tracedQuestion = <Answer>(name: string, ask: () => Promise<Answer>): Promise<Answer> =>
  traced({ name: `postgres ${name}`, kind: 'client', facts: { 'db.system': 'postgresql' } }, ask)
