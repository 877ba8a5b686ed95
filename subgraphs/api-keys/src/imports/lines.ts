/** Lines of a file as it streams in: bounded in length, told apart by `\n` alone, so that every other byte counts. */

/** No key takes more. */
const lineBytesMax = 1_048_576

export type Bytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** A line that is too long comes cut off, and is the last. What is no UTF-8 does not come back as the same text. */
export async function* linesIn(bytes: Bytes): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of bytes) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk])
    let from = 0
    for (let at = rest.indexOf(10); at >= 0; at = rest.indexOf(10, from)) {
      yield rest.toString('utf8', from, at)
      from = at + 1
    }
    rest = rest.subarray(from)
    if (rest.length > lineBytesMax) break
  }
  if (rest.length > 0) yield rest.toString('utf8', 0, lineBytesMax)
}
