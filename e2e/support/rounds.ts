/** How often a race is run: many times take minutes, and once is enough from day to day. */
export const rounds = Number(process.env.LATCHKEY_E2E_ROUNDS ?? 1)

/** For a test of that many races. In milliseconds. */
export const timeForRounds = { timeout: rounds * 240_000 }
