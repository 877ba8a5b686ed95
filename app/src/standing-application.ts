/** The application without its doors open, for a command that finds no running process. */
import { type Application, assemble } from './assemble.ts'
import type { Config, Environment } from './config.ts'
import { openFoundation, type Undo } from './foundation.ts'

/** For a command, which tells what it has to tell itself. */
export const quiet = {
  step: <Value>(_: string, work: () => Promise<Value> | Value) => Promise.resolve(work()),
  note: () => {},
}

/** Opens the stores, lets `work` use the application, and closes all of it again. */
export async function withApplication<Value>(
  config: Config,
  environment: Environment,
  work: (application: Application) => Promise<Value>,
): Promise<Value> {
  const undo: Undo[] = []
  try {
    const { foundation } = await openFoundation(config, { environment, progress: quiet, undo })
    const application = assemble(foundation)
    undo.push(application.close)
    return await work(application)
  } finally {
    for (const step of undo.reverse()) await step()
  }
}
