/** A refresh token that came back after its successor was used: its session has ended, and the person is told. */
import type { Place } from '../sessions/session.ts'

/** Resolves when the notice is certain to be sent. Rejects with UNAVAILABLE when nobody can be asked for it. */
export type TellReusedToken = (userId: string, from: Place & { readonly requestId: string }) => Promise<void>
