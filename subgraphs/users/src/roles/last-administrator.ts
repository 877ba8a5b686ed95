/** The last administrator stays: what every change that may take one away is judged by. */
import { Problem } from '@latchkey/problem'
import type { RoleBook } from './role-book.ts'
import type { RoleHolder } from './store.ts'

/**
 * The roles of which another active account must hold one when the holder ceases to act; `null`: nothing is lost with them.
 * Written with the stamp of the book: roles that have changed since are judged again.
 */
export function administeringLostWith({ status, roles }: RoleHolder, book: RoleBook): readonly string[] | null {
  const administering = book.administering()
  return status === 'active' && roles.some((role) => administering.includes(role)) ? administering : null
}

/** CONFLICT in the words of what would leave nobody who can administer. */
export const lastAdministrator = (): Problem =>
  new Problem('CONFLICT', 'the last administrator', {
    message: 'This would leave no active administrator. Give another account the role `admin` first.',
  })
