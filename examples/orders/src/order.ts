/** Orders: two for everybody, always the same. A real subgraph would ask its database here. */

export interface Order {
  readonly id: string
  readonly userId: string
  readonly item: string
  /** The price of all of it, in cents. */
  readonly total: number
  readonly placedAt: Date
  readonly paidWith: string
  /** What is earned with it, in cents. */
  readonly margin: number
}

const placed = [
  {
    number: 2,
    item: 'Padlock, brass',
    total: 1_890,
    placedAt: new Date('2030-02-01T09:00:00Z'),
    paidWith: 'Card ending in 4242',
    margin: 410,
  },
  {
    number: 1,
    item: 'Key blanks, box of ten',
    total: 745,
    placedAt: new Date('2030-01-15T14:30:00Z'),
    paidWith: 'Invoice',
    margin: 95,
  },
] as const

/** Newest first. */
export const ordersOf = (userId: string): readonly Order[] =>
  placed.map(({ number, ...order }) => ({ id: `${userId}-${number}`, userId, ...order }))

/** `null` when there is no such order. */
export function orderById(id: string): Order | null {
  const userId = id.slice(0, id.lastIndexOf('-'))
  return ordersOf(userId).find((order) => order.id === id) ?? null
}
