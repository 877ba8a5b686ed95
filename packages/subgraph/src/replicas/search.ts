/** The domains in which a machine looks for short names: resolv.conf(5), which node:dns leaves to `lookup`. Pure. */

export interface Search {
  readonly domains: readonly string[]
  /** A name with so many dots or more is tried as it is first. */
  readonly dots: number
}

const domainsMax = 32
const dotsMax = 15

/** What the text of a resolv.conf says; the last of several lines counts. */
export function searchIn(text: string): Search {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/))
  const domains = lines.findLast(([word]) => word === 'search' || word === 'domain')?.slice(1) ?? []
  const [, dots] =
    lines
      .flat()
      .map((word) => /^ndots:(\d{1,3})$/.exec(word))
      .findLast(Boolean) ?? []
  return {
    domains: domains.filter((domain) => domain !== '.').slice(0, domainsMax),
    dots: dots === undefined ? 1 : Math.min(Number(dots), dotsMax),
  }
}

/** The names to ask for, in order. One that ends with a dot is whole. */
export function candidatesFor(name: string, { domains, dots }: Search): readonly string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)]
  const searched = domains.map((domain) => `${name}.${domain.replace(/\.$/, '')}`)
  return name.split('.').length - 1 >= dots ? [name, ...searched] : [...searched, name]
}
