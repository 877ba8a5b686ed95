/** The development mailbox in Postgres: what the outbox has delivered. */
import type { Database } from '@latchkey/prisma'
import type { DeliveredMail, MailStore } from './store.ts'

const readDelivered = {
  name: 'users_mail_delivered',
  text: `SELECT ref, payload, delivered_at AS "deliveredAt" FROM users.outbox
         WHERE kind = 'mail' AND delivered_at IS NOT NULL AND payload <> ''
         ORDER BY delivered_at DESC, id DESC LIMIT $1`,
}

export const prismaMailStore = (database: Database): MailStore => ({
  lastDelivered: async (max) => (await database.query<DeliveredMail>(readDelivered, [max])).reverse(),
})
