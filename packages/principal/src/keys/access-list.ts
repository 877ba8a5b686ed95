/** Access list: which coordinates of the schema a key may touch. Plain JSON, and judged without the schema. */

/** Two lists of rules as their owner wrote them, and what they came to when they were saved. */
export interface AccessList {
  /** `Query.orders`, `Order.*`, `Query.orders(customerId:)`, `Query.orders(customerId: "c1")`, `Query.orders()`. */
  readonly allow: readonly string[]
  /** The same, without values. What is denied is denied, whatever allows it. */
  readonly deny: readonly string[]
  /**
   * What `allow` came to when it was saved, and what was accepted since: `Type.field` and `Type.field(argument:)`. What the
   * schema gains later is not among them. Absent: everything that is not denied.
   */
  readonly accepted?: readonly string[]
  /** What `deny` came to: `Type.field`, `Type.field(argument:)` and `Type.*`. */
  readonly denied: readonly string[]
  /** By `Type.field(argument:)`, the values it may have, as GraphQL writes them. It must be given. */
  readonly constants?: Readonly<Record<string, readonly string[]>>
}

interface Compiled {
  readonly accepted: ReadonlySet<string> | null
  readonly denied: ReadonlySet<string>
}

const compiled = new WeakMap<AccessList, Compiled>()

function compile(access: AccessList): Compiled {
  const known = compiled.get(access)
  if (known) return known
  const { accepted, denied } = access
  const sets = { accepted: accepted ? new Set(accepted) : null, denied: new Set(denied) }
  compiled.set(access, sets)
  return sets
}

/**
 * The first of the coordinates that the list does not allow; `null` when it allows all of them. `Type.field` and
 * `Type.field(argument:)` for each argument that is given; what is asked on an interface, also for every type that may stand
 * there. `__typename` is always allowed. Which values `constants` allows is judged by whoever knows the values.
 */
export function deniedCoordinate(access: AccessList, coordinates: readonly string[]): string | null {
  const { accepted, denied } = compile(access)
  const isDenied = (coordinate: string) =>
    denied.has(coordinate) ||
    denied.has(`${coordinate.slice(0, coordinate.indexOf('.'))}.*`) ||
    (accepted !== null && !accepted.has(coordinate))
  return coordinates.find((coordinate) => !coordinate.endsWith('.__typename') && isDenied(coordinate)) ?? null
}
