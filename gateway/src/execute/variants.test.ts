import { parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { createEngine } from './engine.ts'
import { compose } from './federation.contract.ts'
import { planning } from './planning/planning.fixture.ts'
import { createVariants, type Variant } from './variants.ts'

const fields = ['a', 'b', 'c', 'd', 'e']
const supergraphSdl = compose({ s: `type Query { ${fields.map((name) => `${name}: Int`).join(' ')} }` })

function engineKeeping(variants = createVariants()) {
  const transports = { s: async () => ({ data: { a: 1 } }) }
  return { ...createEngine({ supergraphSdl, transports, planning, variants }), variants }
}

const request = { principal: { kind: 'anonymous' }, requestId: 'r' } as const

/** Every combination of five conditions. */
const combinations = Array.from({ length: 32 }, (_, bits) =>
  Object.fromEntries(fields.map((name, at) => [name, (bits & (1 << at)) > 0])),
)
const conditional = (n: number) =>
  parse(`query N${n}(${fields.map((name) => `$${name}: Boolean!`).join(' ')}) {
    ${fields.map((name) => `${name} @include(if: $${name})`).join(' ')} }`)

describe('what operations are compiled to', () => {
  it('stays within one bound for all of them, and operations work on', async () => {
    const { prepare, run, variants } = engineKeeping(createVariants({ entriesMax: 200 }))
    const usual = prepare(parse('{ a }'))
    for (let n = 0; n < 40; n++) {
      const { variantFor } = prepare(conditional(n))
      await Promise.all(combinations.map((variables) => variantFor(variables)))
      expect(variants.size).toBeLessThanOrEqual(200)
    }
    expect(await run(usual, { ...request, variables: {} })).toEqual({ data: { a: 1 } })
  }, 60_000)

  it('is few when it is large: a comment of a permitted document counts as well', async () => {
    const { prepare, variants } = engineKeeping(createVariants({ entriesMax: 1_000, weightMax: 4 * 1024 * 1024 }))
    for (let n = 0; n < 20; n++) await prepare(parse(`query N${n} { a }${' #\n'.repeat(5_000)}`)).variantFor({})
    expect(variants.size).toBeLessThan(3)
  })

  it('is compiled when it is first run, and not again', async () => {
    const { prepare, variants } = engineKeeping()
    const { variantFor } = prepare(parse('query ($a: Boolean!) { a @skip(if: $a) b }'))
    expect(variants.size).toBe(0)
    expect(variantFor({ a: true })).toBe(variantFor({ a: true }))
    const [one, other] = [await variantFor({ a: true }), await variantFor({ a: false })]
    expect(variantFor({ a: true })).toBe(one)
    expect(other).not.toBe(one)
    expect(variants.size).toBe(2)
  })

  it('is compiled by another engine at once, for what it was asked and no more', async () => {
    const document = parse('query ($a: Boolean!, $b: Boolean!) { a @skip(if: $a) b @skip(if: $b) c }')
    const old = engineKeeping().prepare(document)
    await old.variantFor({ a: true, b: false })
    await old.variantFor({ a: false, b: false }, 'watched')
    const { prepare, variants } = engineKeeping()
    const next = prepare(document)
    await next.compileLike(old)
    expect(variants.size).toBe(2)
    next.variantFor({ a: true, b: false })
    next.variantFor({ a: false, b: false }, 'watched')
    expect(variants.size).toBe(2)
  })

  it('remembers few of the combinations that a client makes up', async () => {
    const kept = createVariants().keeping(async () => ({ fetch: undefined, projection: { fields: [] }, weight: 1 }))
    for (let n = 0; n < 1_000; n++) await kept.take(String(n))
    expect(kept.combinations()).toEqual(Array.from({ length: 16 }, (_, n) => String(984 + n)))
  })

  it('is never taken for that of another operation', async () => {
    const variants = createVariants()
    const compiled = async (): Promise<Variant> => ({ fetch: undefined, projection: { fields: [] }, weight: 1 })
    const one = variants.keeping(compiled)
    const other = variants.keeping(compiled)
    for (const combination of ['', '1', '11'])
      expect(await one.take(combination)).not.toBe(await other.take(combination))
  })
})
