import { describe, expect, it } from 'vitest'
import { reachableBesides } from './reachable.ts'

const isPublic = reachableBesides([])

describe('a webhook is not sent to', () => {
  it.each([
    ['this host', '0.0.0.0', '127.0.0.1', '127.255.255.254', '::1', '::'],
    ['private networks', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd12:3456::1'],
    ['neighbours', '169.254.1.1', 'fe80::1', 'febf::1'],
    ['metadata of a cloud', '169.254.169.254', 'fd00:ec2::254', '100.100.100.200', '168.63.129.16', '192.0.0.192'],
    ['networks of providers', '100.64.0.1', '100.127.255.255'],
    ['many at once', '224.0.0.1', '239.255.255.250', '255.255.255.255', 'ff02::1', 'ff0e::1'],
    [
      'IPv4 written as IPv6',
      '::ffff:127.0.0.1',
      '::ffff:8.8.8.8',
      '::ffff:7f00:1',
      '::127.0.0.1',
      '::ffff:0:127.0.0.1',
    ],
    ['IPv4 behind a translator', '64:ff9b::7f00:1', '64:ff9b:1::a00:1', '2002:7f00:1::', '2001:0:7f00:1::1'],
    [
      'what is for documents, tests and protocols',
      '192.0.2.1',
      '198.51.100.1',
      '203.0.113.1',
      '198.18.0.1',
      '2001:db8::1',
      '3fff::1',
      '192.88.99.1',
      '240.0.0.1',
      '100::1',
      '5f00::1',
      'fec0::1',
    ],
    ['what is no address', '', 'localhost', '2130706433', '0177.0.0.1', '127.1', 'fe80::1%eth0', '1.2.3.4 '],
  ])('%s', (_, ...addresses) => {
    expect(addresses.filter(isPublic)).toEqual([])
  })
})

it('a webhook is sent to public addresses, and into networks that are named', () => {
  const besides = reachableBesides(['10.20.0.0/16', 'fd00:20::/32', '127.0.0.0/8'])
  for (const address of ['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700:4700::1111', '2a00:1450::1']) {
    expect(isPublic(address)).toBe(true)
    expect(besides(address)).toBe(true)
  }
  for (const own of ['10.20.3.4', 'fd00:20::9', '127.0.0.1']) expect(besides(own)).toBe(true)
  for (const other of ['10.21.0.1', 'fd00:21::1', '169.254.169.254', '::1', 'nonsense'])
    expect(besides(other)).toBe(false)
})
