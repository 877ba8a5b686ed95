/** Wrong keys of a single process: they are forgotten with it. */
import type { Clock } from '@latchkey/clock'
import { knownForMs, type WrongKeys } from './wrong-keys.ts'

interface Shown {
  readonly times: readonly number[]
  readonly windowMs: number
}

/** Where there are as many, those that are over are forgotten first, and then the oldest. */
const networksMax = 10_000

export function memoryWrongKeys({ clock }: { clock: Clock }): WrongKeys {
  const nowMs = () => clock.now().getTime()
  const shown = new Map<string, Shown>()
  const stopped = new Map<string, number>()
  const welcomed = new Map<string, number>()

  return {
    stoppedForMs: async (network) => Math.max(0, (stopped.get(network) ?? 0) - nowMs()),
    async charge(network, { max, windowMs }) {
      const atMs = nowMs()
      const recent = (shown.get(network)?.times ?? []).filter((time) => time > atMs - windowMs)
      const counted = recent.length < max
      const times = counted ? [...recent, atMs] : recent
      keep(shown, network, { times, windowMs }, ({ times: kept }) => (kept.at(-1) ?? 0) <= atMs - windowMs)
      if (times.length < max) return 0
      const untilMs = (times.at(-max) ?? atMs) + windowMs
      keep(stopped, network, untilMs, (until) => until <= atMs)
      return counted ? 0 : untilMs - atMs
    },
    async welcome(network, keyId) {
      const atMs = nowMs()
      keep(welcomed, `${network} ${keyId}`, atMs + knownForMs, (until) => until <= atMs)
    },
    isWelcome: async (network, keyId) => (welcomed.get(`${network} ${keyId}`) ?? 0) > nowMs(),
  }
}

function keep<Value>(map: Map<string, Value>, name: string, value: Value, isOver: (value: Value) => boolean): void {
  map.delete(name)
  if (map.size >= networksMax) {
    for (const [each, kept] of map) if (isOver(kept)) map.delete(each)
    if (map.size >= networksMax) for (const oldest of map.keys()) if (map.delete(oldest)) break
  }
  map.set(name, value)
}
