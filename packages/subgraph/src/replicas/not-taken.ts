/** By which a process that answers 503 says that it has done nothing with a request, so that another may be asked, whatever it is. */
export const notTakenHeader = 'latchkey-not-taken'

/** Why: `waiting` for its stores, or `full`, for it works on as much as it can. */
export type NotTaken = 'waiting' | 'full'
