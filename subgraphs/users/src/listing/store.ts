/** Everything a list of accounts needs from storage. */
import type { BlindIndex } from '../identifiers/blind-index.ts'
import type { Place, UserFilter, UserOrder } from './user-list.ts'

export interface ListedPage {
  readonly filter: Omit<UserFilter, 'email'> & { readonly email: readonly BlindIndex[] | null }
  readonly order: UserOrder
  readonly after: Place | null
}

export interface ListStore {
  /** One more than the largest page, so that it can be told whether there are more. Nothing is counted. */
  page(asked: ListedPage): Promise<readonly Place[]>
}
