/** How large an operation may be. */
import type { SizeLimits } from '@latchkey/subgraph/operation-size'
import { type TimesPerOperation, usualTimes } from './times-asked.ts'

export interface OperationLimits extends SizeLimits {
  readonly bodyBytesMax: number
  /** Characters of an operation's text, blanks and comments included. */
  readonly charactersMax: number
  readonly tokensMax: number
  readonly timesPerOperation: TimesPerOperation
}

export const defaultLimits: OperationLimits = {
  bodyBytesMax: 256 * 1024,
  charactersMax: 64 * 1024,
  tokensMax: 2_000,
  depthMax: 12,
  aliasesMax: 15,
  rootFieldsMax: 10,
  directivesMax: 50,
  fieldsMax: 500,
  introspectionDepthMax: 20,
  timesPerOperation: usualTimes,
  oncePerOperation: [
    'signIn',
    'completeSecondFactor',
    'stepUp',
    'refreshSession',
    'register',
    'verifyEmail',
    'resendVerification',
    'requestPasswordReset',
    'resetPassword',
    'changePassword',
    'acceptInvitation',
    'requestEmailChange',
    'confirmEmailChange',
    'undoEmailChange',
    'reportNotMe',
    'confirmTotp',
    'removeTotp',
    'startSecondFactor',
    'startStepUp',
    'startPasskeySignIn',
    'finishPasskeyEnrolment',
    'finishPasskeySignIn',
    'requestMagicLink',
    'signInWithMagicLink',
    'signInWithEmailCode',
    'stepUp',
    'finishSocialSignIn',
    'unlockSignIn',
    'verifyApiKey',
    'checkPassword',
    'undoDeletion',
    'checkSecondFactor',
    'checkPasskey',
  ],
}
