/** What stops a start and can be mended by whoever started it: told in one line, without a stack. */

/** An Error whose message is the whole line to show: what is wrong, then what to do. */
export interface Fault extends Error {
  readonly name: 'Fault'
}

export const fault = (line: string, cause?: unknown): Fault =>
  Object.assign(new Error(line, { cause }), { name: 'Fault' as const })

export const isFault = (thrown: unknown): thrown is Fault => thrown instanceof Error && thrown.name === 'Fault'

/** The code of a system call that failed (`ENOENT`, `EACCES`, …), else ''. */
export const systemCode = (thrown: unknown): string =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
