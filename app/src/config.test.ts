import { getIntrospectionQuery, Kind, parse, type SelectionSetNode } from 'graphql'
import { describe, expect, it } from 'vitest'
import { type Environment, parseConfig } from './config.ts'
import { isFault } from './embedded/fault.ts'

const production = {
  NODE_ENV: 'production',
  LATCHKEY_KEYRING_FILE: '/run/secrets/keyring',
  DATABASE_URL: 'postgresql://app:hidden@db/latchkey',
  REDIS_URL: 'redis://:hidden@cache:6379',
}

/** The lines of the refusal, `[]` when there is none. */
function linesOf(environment: Environment): string[] {
  try {
    parseConfig(environment)
    return []
  } catch (thrown) {
    if (!isFault(thrown)) throw thrown
    return thrown.message.split('\n')
  }
}

describe('without a single variable', () => {
  it('is a development on this machine only, with its stores beside its data', () => {
    expect(parseConfig({})).toMatchObject({
      mode: 'development',
      host: '127.0.0.1',
      port: 4000,
      publicUrl: 'http://localhost:4000',
      keyringFile: null,
      database: { kind: 'embedded' },
      redis: { kind: 'embedded' },
      trustedProxies: { kind: 'none' },
      keyEnvironment: 'test',
      keyNoticePauseMs: 300_000,
      attemptLimits: { kind: 'on', attemptsMax: 10, windowMs: 900_000 },
    })
  })

  it('asks nobody about breached passwords; production does, unless told otherwise', () => {
    const off = { source: { kind: 'off' }, whenUnknown: 'allow' }
    expect(parseConfig({}).breachedPasswords).toEqual(off)
    expect(parseConfig(production).breachedPasswords.source).toEqual({ kind: 'online' })
    expect(parseConfig({ ...production, LATCHKEY_BREACHED_PASSWORDS: 'off' }).breachedPasswords).toEqual(off)
    const file = { LATCHKEY_BREACHED_PASSWORDS: '/data/sha1.txt', LATCHKEY_BREACHED_PASSWORDS_UNAVAILABLE: 'refuse' }
    const chosen = { source: { kind: 'file', path: '/data/sha1.txt' }, whenUnknown: 'refuse' }
    expect(parseConfig(file).breachedPasswords).toEqual(chosen)
  })

  it('lets the query pass that Sandbox introspects with', () => {
    const { definitions } = parse(getIntrospectionQuery({ oneOf: true, inputValueDeprecation: true }))
    const setOf = (name: string) =>
      definitions.find((one) => one.kind === Kind.FRAGMENT_DEFINITION && one.name.value === name)
    const depthOf = (set: SelectionSetNode | undefined): number =>
      Math.max(
        0,
        ...(set?.selections.map((node) => {
          if (node.kind === Kind.FIELD) return 1 + depthOf(node.selectionSet)
          const inner = node.kind === Kind.FRAGMENT_SPREAD ? setOf(node.name.value) : node
          return depthOf(inner && 'selectionSet' in inner ? inner.selectionSet : undefined)
        }) ?? []),
      )
    const [operation] = definitions
    const depth = depthOf(operation && 'selectionSet' in operation ? operation.selectionSet : undefined)
    expect(depth).toBe(15)
    expect(parseConfig({}).operationSize.introspectionDepthMax).toBeGreaterThanOrEqual(depth)
  })
})

