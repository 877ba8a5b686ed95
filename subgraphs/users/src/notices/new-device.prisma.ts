/** New devices in Postgres: nothing changes but what is told. */
import type { Database } from '@latchkey/prisma'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import type { NewDeviceDependencies } from './new-device.ts'

const noteNewDevice = {
  name: 'users_new_device_note',
  text: `WITH account AS (SELECT id FROM users.accounts WHERE id = $1 AND status = 'active'),
         ${writeConsequences('$2', 'account')}
         SELECT id FROM account`,
}

export const prismaNewDeviceWriter =
  (database: Database): NewDeviceDependencies['write'] =>
  async (accountId, consequences) =>
    (await database.query(noteNewDevice, [accountId, consequencesJson(consequences)])).length === 1
