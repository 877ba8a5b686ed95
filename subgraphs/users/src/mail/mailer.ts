/** The port through which mail leaves. */
import type { Mail } from './mail.ts'

export interface Mailer {
  /** Resolves when the mail was handed over; rejects when it must be tried again. `ref` is the same in every try. */
  deliver(mail: Mail, ref: string): Promise<void>
}
