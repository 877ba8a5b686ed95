/** What is known of a cost before the variables are: a number, or what makes one of them. Never negative, and never beyond `costMax`. */

export type Values = Readonly<Record<string, unknown>>

export type Formula = number | ((variables: Values) => number)

/** What is more is not told apart. */
export const costMax = Number.MAX_SAFE_INTEGER

/** Also what is no number any more is as much as there can be. */
const bounded = (cost: number): number => (cost < costMax ? Math.max(0, cost) : costMax)

export const evaluate = (formula: Formula, variables: Values): number =>
  typeof formula === 'number' ? formula : formula(variables)

export const sumOf = (formulas: readonly Formula[]): Formula =>
  joined(formulas, (one, other) => bounded(one + other), 0)

export const largestOf = (formulas: readonly Formula[]): Formula => joined(formulas, Math.max, 0)

export function productOf(one: Formula, other: Formula): Formula {
  if (one === 0 || other === 0) return 0
  if (typeof one === 'number' && typeof other === 'number') return bounded(one * other)
  return (variables) => bounded(evaluate(one, variables) * evaluate(other, variables))
}

/** What is known of them is joined now, and the rest with every request. */
function joined(formulas: readonly Formula[], join: (one: number, other: number) => number, none: number): Formula {
  let known = none
  const open: ((variables: Values) => number)[] = []
  for (const each of formulas) {
    if (typeof each === 'number') known = join(known, each)
    else open.push(each)
  }
  if (open.length === 0) return known
  return (variables) => {
    let value = known
    for (const each of open) value = join(value, each(variables))
    return value
  }
}
