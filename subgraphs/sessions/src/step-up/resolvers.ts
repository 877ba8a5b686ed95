/** Stepping up, as the graph asks for it. */
import { provedBy, type SessionRecord } from '@latchkey/principal/credential-records'
import type { SessionsContext } from '../context.ts'
import { occasionOf } from '../ledger/ledger.ts'
import { personOf } from '../sessions/person.ts'
import { signInResult, stepUpRefused } from '../sign-in/sign-in-result.ts'
import type { StepUpInput } from './step-up.ts'

interface StartArguments {
  readonly input: { readonly factor: 'PASSKEY' | 'EMAIL_CODE' }
}

export const stepUpResolvers = {
  Mutation: {
    startStepUp: (_parent: unknown, { input }: StartArguments, context: SessionsContext) =>
      context.stepUps.start(input.factor, personOf(context), context.client ?? {}, occasionOf(context)),
    stepUp: async (_parent: unknown, { input }: { input: StepUpInput }, context: SessionsContext) =>
      signInResult(
        await context.stepUps.complete(input, personOf(context), context.client ?? {}, occasionOf(context)),
        stepUpRefused,
        context,
      ),
  },
  Session: {
    assurance: (session: SessionRecord, _args: unknown, { clock }: SessionsContext) =>
      provedBy(session, clock.now().getTime()).acr === 'aal2' ? 'AAL2' : 'AAL1',
    authenticatedAt: ({ authTimeMs }: SessionRecord) => new Date(authTimeMs).toISOString(),
  },
}
