import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseSubgraphUrls } from '@latchkey/subgraph/subgraph-urls'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { parseConfig } from './config.ts'
import { variableNames } from './variables.ts'

const read = (name: string) => readFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), 'utf8')

interface ComposedService {
  readonly image: string
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly networks: readonly string[]
  readonly deploy?: { readonly replicas: number }
  readonly ports?: readonly string[]
  readonly secrets?: readonly string[]
  readonly volumes?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: unknown
  readonly stop_grace_period?: string
}

const compose: {
  readonly services: Readonly<Record<string, ComposedService>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>
} = parse(read('docker-compose.yml'), { merge: true })
const services = Object.entries(compose.services)
const ours = services.filter(([, { image }]) => image === 'latchkey')

describe('docker-compose.yml', () => {
  it('sets nothing that is not a setting, and gives a setting nothing that it refuses', () => {
    for (const [name, { environment = {} }] of ours) {
      expect(
        Object.keys(environment).filter((key) => !variableNames.includes(key)),
        name,
      ).toEqual([])
      const filled = Object.entries(environment).map(([key, value]) => [
        key,
        value.replace(/\$\{\w+(?::[-?]([^}]*))?\}/g, (_, text) => text?.replaceAll(' ', '-') ?? 'x'),
      ])
      expect(() => parseConfig(Object.fromEntries(filled)), name).not.toThrow()
    }
  })

  it('publishes nginx, and to this machine alone what shows mails and metrics', () => {
    const published = services.flatMap(([name, { ports = [] }]) =>
      ports.map((port) => `${name} ${port.replace(/\$\{\w+:-([^}]*)\}/, '$1')}`),
    )
    expect(published).toEqual([
      'nginx 127.0.0.1:4000:8080',
      'mailpit 127.0.0.1:8025:8025',
      'grafana 127.0.0.1:3000:3000',
    ])
    const outward = Object.entries(compose.networks).filter(([, network]) => !network.internal)
    expect(outward.map(([name]) => name)).toEqual(['edge', 'mail', 'desk'])
    const on = (network: string) =>
      services.filter(([, { networks }]) => networks.includes(network)).map(([name]) => name)
    expect(on('mail')).toEqual(['users', 'mailpit'])
    expect(on('edge')).toEqual(['nginx'])
    expect(on('front')).toEqual(['gateway-1', 'gateway-2', 'nginx', 'prometheus'])
  })

  it('keeps the database from the gateway, and the keyring from the stores and migrations', () => {
    for (const name of ['gateway-1', 'gateway-2']) {
      expect(compose.services[name]?.environment).not.toHaveProperty('DATABASE_URL')
      expect(compose.services[name]?.networks).not.toContain('database')
    }
    const holders = services.filter(([, { secrets }]) => secrets?.includes('keyring')).map(([name]) => name)
    expect(holders).toEqual(['gateway-1', 'gateway-2', 'users', 'sessions', 'api-keys'])
  })

  it('starts nothing before what it needs is there', () => {
    for (const name of ['users', 'sessions', 'api-keys']) {
      expect(compose.services[name]?.depends_on).toMatchObject({
        migrate: { condition: 'service_completed_successfully' },
        redis: { condition: 'service_healthy' },
      })
    }
    for (const name of ['postgres', 'redis']) expect(compose.services[name]?.healthcheck).toBeDefined()
  })

  it('has two of each of ours, and each is told of a name that leads to all of a subgraph', () => {
    const urls = parseSubgraphUrls(compose.services['gateway-1']?.environment?.LATCHKEY_SUBGRAPH_URLS ?? '')
    for (const [name, replicas] of Object.entries(urls ?? {})) {
      const { environment, deploy } = compose.services[name] ?? {}
      expect(replicas).toEqual([`dns+http://${name}:${environment?.PORT}/graphql`])
      expect(deploy).toEqual({ replicas: 2 })
    }
    for (const [name, { environment }] of ours.filter(([, one]) => one.secrets))
      expect(parseSubgraphUrls(environment?.LATCHKEY_SUBGRAPH_URLS ?? ''), name).toEqual(urls)
    const gateways = [...read('deploy/nginx/gateways.conf').matchAll(/^server ([\w-]+):(\d+)/gm)]
    expect(gateways.map(([, host]) => host)).toEqual(['gateway-1', 'gateway-2'])
    for (const [, host = '', port] of gateways) expect(compose.services[host]?.environment?.PORT).toBe(port)
  })

  it('gives a process longer to leave than it drains, and nginx no longer to keep what is idle', () => {
    const seconds = (text: string | undefined) => Number(/^(\d+)s?$/.exec(text ?? '')?.[1])
    const nginx = read('deploy/nginx/gateways.conf')
    const [keptFor, failsFor] = [/keepalive_timeout (\w+);/, /fail_timeout=(\w+);/].map((time) =>
      seconds(time.exec(nginx)?.[1]),
    )
    for (const [name, { environment, stop_grace_period }] of ours.filter(([, one]) => one.secrets)) {
      const drains = seconds(environment?.LATCHKEY_DRAIN_SECONDS)
      expect(drains, name).toBeGreaterThan(keptFor ?? Number.NaN)
      expect(drains, name).toBeLessThan(failsFor ?? Number.NaN)
      expect(seconds(stop_grace_period), name).toBeGreaterThan(drains + 10)
    }
  })

  it('has every process of ours scraped', () => {
    const { scrape_configs } = parse(read('deploy/observability/prometheus.yml')) as {
      scrape_configs: { dns_sd_configs?: { names: string[]; port: number }[] }[]
    }
    const [scraped] = scrape_configs.flatMap(({ dns_sd_configs = [] }) => dns_sd_configs)
    const serving = ours.filter(([, { secrets }]) => secrets)
    expect(scraped?.names).toEqual(serving.map(([name]) => name))
    for (const [name, { environment }] of serving)
      expect(environment?.LATCHKEY_METRICS_PORT, name).toBe(String(scraped?.port))
  })

  it('mounts files that are here', () => {
    const mounted = services.flatMap(([, { volumes = [] }]) => volumes.filter((volume) => volume.startsWith('./')))
    expect(mounted.length).toBeGreaterThan(6)
    for (const volume of mounted) expect(() => read(volume.split(':')[0] ?? ''), volume).not.toThrow()
  })

  it('runs programs that the image holds', () => {
    const bundled = Object.keys(JSON.parse(read('app/bin/programs.json'))).map((name) => `dist/${name}.mjs`)
    for (const [, { command }] of ours) expect(bundled).toContain(command?.[1])
  })
})

describe('.env.example', () => {
  const lines = read('.env.example')
    .split('\n')
    .filter((line) => line && !line.startsWith('#'))
  const example = Object.fromEntries(lines.map((line) => line.split(/=(.*)/)))

  it('names every setting', () => expect(Object.keys(example).sort()).toEqual([...variableNames].sort()))
  it('shows what is so without any', () => expect(parseConfig(example)).toEqual(parseConfig({})))
})

describe('the image', () => {
  const dockerfile = read('Dockerfile')

  it('runs as an ordinary user, and says whether it is healthy', () => {
    expect(dockerfile).toMatch(/^USER node$/m)
    expect(dockerfile).toMatch(/^HEALTHCHECK /m)
  })

  it('does not hold the gateway that asks nobody who they are', () => {
    const copied = dockerfile.split('FROM node:24-bookworm-slim AS image')[1] ?? ''
    expect(copied).toContain('COPY --from=build /latchkey/dist ./dist')
    expect(copied).not.toContain('gateway/dist')
    expect(Object.values(JSON.parse(read('app/bin/programs.json')))).not.toContain('gateway/src/plain.ts')
  })
})
