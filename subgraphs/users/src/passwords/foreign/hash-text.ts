/** The parts that texts of hashes are made of: base64, numbers with names, and bounds on them. */

export type Bytes = Buffer

const bytesMax = 256
const standard = /^[A-Za-z0-9+/]*={0,2}$/

/** Padded or not; `.` may stand for `+`, as passlib writes it. `null` when it is not base64 or not of a sensible length. */
export function base64(text: string | undefined, { least }: { readonly least: number }): Bytes | null {
  const plain = text?.replaceAll('.', '+')
  if (plain === undefined || !standard.test(plain)) return null
  const bytes = Buffer.from(plain, 'base64')
  return bytes.length >= least && bytes.length <= bytesMax ? bytes : null
}

/** `ln=15,r=8,p=1` as an object, when exactly these names are there, in this order. */
export function numbersIn<Name extends string>(text: string, names: readonly Name[]): Record<Name, number> | null {
  const form = new RegExp(`^${names.map((name) => `${name}=(\\d{1,9})`).join(',')}$`)
  const found = form.exec(text)
  if (!found) return null
  // Every name has a group in the expression above.
  return Object.fromEntries(names.map((name, index) => [name, Number(found[index + 1])])) as Record<Name, number>
}

type Bounds<Name extends string> = Readonly<Record<Name, readonly [least: number, most: number]>>

/** What is out of bounds, or `null`. */
export function withinBounds<Name extends string>(
  scheme: string,
  given: Readonly<Record<Name, number>>,
  bounds: Bounds<Name>,
): { readonly fault: string } | null {
  const names = Object.keys(bounds) as Name[]
  const wrong = names.find((name) => given[name] < bounds[name][0] || given[name] > bounds[name][1])
  if (!wrong) return null
  const [least, most] = bounds[wrong]
  return { fault: `has a ${scheme} ${wrong} of ${given[wrong]}; accepted is ${least} to ${most}` }
}
