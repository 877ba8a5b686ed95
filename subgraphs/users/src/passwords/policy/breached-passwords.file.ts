/** Looks in a file of `SHA1:count` lines in order, as the downloader of Have I Been Pwned writes it, without loading it. */
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
