import { describe, expect, it } from 'vitest'
import { badInput, isProblemCode, Problem, problems } from './problem.ts'

describe('a problem', () => {
  it('tells the caller its code and facts, and keeps the detail for the log', () => {
    const problem = new Problem('RATE_LIMITED', 'address 192.0.2.1', { retryAfterMs: 1_500 })
    expect(problem.extensions).toEqual({ code: 'RATE_LIMITED', retryAfterMs: 1_500 })
    expect(JSON.stringify([problem.message, problem.extensions])).not.toContain('192.0.2.1')
    expect(problem.status).toBe(429)
  })

  it('may say more than its code does, without saying it twice', () => {
    const problem = new Problem('FORBIDDEN', undefined, { message: 'A key cannot make keys.' })
    expect(problem.message).toBe('A key cannot make keys.')
    expect(problem.extensions).toEqual({ code: 'FORBIDDEN' })
  })

  it('names each wrong argument', () => {
    expect(badInput({ 'input.email': 'is not an address' }).extensions).toEqual({
      code: 'BAD_USER_INPUT',
      fields: { 'input.email': 'is not an address' },
    })
  })
})

describe('the list of problems', () => {
  it('gives every code a message, a cause and a remedy', () => {
    for (const problem of Object.values(problems))
      expect(Math.min(problem.message.length, problem.cause.length, problem.remedy.length)).toBeGreaterThan(10)
  })

  it('is closed: what an object inherits is no code', () => {
    expect(isProblemCode('FORBIDDEN')).toBe(true)
    expect(isProblemCode('constructor')).toBe(false)
    expect(isProblemCode(403)).toBe(false)
  })
})
