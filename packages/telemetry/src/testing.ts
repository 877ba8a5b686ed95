/** For tests: traces that are kept, where others send them away. */
import type { Facts, Span, Tracer } from './traces.ts'

export interface KeptPart {
  readonly name: string
  /** The name of the part that it is below. */
  readonly parent: string | null
  readonly facts: Facts
  readonly failed: string | null
  readonly state: 'running' | 'ended'
}

export const keptTraceId = 'a'.repeat(32)
/** How a process that is called `there` says what it began. */
export const traceparentFromThere = `00-${keptTraceId}-00000000000000ff-01`

const nobody = { note() {}, fail() {}, end() {} }

export function keptTraces({ isSampled = true } = {}): { readonly tracer: Tracer; readonly kept: readonly KeptPart[] } {
  const kept: KeptPart[] = []
  const names = new Map<Span, string>()
  const tracer: Tracer = {
    begin({ name, facts = {} }, parent) {
      let part: KeptPart = {
        name,
        parent: (parent && names.get(parent)) ?? null,
        facts,
        failed: null,
        state: 'running',
      }
      const index = kept.push(part) - 1
      const change = (next: Partial<KeptPart>) => {
        part = { ...part, ...next }
        kept[index] = part
      }
      const span: Span = {
        ...{ traceId: keptTraceId, spanId: `${index}`.padStart(16, '0'), isSampled },
        note: (more) => change({ facts: { ...part.facts, ...more } }),
        fail: (code) => change({ failed: code }),
        end: () => change({ state: 'ended' }),
      }
      names.set(span, name)
      return span
    },
    read(traceparent) {
      if (traceparent !== traceparentFromThere) return null
      const span: Span = { traceId: keptTraceId, spanId: 'ff', isSampled: true, ...nobody }
      names.set(span, 'there')
      return span
    },
  }
  return { tracer, kept }
}
