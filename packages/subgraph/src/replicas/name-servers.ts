/** Who is asked about names, as an environment says it: `10.0.0.53,127.0.0.1:8600,[fd00::53]:53`. */
import { isIP } from 'node:net'

export const nameServersError = 'must be addresses of DNS servers, like 10.0.0.53 or 127.0.0.1:8600,[fd00::53]:53'

const serversMax = 8
const form = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/

function isServer(text: string): boolean {
  if (isIP(text)) return true
  const [, six = '', four = '', port] = form.exec(text) ?? []
  return (isIP(six) === 6 || isIP(four) === 4) && (port === undefined || (Number(port) > 0 && Number(port) < 65_536))
}

/** `null` when the text is not of this form; none in an empty one. */
export function parseNameServers(text: string): readonly string[] | null {
  const servers = text.split(',').flatMap((one) => one.trim() || [])
  return servers.length <= serversMax && servers.every(isServer) ? servers : null
}
