/** What every way of telling news of accounts must do. */
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type AccountNews, type News, tellListeners } from './account-news.ts'

/** Two processes over the same stores; one process twice, where there can be no other. */
export type OpenNews = () => Promise<readonly [AccountNews, AccountNews]>

const ended = { credentials: 'changed', event: { field: 'sessionEnded', facts: { id: 'ses_1', at: 5 } } } as const

export function tellsAccountNews(open: OpenNews): void {
  async function hearing(news: AccountNews, accountId: string) {
    const heard: News[] = []
    let lost = 0
    const leave = await news.listen(accountId, { heard: (one) => heard.push(one), lost: () => lost++ })
    return { heard, leave, lost: () => lost }
  }

  describe('news of accounts', () => {
    it('are heard by everybody who listens, in every process, as they were told and in their order', async () => {
      const [here, there] = await open()
      const ears = [await hearing(here, 'usr_1'), await hearing(here, 'usr_1'), await hearing(there, 'usr_1')]
      for (const at of [1, 2, 3])
        await here.tell({ accountId: 'usr_1', news: { event: { field: 'x', facts: { at } } } })
      await there.tell({ accountId: 'usr_1', news: ended })
      for (const { heard } of ears) {
        await expect.poll(() => heard).toHaveLength(4)
        expect(heard.map(({ event }) => event?.facts.at)).toEqual([1, 2, 3, 5])
        expect(heard[3]).toEqual(ended)
      }
    })

    it('of one account are not heard by those who listen to another', async () => {
      const [here, there] = await open()
      const [ada, eve] = [await hearing(here, 'usr_ada'), await hearing(here, 'usr_eve')]
      await there.tell({ accountId: 'usr_eve', news: ended })
      await expect.poll(() => eve.heard).toHaveLength(1)
      expect(ada.heard).toEqual([])
    })

    it('are not heard any more by who has left, and still by who has not', async () => {
      const [here] = await open()
      const [one, other] = [await hearing(here, 'usr_1'), await hearing(here, 'usr_1')]
      one.leave()
      one.leave()
      await here.tell({ accountId: 'usr_1', news: ended })
      await expect.poll(() => other.heard).toHaveLength(1)
      expect(one.heard).toEqual([])
    })

    it('are heard by who comes just when the last one leaves', async () => {
      const [here] = await open()
      for (let round = 0; round < 50; round++) {
        const first = await hearing(here, 'usr_1')
        const coming = hearing(here, 'usr_1')
        first.leave()
        const second = await coming
        await here.tell({ accountId: 'usr_1', news: ended })
        await expect.poll(() => second.heard).toHaveLength(1)
        const third = hearing(here, 'usr_1')
        second.leave()
        await third.then(({ leave }) => leave())
      }
    })

    it('for many accounts reach those who listen', async () => {
      const [here, there] = await open()
      const ear = await hearing(there, 'usr_2')
      const told = Array.from({ length: 200 }, (_, n) => ({ accountId: `usr_${n}`, news: ended }))
      await tellListeners(here, told)
      await expect.poll(() => ear.heard).toEqual([ended])
      expect(await here.listenedTo(['usr_1', 'usr_2', 'usr_3'])).toEqual(new Set(['usr_2']))
      expect(await here.listenedTo([])).toEqual(new Set())
    })

    it('told before anybody listens are nobody’s', async () => {
      const [here] = await open()
      await here.tell({ accountId: 'usr_1', news: ended })
      const { heard } = await hearing(here, 'usr_1')
      await pause(20)
      expect(heard).toEqual([])
    })
  })
}
