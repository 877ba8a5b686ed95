/** A sign-in with a device that the person was never signed in with: they are told of it (ASVS 6.3.5). */
import type { AttemptOrigin } from './service.ts'

/** Resolves when the notice is certain to be sent. Rejects with UNAVAILABLE when nobody can be asked for it. */
export type TellNewDevice = (userId: string, origin: AttemptOrigin) => Promise<void>