describe('one variable', () => {
  it.each([
    ['PORT', 'abc', 'PORT must be a whole number from 0 to 65535, not "abc".'],
    ['PORT', '65536', 'PORT must be a whole number from 0 to 65535, not "65536".'],
    ['PORT', '-1', 'PORT must be a whole number from 0 to 65535, not "-1".'],
    ['NODE_ENV', 'prod', 'NODE_ENV must be development or production or test, not "prod".'],
    ['HOST', '0.0.0.0', expect.stringMatching(/^HOST must be 127\.0\.0\.1 .* Set NODE_ENV=production/)],
    ['LATCHKEY_EMBEDDED', 'yes', 'LATCHKEY_EMBEDDED must be allow, not "yes".'],
    ['LATCHKEY_LIMITS', 'none', 'LATCHKEY_LIMITS must be on or off, not "none".'],
    ['LATCHKEY_KEY_ENVIRONMENT', 'prod', 'LATCHKEY_KEY_ENVIRONMENT must be live or test, not "prod".'],
    ['LATCHKEY_LOG_LEVEL', 'loud', expect.stringMatching(/^LATCHKEY_LOG_LEVEL must be trace or .*"loud"\.$/)],
    ['LATCHKEY_PUBLIC_URL', 'id.example.org', expect.stringContaining('like https://id.example.org, not')],
    ['LATCHKEY_LIMIT_DEPTH', '0', 'LATCHKEY_LIMIT_DEPTH must be a whole number from 1 to 100, not "0".'],
    ['LATCHKEY_TRUSTED_PROXIES', '10.0.0.0', expect.stringContaining('must be a number of hops, or networks')],
    ['LATCHKEY_KEY_NOTICE_INTERVAL', '2d', expect.stringContaining('must be a duration of at most 1d')],
    ['LATCHKEY_SESSION_IDLE', '1m', expect.stringContaining('must be a duration from 15m to 400d')],
    ['LATCHKEY_ORIGINS', '*', expect.stringContaining('must be like https://app.example.org')],
    ['LATCHKEY_ORIGINS', 'https://app.example.org/path', expect.stringContaining('must be like https://')],
    ['LATCHKEY_TRUSTED_PROXIES', '10.0.0.0/33', expect.stringContaining('must be a number of hops, or networks')],
    ['LATCHKEY_TRUSTED_PROXIES', '10.0.0.0/8,,', expect.stringContaining('must be a number of hops, or networks')],
    ['LATCHKEY_SUBGRAPH_URLS', 'users', expect.stringContaining('must be like users=http://')],
    ['LATCHKEY_SUBGRAPH_URLS', 'a=ftp://x', expect.stringContaining('must be like users=http://')],
    ['LATCHKEY_SUBGRAPH_URLS', 'a=http://x,a=http://y', expect.stringContaining('must be like users=http://')],
  ])('%s=%s is refused in one line', (name, value, line) => {
    expect(linesOf({ [name]: value })).toEqual([line])
  })

  it.each([
    ['DATABASE_URL', 'mysql://app:hidden@db/latchkey'],
    ['REDIS_URL', 'cache:hidden'],
  ])('%s is refused without showing the password in it', (name, value) => {
    const [line, ...others] = linesOf({ [name]: value })
    expect(line).toContain(`${name} must be an address like`)
    expect(line).not.toContain('hidden')
    expect(others).toEqual([])
  })

  it('is not set when it is empty', () => {
    expect(parseConfig({ PORT: '', DATABASE_URL: '', LATCHKEY_TRUSTED_PROXIES: '' })).toEqual(parseConfig({}))
  })

  it('that is misspelt is refused, with the name that was meant', () => {
    expect(linesOf({ LATCHKEY_KEYRING: '/k' })).toEqual([
      'LATCHKEY_KEYRING is not a setting. Remove it, or see .env.example for the names.',
    ])
    expect(linesOf({ LATCHKEY_DATA_DIRR: 'x' })).toEqual([
      'LATCHKEY_DATA_DIRR is not a setting. Did you mean LATCHKEY_DATA_DIR?',
    ])
    expect(linesOf({ LATCHKEY_LIMIT_DEPHT: '3' })[0]).toContain('Did you mean LATCHKEY_LIMIT_DEPTH?')
  })

  it('of somebody else is left alone', () => {
    expect(linesOf({ HOME: '/x', LATCHKEYS: '1', LATCHKEY_TEST_STORES: 'http://x' })).toEqual([])
  })

  it.each([
    ['2', { kind: 'hops', count: 2 }],
    ['10.0.0.0/8, fd00::/8', { kind: 'networks', cidrs: ['10.0.0.0/8', 'fd00::/8'] }],
  ])('LATCHKEY_TRUSTED_PROXIES=%s is understood', (value, expected) => {
    expect(parseConfig({ LATCHKEY_TRUSTED_PROXIES: value }).trustedProxies).toEqual(expected)
  })

  it('names subgraphs at other addresses, several of one name being its replicas', () => {
    const value = 'users=http://a:1|http://b:2,sessions=https://c'
    expect(parseConfig({ LATCHKEY_SUBGRAPH_URLS: value }).subgraphUrls).toEqual({
      users: ['http://a:1/graphql', 'http://b:2/graphql'],
      sessions: ['https://c/graphql'],
    })
  })

  it('lifts the attempt limits for measuring, outside production', () => {
    expect(parseConfig({ LATCHKEY_LIMITS: 'off' }).attemptLimits).toEqual({ kind: 'off' })
  })
})

describe('production', () => {
  it('listens everywhere, with live keys and the stores it was given', () => {
    expect(parseConfig(production)).toMatchObject({
      mode: 'production',
      host: '0.0.0.0',
      keyEnvironment: 'live',
      keyNoticePauseMs: 300_000,
      keyringFile: '/run/secrets/keyring',
      database: { kind: 'address', url: production.DATABASE_URL },
      redis: { kind: 'address', url: production.REDIS_URL },
    })
  })

  it.each(['LATCHKEY_KEYRING_FILE', 'DATABASE_URL', 'REDIS_URL'])('refuses to start without %s', (name) => {
    expect(linesOf({ ...production, [name]: '' })).toEqual([
      expect.stringMatching(`^${name} must be set in production\\.`),
    ])
  })

  it('keeps its stores itself only when that is allowed', () => {
    const { NODE_ENV, LATCHKEY_KEYRING_FILE } = production
    expect(parseConfig({ NODE_ENV, LATCHKEY_KEYRING_FILE, LATCHKEY_EMBEDDED: 'allow' })).toMatchObject({
      database: { kind: 'embedded' },
      redis: { kind: 'embedded' },
    })
    expect(linesOf({ NODE_ENV, LATCHKEY_EMBEDDED: 'allow' })).toEqual([
      expect.stringContaining('LATCHKEY_KEYRING_FILE'),
    ])
  })

  it('refuses to lift its limits', () => {
    expect(linesOf({ ...production, LATCHKEY_LIMITS: 'off' })).toEqual([
      expect.stringContaining('refused in production'),
    ])
  })
})

it('tells every mistake at once, a line each', () => {
  const lines = linesOf({ NODE_ENV: 'production', PORT: 'x', LATCHKEY_LIMITS: 'off', LATCHKEY_PORT: '1' })
  expect(lines).toHaveLength(6)
})
