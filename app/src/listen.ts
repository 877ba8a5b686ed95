/** Takes the port, or says in one line why it cannot. */
import type { Gateway } from '@latchkey/gateway'
import type { Config } from './config.ts'
import { fault, systemCode } from './embedded/fault.ts'

export async function listenAt(
  gateway: Gateway,
  { host, port }: Pick<Config, 'host' | 'port'>,
): Promise<{ url: string }> {
  try {
    return await gateway.listen({ host, port })
  } catch (thrown) {
    const code = systemCode(thrown)
    if (code === 'EADDRINUSE')
      throw fault(`Port ${port} is taken. Stop what listens there, or set PORT to another.`, thrown)
    if (code === 'EACCES')
      throw fault(`Port ${port} needs a permission this user lacks. Set PORT to 1024 or higher.`, thrown)
    throw thrown
  }
}
