/** Deletion: an account that its owner gave up. It can be had back for a while, and is erased after that. */
import { badInput } from '@latchkey/problem'
import { type EmailAddress, parseEmailAddress } from '../email/email-address.ts'

export interface DeleteMeInput {
  readonly email: string
}

/** Throws BAD_USER_INPUT unless it is the account's own address: nobody is deleted by a slip of the hand. */
export function confirmDeletion({ email }: DeleteMeInput, address: EmailAddress): void {
  if (parseEmailAddress(email)?.normalised !== address.normalised)
    throw badInput({ 'input.email': 'must be the address of your account' })
}
