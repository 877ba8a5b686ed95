/** Forgiveness: which tries a success undoes, in one word for the counters and for the history that they are rebuilt from. */
import type { Reservation } from './service.ts'

/** All tries of a counter from one place. */
export const allOf = (counter: string, place: string): string => `${counter} ${place}`

/** One try of a counter. */
export const oneOf = (counter: string, id: string): string => `${counter} #${id}`

/**
 * What the success of a try forgives: on a counter of one's own every try from the same place, on one that is shared its own. The
 * record of the success says so, because what came of a try is not told by the way somebody signed in.
 */
export const forgivenWith = ({ counter, place, id, onSuccess }: Reservation): string =>
  onSuccess === 'forget' ? allOf(counter, place) : oneOf(counter, id)
