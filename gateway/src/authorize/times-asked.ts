/** How often one operation may ask for one field: abuse that neither the length of a text nor a list makes dear. */

/** By coordinate: at most so many times in an operation, whatever they are called and however many fragments they are spread by. */
export type TimesPerOperation = Readonly<Record<string, number>>

export const usualTimes: TimesPerOperation = {
  // Each makes a secret, or opens an account.
  'Mutation.createApiKey': 5,
  'Mutation.rotateApiKey': 5,
  'Mutation.createUser': 5,
  'Mutation.createServiceAccount': 5,
  // Each sends a mail.
  'Mutation.resendInvitation': 3,
  'Mutation.requestDataExport': 1,
  // Each reads or writes as much as there is.
  'Mutation.importUsers': 1,
  'Mutation.importApiKeys': 1,
  'Mutation.exportApiKeys': 1,
  'Query.apiKeyUsageCsv': 2,
  // With an alias for each guess, who has an account could be found out ten at a time.
  'Query.user': 5,
}

/** What is asked too often, in words; `null`: nothing is. */
export function judgeTimes(asked: ReadonlyMap<string, number>, max: TimesPerOperation): string | null {
  for (const [coordinate, times] of asked) {
    const allowed = Object.hasOwn(max, coordinate) ? max[coordinate] : undefined
    if (allowed !== undefined && times > allowed) return `${coordinate} more than ${timesInWords(allowed)}`
  }
  return null
}

const timesInWords = (count: number): string => (count === 1 ? 'once' : `${count} times`)
