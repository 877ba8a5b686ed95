/** A port of 127.0.0.1 that nobody uses just now. */
import { createServer } from 'node:net'

/** Another process may take it before it is used: whoever starts a server on it tries again with another. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port was given')),
      )
    })
  })
