/** Variables that nobody reads: a misspelt setting must not pass for a set one. */

/** One line for each `LATCHKEY_…` in `given` that is not in `known`, with the name that was probably meant. */
export function unknownVariables(given: readonly string[], known: readonly string[]): string[] {
  const strangers = given.filter((name) => name.startsWith('LATCHKEY_') && !known.includes(name))
  // The test runner's own: it hands them to every process it starts.
  return strangers.filter((name) => !name.startsWith('LATCHKEY_TEST_')).map((name) => lineFor(name, known))
}

function lineFor(name: string, known: readonly string[]): string {
  const [nearest] = known
    .map((other) => ({ other, edits: editsBetween(name, other) }))
    .sort((a, b) => a.edits - b.edits)
  const hint =
    nearest && nearest.edits <= 4 ? `Did you mean ${nearest.other}?` : 'Remove it, or see .env.example for the names.'
  return `${name} is not a setting. ${hint}`
}

/** Insertions, deletions and replacements that turn one word into the other (Levenshtein). */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [at, letter] of [...one].entries()) {
    const next = [at + 1]
    for (const [index, wanted] of [...other].entries()) {
      const replaced = (row[index] ?? 0) + (letter === wanted ? 0 : 1)
      next.push(Math.min(replaced, (row[index + 1] ?? 0) + 1, (next[index] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
