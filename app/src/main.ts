/** Latchkey in one process: gateway, subgraphs, and the stores it was given no address of. */
import { setTimeout as pause } from 'node:timers/promises'
import { openMetrics } from '@latchkey/telemetry/metrics'
import { openTraces } from '@latchkey/telemetry/traces'
import { assemble } from './assemble.ts'
import { backupTermsOf, writeBackup } from './backup/backup.ts'
import { signingKeyActs } from './commands/signing-keys.ts'
import { parseConfig } from './config.ts'
import { explainCommand } from './explanations.ts'
import { openFoundation, type Undo } from './foundation.ts'
import { listenAt } from './listen.ts'
import { listenForOperator } from './operator-socket.ts'
import { createProgress } from './progress.ts'
import { staleKeysCommand } from './stale-keys.ts'
import { requireFreshSupergraph } from './supergraph-file.ts'
import { endsOfService, runUntilTold } from './until-told.ts'
import { unusedKeysCommand } from './unused-keys.ts'
import { hashChoiceOf, importModeOf } from './user-files.ts'
import { welcome } from './welcome.ts'

const say = (line: string) => process.stderr.write(`${line}\n`)
const progress = createProgress(say, () => performance.now())

const untilAskedAgainMs = 1_000
let toldOf = ''

/** Says what is waited for, once for each reason. */
async function whenAway(reason: string): Promise<void> {
  if (reason !== toldOf) progress.note(`The keyring cannot be unwrapped yet: ${reason}. It is tried again.`)
  toldOf = reason
  await pause(untilAskedAgainMs)
}

async function start(undo: Undo[]) {
  const startedMs = performance.now()
  const config = parseConfig(process.env)
  if (config.traces) undo.push(await openTraces({ service: 'latchkey', ...config.traces }))
  await progress.step('the supergraph is fresh', () => requireFreshSupergraph(config))
  const { foundation, lost } = await openFoundation(config, {
    ...{ environment: process.env, progress, undo, whenAway },
  })
  const application = assemble(foundation)
  undo.push(application.close)
  await application.start()
  await listenAt(application.gateway, config)
  undo.push(await openMetrics(config.host, config.metricsPort ?? undefined))
  if (!endsOfService.includes('SIGHUP')) {
    process.on('SIGHUP', application.supergraph.reload)
    process.on('SIGHUP', () => foundation.reloadPolicies?.())
  }
  const { userFiles } = application
  const operator = await listenForOperator(
    config.dataDir,
    {
      'grant-role': (email = '', role = '') => application.grantRole(email, role),
      'signing-keys': async (words = '') => signingKeyActs[words]?.(application) ?? '',
      holders: async () => JSON.stringify(await application.holders()),
      ...application.privacy,
      [staleKeysCommand]: (file = '') => application.staleKeys(file),
      ...application.keyOffice,
      [explainCommand]: async (...words) => JSON.stringify(await application.explanations(...words)),
      [unusedKeysCommand]: (days = '') => application.unusedKeys(Number(days)),
    },
    {
      'users-import': (tell, file = '', mode = '') => userFiles.importFrom(file, importModeOf(mode), tell),
      'users-export': (tell, file = '', hashes = '') => userFiles.exportTo(file, hashChoiceOf(hashes), tell),
      ...application.rotation,
      ...application.auditing,
      ...application.keyFiles,
      ...application.secretsOffice,
      backup: (tell, file = '') => writeBackup(backupTermsOf(foundation), file, tell),
    },
  )
  undo.push(() => void operator.close())
  const url = `http://localhost:${config.port}`
  say(welcome({ url, mode: config.mode, afterSeconds: (performance.now() - startedMs) / 1_000 }))
  return { lost }
}

await runUntilTold(start, say, endsOfService)
