/** Joins what several features say of the same types. */

type ByType<Entry> = Readonly<Record<string, Entry>>

/** Throws when two features speak of the same field, or when one speaks of a type as a whole that another has fields of. */
export function joinTypes<Entry extends object>(...parts: readonly ByType<Entry>[]): ByType<Entry> {
  const joined: Record<string, Entry> = {}
  for (const [type, entry] of parts.flatMap((part) => Object.entries(part))) {
    const known = joined[type]
    const twice = known && Object.keys(known).find((field) => Object.hasOwn(entry, field))
    if (twice) throw new Error(`two features speak of ${type}.${twice}`)
    joined[type] = known ? { ...known, ...entry } : entry
  }
  return joined
}
