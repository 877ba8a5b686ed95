/** News of accounts: told at once to whoever listens, and kept by nobody. */

/** Something that happened to an account, for whoever subscribes to it. */
export interface AccountEvent {
  /** The field of the type Subscription that it is an event of. */
  readonly field: string
  /** Ids, numbers and words from closed lists: no personal data. What a field takes as an argument is here by the same name. */
  readonly facts: EventFacts
}

export type EventFacts = Readonly<Record<string, string | number>>

export interface News {
  /** What speaks for the account may be worth something else than a moment ago: whoever relies on it has to look again. */
  readonly credentials?: 'changed'
  readonly event?: AccountEvent
}

export interface Listener {
  /** Must neither throw nor take time. */
  heard(news: News): void
  /** There may have been news that nobody told, and there will be none any more. Called once. */
  lost(): void
}

/** What is told of one account. */
export interface Told {
  readonly accountId: string
  readonly news: News
}

/** Shared by every process. */
export interface AccountNews {
  /** Told to everybody who listens at this moment, in every process. Rejects with UNAVAILABLE. */
  tell(told: Told): Promise<void>
  /** Those of the accounts that somebody listens to at this moment. Rejects with UNAVAILABLE. */
  listenedTo(accountIds: readonly string[]): Promise<ReadonlySet<string>>
  /** Whatever is told after it resolved is heard, until what it gives is called. Rejects with UNAVAILABLE. */
  listen(accountId: string, listener: Listener): Promise<() => void>
  /** Nobody hears anything any more. */
  close(): void
}

/** Changes of credentials that nobody has to act upon but those who rely on them. */
export const credentialsChanged: News = Object.freeze({ credentials: 'changed' })

/** Tells of many accounts, leaving out those whom nobody listens to. Rejects with UNAVAILABLE. */
export async function tellListeners(
  news: Pick<AccountNews, 'tell' | 'listenedTo'>,
  many: readonly Told[],
): Promise<void> {
  const heeded = await news.listenedTo([...new Set(many.map(({ accountId }) => accountId))])
  await Promise.all(many.filter(({ accountId }) => heeded.has(accountId)).map(news.tell))
}
