/** Who may say that it was not them: whoever holds the token from the notice. */
import { allow, type Rules } from '@latchkey/subgraph/guard'

export const noticeRules = { Mutation: { reportNotMe: allow }, ReportNotMePayload: allow } satisfies Rules
