#!/usr/bin/env node
/**
 * `latchkey-contract --url URL --audience NAME [--port 4999 | --key FILE] [--leeway 2] [-- COMMAND…]`: fires what an attacker would at
 * a subgraph and prints a card, a line each. Ends with 1 when something did not hold.
 *
 * It seals envelopes with a key that the subgraph trusts: one of its own, shown at http://127.0.0.1:PORT/.well-known/principal-jwks.json
 * (COMMAND is started with that address as LATCHKEY_JWKS_URL; PORT is then any that is free), or the Ed25519 private key in FILE
 * (PKCS #8, PEM).
 */
import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createFakeGateway } from '../fake-gateway.ts'
import { checkContract, lineOf, type Report, summaryOf } from './contract.ts'
import { startProgram } from './program.ts'

const usage = 'latchkey-contract --url URL --audience NAME [--port 4999 | --key FILE] [--leeway 2] [-- COMMAND…]'

const wholeNumber = (text: string, what: string): number => {
  if (!/^\d{1,5}$/.test(text)) throw new Error(`${what} must be a number. ${usage}`)
  return Number(text)
}

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: 'string' },
      audience: { type: 'string' },
      port: { type: 'string' },
      key: { type: 'string' },
      leeway: { type: 'string', default: '2' },
    },
  })
  const { url, audience, key, leeway } = values
  const port = values.port ?? (positionals.length > 0 ? '0' : '4999')
  if (url === undefined || !URL.canParse(url) || audience === undefined) throw new Error(usage)
  const numbers = { port: wholeNumber(port, '--port'), leewayS: wholeNumber(leeway, '--leeway') }
  return { url, audience, keyFile: key, command: positionals, ...numbers }
}

async function main(): Promise<number> {
  const { url, audience, keyFile, port, leewayS, command } = readArguments()
  const gateway = await createFakeGateway({ subgraph: audience, port })
  try {
    const privateKey = keyFile === undefined ? gateway.privateKey : createPrivateKey(readFileSync(keyFile))
    console.log(`${url}, asked as “${audience}”; keys at ${gateway.jwksUrl}\n`)
    const program =
      command.length > 0
        ? await startProgram(command, url, { ...process.env, LATCHKEY_JWKS_URL: gateway.jwksUrl })
        : null
    try {
      return await printCard({ url, audience, privateKey, leewayS })
    } finally {
      await program?.end()
    }
  } finally {
    await gateway.close()
  }
}

async function printCard(target: Parameters<typeof checkContract>[0]): Promise<number> {
  const reports: Report[] = []
  for await (const report of checkContract(target)) {
    reports.push(report)
    console.log(lineOf(report))
  }
  console.log(`\n${summaryOf(reports)}`)
  return reports.some(({ broken }) => broken !== null) ? 1 : 0
}

try {
  process.exitCode = await main()
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : String(thrown))
  process.exitCode = 2
}
