/** Who may ask what about second factors: operations about ada, and the verdicts of the access table. */

const refusedKinds = { sessions: 'FORBIDDEN', gateway: 'FORBIDDEN', stranger: 'FORBIDDEN' }
const keys = {
  "ada's key": 'FORBIDDEN',
  "ada's key without profile:read": 'FORBIDDEN',
  "eve's key": 'FORBIDDEN',
  "admin's key": 'FORBIDDEN',
}
const nobodyElse = { ...refusedKinds, ...keys, anonymous: 'UNAUTHENTICATED' }
/** `admin` is nobody's account. */
const freshPeople = (theirs: string, ofNoAccount = theirs) => ({
  ...nobodyElse,
  ada: theirs,
  'ada without scopes': theirs,
  eve: theirs,
  admin: ofNoAccount,
})
const onlySessions = { ...freshPeople('FORBIDDEN'), sessions: 'ok' }

export const factorOperations: Readonly<Record<string, string>> = {
  'Query.passkeyOptions':
    'query ($id: ID!) { passkeyOptions(challenge: "AAAAAAAAAAAAAAAAAAAAAA", userId: $id) { options } }',
  'Query.meansOf': 'query ($id: ID!) { meansOf(userId: $id) { email factors } }',
  'Mutation.enrolTotp': 'mutation { enrolTotp { secret uri qr } }',
  'Mutation.confirmTotp': 'mutation { confirmTotp(input: { code: "x" }) { outcome } }',
  'Mutation.removeTotp': 'mutation { removeTotp(input: { code: "x" }) { outcome } }',
  'Mutation.regenerateRecoveryCodes': 'mutation { regenerateRecoveryCodes { recoveryCodes } }',
  'Mutation.startPasskeyEnrolment': 'mutation { startPasskeyEnrolment { options } }',
  'Mutation.finishPasskeyEnrolment':
    'mutation { finishPasskeyEnrolment(input: { response: "{}", name: "x" }) { outcome } }',
  'Mutation.renamePasskey': 'mutation { renamePasskey(input: { id: "x", name: "x" }) { id } }',
  'Mutation.removePasskey': 'mutation { removePasskey(id: "x") { id } }',
  'Mutation.enableEmailCodes': 'mutation { enableEmailCodes { __typename } }',
  'Mutation.disableEmailCodes': 'mutation { disableEmailCodes { enabled } }',
  'Mutation.checkSecondFactor':
    'mutation ($id: ID!) { checkSecondFactor(userId: $id, reference: "x", shown: { totp: "x" }) { outcome } }',
  'Mutation.checkPasskey': 'mutation { checkPasskey(challenge: "x", response: "{}") { outcome } }',
  'Mutation.sendEmailCode': 'mutation ($id: ID!) { sendEmailCode(userId: $id, reference: "x") { outcome } }',
}

/** Of the fields that have fields. */
export const factorSelections: Readonly<Record<string, string>> = { passkeys: 'passkeys { id }' }

export const factorTable = (adasProfile: Readonly<Record<string, string>>) => ({
  'Query.passkeyOptions': onlySessions,
  'Query.meansOf': onlySessions,
  'Mutation.enrolTotp': freshPeople('ok', 'NOT_FOUND'),
  'Mutation.confirmTotp': freshPeople('ok'),
  'Mutation.removeTotp': freshPeople('ok'),
  'Mutation.regenerateRecoveryCodes': freshPeople('STEP_UP_REQUIRED'),
  'Mutation.startPasskeyEnrolment': freshPeople('ok', 'NOT_FOUND'),
  'Mutation.finishPasskeyEnrolment': freshPeople('ok'),
  'Mutation.renamePasskey': freshPeople('NOT_FOUND'),
  'Mutation.removePasskey': freshPeople('STEP_UP_REQUIRED'),
  'Mutation.enableEmailCodes': freshPeople('ok', 'NOT_FOUND'),
  'Mutation.disableEmailCodes': freshPeople('STEP_UP_REQUIRED'),
  'Mutation.checkSecondFactor': onlySessions,
  'Mutation.checkPasskey': onlySessions,
  'Mutation.sendEmailCode': onlySessions,
  'User.secondFactors': adasProfile,
  'User.recoveryCodesLeft': adasProfile,
  'User.passkeys': adasProfile,
})
