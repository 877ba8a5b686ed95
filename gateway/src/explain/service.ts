/** What can be asked about access: about oneself, about others, and by an operator. */
import { actingUserId, holdsScope, type Principal } from '@latchkey/principal'
import type { KeyBudgets } from '@latchkey/principal/key-budgets'
import type { Client } from '@latchkey/subgraph/transport'
import type { Logger } from '@latchkey/telemetry'
import type { PersistedOperations } from '../persisted/levels.ts'
import { type Explanation, explain } from './explain.ts'
import type { Disclosure } from './place.ts'
import { type ExplainInput, parseQuestion } from './question.ts'
import type { Reading } from './reading.ts'
import { createRoleCatalogue, type KnownRole, type RoleCatalogue } from './role-catalogue.ts'
import { createSubjects, type SubjectDependencies, type Subjects } from './subject.ts'

/** What asking about others takes. */
export const explainingScope = 'access:explain'

export interface ExplainDependencies extends SubjectDependencies {
  /** What requests with a key spend from: looked at, and nothing spent. */
  readonly budgets: KeyBudgets
  /** In production what the schema does not show is told to those alone who may explain others. */
  readonly mode: 'development' | 'production'
  readonly logger: Logger
  /** What a text is refused with that is not registered, where it must be for this key; `null`: it is let in. */
  readonly refusalOf: PersistedOperations['refusalOf']
}

export interface Asker {
  readonly principal: Principal
  readonly requestId: string
  readonly client: Client | undefined
}

export interface ExplainService {
  /** Over the graph that is served now. Whether they may ask about somebody else is judged before. */
  explain(input: ExplainInput, asker: Asker): Promise<Explanation>
  /** For an operator, who may know all roles, and may ask about any graph. */
  explainTo(input: ExplainInput, known: OperatorsView): Promise<Explanation>
}

export interface OperatorsView {
  readonly reading: Reading
  readonly roles: readonly KnownRole[]
}

export function createExplainService(dependencies: ExplainDependencies, current: () => Reading): ExplainService {
  const subjects = createSubjects(dependencies)
  const { budgets, clock, mode, logger, refusalOf } = dependencies

  interface Known {
    readonly reading: Reading
    readonly roles: RoleCatalogue | null
    readonly disclosure: Disclosure
    readonly asker: Principal | null
    readonly address: string
  }

  async function answer(input: ExplainInput, { asker, address, ...known }: Known): Promise<Explanation> {
    const question = parseQuestion(input, address)
    const subject = await subjectOf(question.as, asker, known.roles)
    return explain({ ...known, question, subject, budgets, clock, refusalOf })
  }

  const subjectOf = (
    as: Parameters<Subjects['other']>[0] | null,
    asker: Principal | null,
    roles: RoleCatalogue | null,
  ) => (as ? subjects.other(as, roles) : asker ? subjects.own(asker) : subjects.other({ kind: 'anonymous' }, roles))

  return {
    async explain(input, { principal, requestId, client }) {
      const reading = current()
      const roles = await reading.askRoles(principal, requestId)
      const disclosure = mode === 'development' || holdsScope(principal, explainingScope) ? 'whole' : 'own'
      const explained = await answer(input, {
        ...{ reading, roles, disclosure, asker: principal, address: client?.address ?? '' },
      })
      const { decision, caller } = explained
      logger.info(
        { decisionId: requestId, by: actingUserId(principal), of: caller.apiKeyId ?? caller.userId, decision },
        'access explained',
      )
      return explained
    },
    explainTo: (input, { reading, roles }) =>
      answer(input, { reading, roles: createRoleCatalogue(roles), disclosure: 'whole', asker: null, address: '' }),
  }
}
