import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { createEstate, dependenciesOf } from './estate.fixture.ts'
import { createGateway } from './gateway.ts'

/** Where Debian has it, and others. */
const nginx = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/bin/nginx', '/opt/homebrew/bin/nginx'].find(existsSync)

/** The times go together as deploy/nginx/gateways.conf says; nginx counts whole seconds, and takes a gateway back when more have passed. */
const times = { keptForMs: 500, drainMs: 1_500, failsForMs: 2_000, roundedMs: 2_000 }
const requestsWanted = Number(process.env.LATCHKEY_E2E_REQUESTS ?? 200)

const undo: (() => unknown)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server that listens
  server.close()
  await once(server, 'close')
  return port
}

async function openGateway(port: number) {
  const gateway = createGateway({ ...dependenciesOf(createEstate()), drainMs: times.drainMs })
  const { url } = await gateway.listen({ host: '127.0.0.1', port })
  return { gateway, port: Number(new URL(url).port) }
}

/** The file that is deployed, in a folder where it finds these gateways. */
async function startNginx(program: string, gateways: readonly number[]) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-nginx-'))
  undo.push(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'temporary'))
  const port = await freePort()
  copyFileSync(fileURLToPath(new URL('../../deploy/nginx/nginx.conf', import.meta.url)), join(folder, 'nginx.conf'))
  writeFileSync(join(folder, 'listen.conf'), `listen 127.0.0.1:${port};`)
  const servers = gateways.map(
    (own) => `server 127.0.0.1:${own} max_fails=1 fail_timeout=${times.failsForMs / 1_000}s;`,
  )
  writeFileSync(join(folder, 'gateways.conf'), `${servers.join('\n')}\nkeepalive_timeout ${times.keptForMs}ms;`)
  const args = ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr', '-g', 'daemon off;']
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (text) => (said += text))
  undo.push(async () => {
    const ended = once(child, 'exit')
    if (child.exitCode === null && child.kill('SIGTERM')) await ended
  })
  const url = `http://127.0.0.1:${port}`
  await expect.poll(() => statusOf(url), { message: said }).toBe(200)
  return { url, said: () => said }
}

const statusOf = (url: string) =>
  fetch(`${url}/health/serving`).then(
    ({ status }) => status,
    () => 0,
  )

const body = JSON.stringify({ query: 'mutation { ping }' })

/** By connections that are kept. `200` and the answer, or what came instead. */
function ask(url: string, agent: Agent): Promise<string> {
  const headers = { 'content-type': 'application/json', 'content-length': body.length }
  return new Promise((resolve) => {
    const sent = request(`${url}/graphql`, { method: 'POST', agent, headers }, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += chunk))
      response.on('end', () => resolve(`${response.statusCode} ${text}`))
    })
    sent.on('error', (fault) => resolve(fault.message))
    sent.end(body)
  })
}

/** Eight who change something, again and again; and one who looks whether all is well, as a health check does. */
function keepAsking(url: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const heard = new Map<string, number>()
  const statuses = new Set<number>()
  let isOver = false
  const change = async () => {
    while (!isOver) {
      const answer = await ask(url, agent)
      heard.set(answer, (heard.get(answer) ?? 0) + 1)
    }
  }
  const look = async () => {
    for (; !isOver; await pause(50)) statuses.add(await statusOf(url))
  }
  const all = [look(), ...Array.from({ length: 8 }, change)]
  return {
    count: () => [...heard.values()].reduce((sum, times) => sum + times, 0),
    async stop() {
      isOver = true
      await Promise.all(all)
      agent.destroy()
      return { heard: [...heard.keys()], statuses: [...statuses] }
    },
  }
}

describe.skipIf(!nginx)('two gateways behind nginx', () => {
  it('are restarted one after the other, and not one change is lost or asked twice', { timeout: 600_000 }, async () => {
    const gateways = [await openGateway(0), await openGateway(0)]
    undo.push(() => Promise.all(gateways.map(({ gateway }) => gateway.close())))
    const { url, said } = await startNginx(
      nginx ?? '',
      gateways.map(({ port }) => port),
    )
    const load = keepAsking(url)
    let restarts = 0
    do {
      for (const [at, { gateway, port }] of gateways.entries()) {
        if (restarts > 0) await pause(times.failsForMs + times.roundedMs)
        await gateway.close()
        gateways[at] = await openGateway(port)
        restarts += 1
      }
    } while (load.count() < requestsWanted)
    const count = load.count()
    expect(await load.stop(), said()).toEqual({ heard: ['200 {"data":{"ping":"pong"}}'], statuses: [200] })
    console.log(`${count} changes, ${restarts} restarts, none lost`)
  })
})
