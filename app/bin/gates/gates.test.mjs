import { describe, expect, it } from 'vitest'
import { run } from '../child.mjs'
import { advisories, knownFaults } from './advisories.mjs'
import { billOfMaterials } from './bill.mjs'
import { leakedSecrets, secretsIn } from './leaked-secrets.mjs'
import { licencesOf, refusedLicences } from './licences.mjs'
import { lockFileFaults, looseVersions } from './lock-file.mjs'
import { isCostly, regexesIn } from './regexes.mjs'
import { lockFile } from './sources.mjs'

const lock = lockFile()
const integrity = lock.packages['node_modules/jose'].integrity
const locked = (path, entry) => ({
  ...lock,
  packages: { ...lock.packages, [path]: { version: '1.0.0', integrity, license: 'MIT', ...entry } },
})

describe('the lock file', () => {
  it('has no fault', () => expect(lockFileFaults(lock)).toEqual([]))

  it.each([
    ['an address', { resolved: 'git+ssh://git@example.com/one.git' }, /has an address/],
    ['a weaker digest', { integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=' }, /SHA-512/],
    ['no digest', { integrity: undefined }, /SHA-512/],
    ['a script', { hasInstallScript: true }, /wants to run a script/],
    ['no version', { version: 'file:../one' }, /no version/],
  ])('is refused a package with %s', (_, entry, fault) => {
    const [found, ...others] = lockFileFaults(locked('node_modules/one', entry))
    expect(found).toMatch(fault)
    expect(others).toEqual([])
  })

  it('is refused a package of ours that comes from elsewhere', () => {
    expect(lockFileFaults(locked('node_modules/@latchkey/clocks', {}))).toEqual([
      expect.stringMatching(/a name of ours and comes from a registry/),
    ])
  })

  it('is told of scripts that are accepted and not there any more', () => {
    const { 'node_modules/argon2': _, ...packages } = lock.packages
    expect(lockFileFaults({ ...lock, packages })).toEqual([expect.stringMatching(/^argon2 is not installed any more/)])
  })
})

it.each(['^1.0.0', '~1.0.0', '*', 'latest', '>=1', 'file:../one', 'https://example.com/one.tgz'])(
  'a manifest may not ask for version %s',
  (version) => {
    const manifests = {
      'one/package.json': { dependencies: { exact: '1.2.3-beta.4' }, devDependencies: { two: version } },
    }
    expect(looseVersions(manifests)).toEqual([`one/package.json asks for two ${version}: name one version`])
  },
)

describe('known faults of packages', () => {
  it('are those below the fix, wherever in the tree', () => {
    const old = locked('node_modules/one/node_modules/form-data', { version: '4.0.3' })
    expect(knownFaults(old)).toEqual(['node_modules/one/node_modules/form-data 4.0.3 has a known fault: CVE-2025-7783'])
    expect(knownFaults(lock)).toEqual([])
  })

  it('are of packages that are here, each with where to read of it', () => {
    const named = new Set(Object.keys(lock.packages).map((path) => path.replace(/^.*node_modules\//, '')))
    expect(advisories.filter(({ package: name }) => !named.has(name))).toEqual([])
    for (const { advisory } of advisories) expect(advisory).toMatch(/^(CVE-\d{4}-\d{4,}|GHSA(-\w{4}){3})$/)
  })
})

describe('licences', () => {
  it.each(['MIT', '(MIT AND Zlib)', 'GPL-3.0 OR MIT', 'MIT and ISC'])('%s is accepted', (license) => {
    expect(refusedLicences(locked('node_modules/one', { license }))).toEqual([])
  })

  it.each(['GPL-3.0', 'Elastic-2.0', 'MIT AND SSPL-1.0', undefined])('%s has to be read', (license) => {
    expect(refusedLicences(locked('node_modules/one', { license }))).toHaveLength(1)
  })

  it('are asked of what is shipped', () => {
    expect(refusedLicences(locked('node_modules/one', { license: 'GPL-3.0', dev: true }))).toEqual([])
    expect(licencesOf(lock).map(({ name }) => name)).toEqual(expect.arrayContaining(['argon2', 'jose', 'ioredis']))
  })
})

// Written in pieces, so that this file holds none.
const samples = {
  'a Latchkey API key': `lk_live_${'A1b2C3d4E5f6'}_${'Zz09'.repeat(12)}a`,
  'a signed token': ['eyJhbGciOiJFZERTQSJ9', 'eyJzdWIiOiJ1c3JfMSJ9', 'c2lnbmF0dXJl'.repeat(5)].join('.'),
  'a private key (PEM)': `-----BEGIN ${'PRIVATE'} KEY-----\\n${'MC4CAQAw'.repeat(6)}`,
  'a private key (JWK)': `{"kty":"OKP","${'d'}":"${'nWGxne_9Wm'.repeat(4)}abc"}`,
  'an AWS key': `AKIA${'IOSFODNN7EXAMPLE'}`,
  'a GitHub token': `ghp_${'abcdefghi'.repeat(4)}`,
  'an npm token': `npm_${'abcdefghi'.repeat(4)}`,
  'a random text with the name of a secret': `const pepper = '${'q8Zr1LxV7bN2mKd9TfYw4HsC'}'`,
}

describe('secrets among the sources', () => {
  it.each(Object.entries(samples))('%s is found, and not repeated', (kind, text) => {
    expect(secretsIn(`one\n${text}\n`)).toEqual([{ kind, line: 2 }])
    const [told] = leakedSecrets([{ path: 'one.ts', text }], [])
    expect(told).toMatch(/^one\.ts:1 has /)
    expect(told).not.toContain(text.slice(-20))
  })

  it.each([
    'const token = "access-token-of-somebody"',
    'password: "correct horse battery staple"',
    'lk_live_x',
    'eyJ.eyJ.x',
  ])('%s is none', (text) => expect(secretsIn(text)).toEqual([]))

  it('that are accepted are accepted where they are, and nowhere else, and only while they are there', () => {
    const list = [['one.ts', 'an AWS key', 'made up']]
    const text = samples['an AWS key']
    expect(leakedSecrets([{ path: 'one.ts', text }], list)).toEqual([])
    expect(leakedSecrets([{ path: 'two.ts', text }], list)).toEqual([
      expect.stringMatching(/^two\.ts:1 has an AWS key/),
      expect.stringMatching(/^one\.ts has no more an AWS key/),
    ])
  })
})

describe('regular expressions', () => {
  it.each(['(a+)+$', '^(a|a*)*$', '(?:x*y?)+', String.raw`(\d+\s?){2,}`])(
    '/%s/ may take exponential time',
    (pattern) => {
      expect(isCostly(pattern)).toBe(true)
    },
  )

  it.each(['^a+b*$', '(ab?c{1,3})+', String.raw`(?<!\.test)\.ts$`, '(a+){1,3}'])('/%s/ may not', (pattern) => {
    expect(isCostly(pattern)).toBe(false)
  })

  it('are found where they are written, and not in texts', () => {
    expect(regexesIn('one.ts', "const text: string = '/no/'\nconst form = /(a+)+/u as RegExp")).toEqual([
      { pattern: '(a+)+', line: 2 },
    ])
  })
})

describe('the bill of materials', () => {
  const { bomFormat, components, dependencies } = billOfMaterials(lock)
  const purlsOf = (name) => components.filter((component) => component.name === name)

  it('names what runs in production once, and nothing that only tests', () => {
    expect(bomFormat).toBe('CycloneDX')
    for (const name of ['argon2', 'jose', 'ioredis', 'pg', '@apollo/server', 'graphql'])
      expect(purlsOf(name)).toHaveLength(1)
    expect(purlsOf('vitest')).toEqual([])
    expect(purlsOf('@apollo/server')[0]).toMatchObject({
      purl: expect.stringMatching(/^pkg:npm\/%40apollo\/server@\d/),
      licenses: [{ license: { id: 'MIT' } }],
      hashes: [{ alg: 'SHA-512', content: expect.stringMatching(/^[0-9a-f]{128}$/) }],
    })
  })

  it('says what each part needs, and all of that is in it', () => {
    const refs = new Set(components.map((component) => component['bom-ref']))
    expect(dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) => !refs.has(ref))).toEqual([])
    const [argon2] = dependencies.filter(({ ref }) => ref.startsWith('pkg:npm/argon2@'))
    expect(argon2.dependsOn).toEqual(expect.arrayContaining([expect.stringMatching(/^pkg:npm\/node-gyp-build@/)]))
  })

  it('is printed by its command', async () => {
    const { code, output } = await run(process.execPath, ['app/bin/sbom.mjs'])
    expect(code).toBe(0)
    expect(JSON.parse(output).components).toHaveLength(components.length)
  })
})
