import { expect, it } from 'vitest'
import { parseNameServers } from './name-servers.ts'
import { createNames } from './names.ts'

it.each([
  ['', []],
  ['10.0.0.53', ['10.0.0.53']],
  ['127.0.0.1:8600, fd00::53,[fd00::53]:5353', ['127.0.0.1:8600', 'fd00::53', '[fd00::53]:5353']],
])('reads %j, and a resolver takes it', (text, servers) => {
  expect(parseNameServers(text)).toEqual(servers)
  expect(() => createNames({ servers })).not.toThrow()
})

it.each([
  'dns.example',
  '10.0.0',
  '10.0.0.53:0',
  '10.0.0.53:99999',
  '[10.0.0.53]:53',
  '[fd00::53',
  Array(9).fill('10.0.0.53').join(),
])('does not take %s', (text) => expect(parseNameServers(text)).toBeNull())
