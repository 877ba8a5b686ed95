/** Floods for tests: more than a gateway works on at once, by as few connections as it takes. */
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

export interface Wave {
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: object
}

export interface Flood {
  /** So many by one connection, all of them at once: whoever sends them waits for no answer. */
  send(wave: Wave, count: number): Socket
  /** Asks until it is refused, while others take whatever room there is: a machine that is busy has less, and has it again when it rests. */
  untilRefused<Answer extends { readonly status: number | undefined }>(
    wave: Wave,
    ask: () => Promise<Answer>,
  ): Promise<Answer>
  end(): void
}

/** As it is sent. */
export const textOf = ({ path, headers = {}, body }: Wave): string => {
  const text = JSON.stringify(body)
  const given = { host: 'localhost', 'content-type': 'application/json', 'content-length': text.length, ...headers }
  const lines = Object.entries(given).map(([name, value]) => `${name}: ${value}`)
  return [`POST ${path} HTTP/1.1`, ...lines, '', text].join('\r\n')
}

/** `url` is asked for when it is needed. */
export function createFlood(url: () => string): Flood {
  const sockets: Socket[] = []
  function send(wave: Wave, count: number): Socket {
    const socket = connect(Number(new URL(url()).port), '127.0.0.1')
    sockets.push(socket)
    socket
      .on('error', () => {})
      .resume()
      .write(textOf(wave).repeat(count))
    return socket
  }
  return {
    send,
    async untilRefused(wave, ask) {
      for (;;) {
        send(wave, 50)
        const answer = await ask()
        if (answer.status === 503) return answer
        await pause(20)
      }
    },
    end() {
      for (const socket of sockets) socket.destroy()
    },
  }
}
