import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { anAddress, aService, type NameServer, openNameServer } from './name-server.fixture.ts'
import { createNames } from './names.ts'

let server: NameServer
beforeAll(async () => {
  server = await openNameServer()
})
afterAll(() => server.close())
beforeEach(() => server.manner('answering'))

const names = () => createNames({ servers: [server.address] })

describe('what DNS says of a name', () => {
  it('is the addresses of both families, with how long they are true', async () => {
    server.tell('users.test', [anAddress('127.0.0.2', 7), anAddress('::1', 9)])
    expect(await names().addresses('users.test')).toEqual([
      { address: '127.0.0.2', ttl: 7 },
      { address: '::1', ttl: 9 },
    ])
  })

  it('is asked for anew each time', async () => {
    server.tell('moved.test', [anAddress('127.0.0.2', 600)])
    const kept = names()
    await kept.addresses('moved.test')
    server.tell('moved.test', [anAddress('127.0.0.3', 600)])
    expect(await kept.addresses('moved.test')).toEqual([{ address: '127.0.0.3', ttl: 600 }])
  })

  it('is each host of a service with its addresses, and no host that has none', async () => {
    server.tell('_graphql._tcp.users.test', [
      aService('one.test', 4001, { priority: 1, weight: 3 }),
      aService('lost.test', 4001),
    ])
    server.tell('one.test', [anAddress('127.0.0.2', 600)])
    expect(await names().services('_graphql._tcp.users.test')).toEqual([
      { name: 'one.test', port: 4001, priority: 1, weight: 3, addresses: [{ address: '127.0.0.2', ttl: 5 }] },
    ])
  })

  it('comes whole when it is too long for a datagram', async () => {
    const many = Array.from({ length: 2_000 }, (_, index) => anAddress(`127.1.${index >> 8}.${index & 255}`))
    server.tell('many.test', many)
    expect(await names().addresses('many.test')).toHaveLength(2_000)
  })

  it.each([
    ['has no such name', 'answering', 'nobody.test', /ENOTFOUND/],
    ['has a name without addresses', 'answering', 'empty.test', /ENODATA/],
    ['fails', 'failing', 'users.test', /ESERVFAIL/],
  ] as const)('is a rejection where the server %s', async (_what, manner, name, fault) => {
    server.tell('empty.test', [])
    server.manner(manner)
    await expect(names().addresses(name)).rejects.toThrow(fault)
  })

  it('is given up when whoever asked no longer waits', async () => {
    server.manner('silent')
    const asking = names()
    const answer = asking.addresses('users.test')
    setTimeout(asking.close, 50)
    await expect(answer).rejects.toThrow(/ECANCELLED/)
  })
})
