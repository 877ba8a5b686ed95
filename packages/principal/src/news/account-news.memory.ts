/** News of accounts within one process. */
import type { AccountNews, Listener, Told } from './account-news.ts'

export function memoryAccountNews(): AccountNews {
  const listeners = new Map<string, Set<Listener>>()
  const tell = ({ accountId, news }: Told): void => {
    // Whoever tells is not to wait for those who hear, nor to fail with them.
    for (const listener of listeners.get(accountId) ?? []) queueMicrotask(() => listener.heard(news))
  }
  return {
    tell: async (told) => tell(told),
    listenedTo: async (accountIds) => new Set(accountIds.filter((accountId) => listeners.has(accountId))),
    async listen(accountId, listener) {
      const others = listeners.get(accountId) ?? new Set()
      listeners.set(accountId, others.add(listener))
      return () => {
        others.delete(listener)
        if (others.size === 0 && listeners.get(accountId) === others) listeners.delete(accountId)
      }
    },
    close: () => listeners.clear(),
  }
}
