import { describe, expect, it } from 'vitest'
import { againInMs, type FoundService, placesAt, placesOfService, usualRank } from './place.ts'

const url = 'http://users.test:4001/graphql'
const at = (...addresses: string[]) =>
  placesAt(
    url,
    addresses.map((address) => ({ address, ttl: 5 })),
  )
const addressesIn = (places: readonly { readonly address?: string }[]) => places.map(({ address }) => address)

describe('places that DNS tells of', () => {
  it('are each there once, in an order that is not that of the answer', () => {
    expect(at('10.0.0.2', '10.0.0.1', '10.0.0.2')).toEqual([
      { url, address: '10.0.0.1', rank: usualRank },
      { url, address: '10.0.0.2', rank: usualRank },
    ])
    expect(at('fd00::2', '10.0.0.1')).toEqual(at('10.0.0.1', 'fd00::2'))
  })

  it('are a hundred at most, and the same hundred whatever the order of the answer', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`)
    expect(at(...many)).toHaveLength(100)
    expect(at(...many.toReversed())).toEqual(at(...many))
  })

  it.each([
    ...['169.254.169.254', '::ffff:169.254.169.254', 'fe80::1', 'fd00:ec2::254', '0.0.0.0', '::', '224.0.0.1'],
    ...['255.255.255.255', 'ff02::1', 'metadata.internal', ''],
  ])('are not at %s: nobody of ours can be', (address) => {
    expect(at(address, '10.0.0.1')).toEqual(at('10.0.0.1'))
  })
})

describe('places of a service', () => {
  const found = (change: Partial<FoundService>): FoundService => ({
    ...{ name: 'one.test', port: 4001, priority: 0, weight: 0, addresses: [{ address: '10.0.0.1', ttl: 5 }] },
    ...change,
  })

  it('have its ports, ranks and addresses, and the name that was configured', () => {
    const both = [
      { address: '10.0.0.2', ttl: 5 },
      { address: 'fd00::2', ttl: 5 },
    ]
    const places = placesOfService('https://users.test/graphql', [
      found({ priority: 2, weight: 5, port: 1, addresses: both }),
    ])
    expect(places).toEqual([
      { url: 'https://users.test:1/graphql', address: '10.0.0.2', rank: { priority: 2, weight: 5 } },
      { url: 'https://users.test:1/graphql', address: 'fd00::2', rank: { priority: 2, weight: 5 } },
    ])
  })

  it('come in order of their priority, so that of too many the foremost are taken', () => {
    const many = Array.from({ length: 200 }, (_, index) => ({ address: `10.0.0.${index}`, ttl: 5 }))
    const places = placesOfService(url, [
      found({ priority: 9, addresses: many }),
      found({ priority: 1, addresses: [{ address: '10.9.9.9', ttl: 5 }] }),
    ])
    expect(places).toHaveLength(100)
    expect(addressesIn(places)[0]).toBe('10.9.9.9')
  })

  it('have a very small chance with a weight of nothing', () => {
    expect(placesOfService(url, [found({ weight: 0 })])[0]?.rank.weight).toBe(0.01)
  })
})

describe('DNS is asked again', () => {
  it.each([
    ['when the first answer is over', [30, 7, 20], 7_000],
    ['after a second, however short it is said to be', [0], 1_000],
    ['after thirty seconds, however long it is said to be', [86_400], 30_000],
    ['after thirty seconds where there is nothing to be over', [], 30_000],
  ])('%s', (_when, ttls, ms) => {
    const found = ttls.map((ttl) => ({ address: '10.0.0.1', ttl }))
    expect(againInMs(found, 0)).toBe(ms)
    expect(againInMs(found, 1)).toBe(ms * 0.9)
  })
})
