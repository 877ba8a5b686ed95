/** Looks in a file of `SHA1:count` lines in order, as the downloader of Have I Been Pwned writes it, without loading it. */
import { closeSync, openSync, readSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/** Longer than any line. */
const windowBytes = 128
const digestLength = 40

interface Line {
  readonly text: string
  /** Where the next one begins. */
  readonly end: number
}

/** The first whole line that begins at or after `from`. */
async function lineFrom(file: FileHandle, from: number): Promise<Line | null> {
  // From one byte before: a line that begins exactly at `from` is told by the break in front of it.
  const start = Math.max(from - 1, 0)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(windowBytes), 0, windowBytes, start)
  const seen = buffer.subarray(0, bytesRead)
  const begins = from === 0 ? 0 : seen.indexOf('\n') + 1
  if (from > 0 && begins === 0) return null
  const found = seen.indexOf('\n', begins)
  const ends = found === -1 ? bytesRead : found
  if (ends <= begins) return null
  return { text: seen.toString('latin1', begins, ends).trimEnd(), end: start + ends + 1 }
}

/** Halves what is left until the line is found or nothing is left. */
async function search(file: FileHandle, digest: string): Promise<number> {
  let low = 0
  let high = (await file.stat()).size
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const line = await lineFrom(file, middle)
    const found = line?.text.slice(0, digestLength).toUpperCase()
    if (line && found === digest) return Number.parseInt(line.text.slice(digestLength + 1), 10) || 0
    if (!line || !found || found > digest) high = middle
    else low = line.end
  }
  return 0
}

const firstLine = /^[0-9A-F]{40}:\d+\r?(\n|$)/i

/** Throws, in words for whoever starts the process, unless it can be read and begins as such a file does. */
export function requireBreachedFile(path: string): void {
  const cannot = (why: string, cause?: unknown) =>
    new Error(
      `LATCHKEY_BREACHED_PASSWORDS: ${path} ${why}. Name a file of SHA1:count lines in order that this process may read, or say online or off.`,
      { cause },
    )
  const start = Buffer.alloc(windowBytes)
  let read = 0
  try {
    const file = openSync(path, 'r')
    try {
      read = readSync(file, start, 0, windowBytes, 0)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    throw cannot(`cannot be read (${error instanceof Error && 'code' in error ? error.code : error})`, error)
  }
  if (!firstLine.test(start.toString('latin1', 0, read))) throw cannot('does not begin with such a line')
}

export const breachedInFile =
  (path: string) =>
  async (digest: string): Promise<number> => {
    const file = await open(path)
    try {
      return await search(file, digest)
    } finally {
      await file.close()
    }
  }
