/** Freshness: what touches credentials asks for somebody who has only just proved who they are. */
import { minuteMs, secondMs } from '@latchkey/clock'
import type { UserPrincipal } from '@latchkey/principal'

/** ASVS 7.5.1. */
export const freshForMs = 10 * minuteMs

export const isFresh = ({ authTime }: UserPrincipal, at: Date): boolean =>
  at.getTime() - authTime * secondMs <= freshForMs
