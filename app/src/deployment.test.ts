import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
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
  readonly ports?: readonly string[]
  readonly secrets?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: unknown
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

  it('publishes the gateway and nothing else', () => {
    expect(services.filter(([, { ports }]) => ports).map(([name]) => name)).toEqual(['gateway'])
    const outward = Object.entries(compose.networks).filter(([, network]) => !network.internal)
    expect(outward.map(([name]) => name)).toEqual(['edge', 'mail'])
    expect(services.filter(([, { networks }]) => networks.includes('mail')).map(([name]) => name)).toEqual(['users'])
    expect(services.filter(([, { networks }]) => networks.includes('edge')).map(([name]) => name)).toEqual(['gateway'])
  })

  it('keeps the database from the gateway, and the keyring from the stores and migrations', () => {
    expect(compose.services.gateway?.environment).not.toHaveProperty('DATABASE_URL')
    expect(compose.services.gateway?.networks).not.toContain('database')
    const holders = services.filter(([, { secrets }]) => secrets?.includes('keyring')).map(([name]) => name)
    expect(holders).toEqual(['gateway', 'users', 'sessions', 'api-keys'])
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

  it('runs programs that the image holds', () => {
    const programs = ours.map(([, { command }]) => command?.[1])
    for (const program of programs)
      expect(() => read(program?.replace('/dist/', '/src/').replace('.js', '.ts') ?? '')).not.toThrow()
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
    expect(dockerfile).toMatch(/rm -f gateway\/dist\/plain/)
  })
})
