/** The names a development server answers to: a page that rebinds its own name to 127.0.0.1 gets nothing. */

const loopbackNames = ['localhost', '127.0.0.1', '[::1]']

/** Judges a `Host` header. Ports do not matter: the attack is a foreign name. */
export function createHostCheck(publicUrl: string): (host: string | undefined) => boolean {
  const names = new Set([...loopbackNames, new URL(publicUrl).hostname])
  return (host) => host !== undefined && names.has(nameOf(host))
}

const nameOf = (host: string): string => host.replace(/:\d*$/, '').toLowerCase()
