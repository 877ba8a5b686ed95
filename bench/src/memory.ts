/** How much memory a process holds, as the system counts it. */
import { readFileSync } from 'node:fs'

/** Megabytes of a process now, and the most it ever had. Zero where the system does not tell (`/proc` is Linux). */
export function memoryOf(pid: number): { readonly nowMB: number; readonly mostMB: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0)
    return { nowMB: kilobytes('VmRSS') / 1_024, mostMB: kilobytes('VmHWM') / 1_024 }
  } catch {
    return { nowMB: 0, mostMB: 0 }
  }
}
