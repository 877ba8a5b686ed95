/** What it takes to judge who may ask: of an operation of fifty fields, and as a share of the three-subgraph request. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { systemClock as clock } from '@latchkey/clock'
import { type AccessJudge, createAccessJudge } from '@latchkey/gateway/access'
import { judgeRequirement } from '@latchkey/gateway/access-verdict'
import type { UserPrincipal } from '@latchkey/principal'
import { readAccessMap } from '@latchkey/subgraph/access-map'
import { type AccessRequirement, createRequirementReader } from '@latchkey/subgraph/access-requirements'
import { isLeafType, isObjectType, isRequiredArgument, Kind, parse } from 'graphql'
import { load } from './measure.ts'
import { targetOf, threeSubgraphs } from './questions.ts'
import { startSystem } from './system.ts'

const name = 'authorize, fifty fields, three subgraphs'
const supergraph = fileURLToPath(new URL('../../supergraph.graphql', import.meta.url))
const callsPerRound = 100_000
const rounds = 9

/** Microseconds of one call: the median of the rounds, the first of which warm up. */
function microsecondsOf(call: () => true | object): number {
  const measured = Array.from({ length: rounds + 2 }, () => {
    let permitted = 0
    const startedMs = performance.now()
    for (let times = 0; times < callsPerRound; times++) if (call() === true) permitted++
    const tookMs = performance.now() - startedMs
    if (permitted !== callsPerRound) throw new Error('the caller of this measurement must be let through')
    return (tookMs * 1_000) / callsPerRound
  })
  const sorted = measured.slice(2).sort((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Fields of a person, their sessions and their keys, as many as it takes. */
function operationOf(fieldsMax: number, { schema }: AccessJudge): string {
  const leaves = (type: string): string[] => {
    const found = schema.getType(type)
    const fields = isObjectType(found) ? Object.values(found.getFields()) : []
    return fields.filter(({ type, args }) => isLeaf(type) && !args.some(isRequiredArgument)).map((field) => field.name)
  }
  const isLeaf = (type: unknown): boolean =>
    isLeafType(type) || (typeof type === 'object' && type !== null && 'ofType' in type && isLeaf(type.ofType))
  const [user, session, key] = [leaves('User'), leaves('Session'), leaves('ApiKey')]
  const wanted = fieldsMax - 3
  const chosen = [
    ...user.map((field) => ['user', field] as const),
    ...session.map((field) => ['session', field] as const),
    ...key.map((field) => ['key', field] as const),
  ].slice(0, wanted)
  if (chosen.length < wanted) throw new Error(`the graph has only ${chosen.length + 3} fields to ask`)
  const of = (which: string) =>
    chosen
      .filter(([type]) => type === which)
      .map(([, field]) => field)
      .join(' ')
  return `{ me { ${of('user')} sessions { ${of('session')} } apiKeys { ${of('key')} } } }`
}

function requirementOf(operation: string, supergraphSdl: string): AccessRequirement {
  const document = parse(operation)
  const [node] = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION)
  if (!node) throw new Error(operation)
  return createRequirementReader(readAccessMap(supergraphSdl))(document, node)
}

/** Whoever holds what is asked for. */
const holding = ({ scopes }: AccessRequirement): UserPrincipal => ({
  ...{
    kind: 'user',
    userId: 'usr_ada',
    sessionId: 'ses_ada',
    roles: ['user'],
    amr: ['pwd', 'otp', 'mfa'],
    acr: 'aal2',
  },
  scopes: [...new Set(scopes.flatMap((sets) => sets[0] ?? []))],
  authTime: Math.floor(clock.now().getTime() / 1_000),
})

const countOf = ({ signedIn, scopes, policies, assurance }: AccessRequirement): number =>
  (signedIn ? 1 : 0) + scopes.length + policies.length + (assurance ? 1 : 0)

function fiftyFields(judge: AccessJudge, supergraphSdl: string): string {
  const operation = operationOf(50, judge)
  const requirement = requirementOf(operation, supergraphSdl)
  const principal = holding(requirement)
  const policies = { allows: () => true }
  const evaluated = microsecondsOf(() =>
    judgeRequirement(requirement, { principal, policies, clock, credential: 'other' }),
  )
  const step = microsecondsOf(() => judge.judge(operation, principal))
  const each = (evaluated * 1_000) / countOf(requirement)
  return `50 fields, ${countOf(requirement)} requirements: ${evaluated.toFixed(2)} µs to evaluate (${each.toFixed(0)} ns a requirement), ${step.toFixed(2)} µs the whole step`
}

/** Beside the processor time of the whole request, as the system that serves it spends it. */
async function shareOfRequest(judge: AccessJudge, supergraphSdl: string): Promise<string> {
  const principal = holding(requirementOf(threeSubgraphs, supergraphSdl))
  const step = microsecondsOf(() => judge.judge(threeSubgraphs, principal))
  const system = await startSystem('embedded')
  try {
    const credential = ({ accessToken }: { accessToken: string }) => ({ authorization: `Bearer ${accessToken}` })
    const target = targetOf(system, { name, operation: threeSubgraphs, credential, goal: 0 })
    await load(target, 3, 64)
    const { cpuPerRequest } = await load(target, 5, 64)
    const share = (step / cpuPerRequest) * 100
    return `three subgraphs: ${step.toFixed(2)} µs of ${cpuPerRequest.toFixed(0)} µs of processor time, ${share.toFixed(2)} % (goal: at most 10 %)`
  } finally {
    await system.stop()
  }
}

export async function askAuthorize(words: readonly string[]): Promise<readonly string[]> {
  if (!words.every((word) => name.includes(word))) return []
  const supergraphSdl = readFileSync(supergraph, 'utf8')
  const judge = createAccessJudge(supergraphSdl, clock)
  return [`authorize: ${fiftyFields(judge, supergraphSdl)}`, `authorize: ${await shareOfRequest(judge, supergraphSdl)}`]
}
