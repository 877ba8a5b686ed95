/** The mails in English. */
import { serviceAccountLetters } from './service-accounts.ts'
import type { MailTexts } from './text.ts'
import { webhookLetters } from './webhooks.ts'

export const en: MailTexts = {
  letters: {
    verification: {
      subject: 'Confirm your address',
      before: [
        'Someone, hopefully you, opened an account with this address ({when}, {device}).',
        'To confirm that it is yours, open this link:',
      ],
      after: [
        'Or type this code where you opened the account: {code}',
        'The link works once, for 24 hours; the code for 10 minutes.',
        'If it was not you, do nothing: without the confirmation the address does not count as theirs.',
      ],
    },
    'already-registered': {
      subject: 'You already have an account',
      before: ['Someone, perhaps you, tried to open an account with this address. You have one already; sign in here:'],
      after: ['If it was not you, you need not do anything: nothing was changed, and they were told nothing.'],
    },
    invitation: {
      subject: 'You are invited',
      before: ['An account was opened for you with this address. To use it, open this link and choose a password:'],
      after: [
        'It works once, for 7 days.',
        'If you expected nothing of the kind, do nothing: nobody can use the account.',
      ],
    },
    'reset-password': {
      subject: 'Set a new password',
      before: ['Someone, hopefully you, asked for a new password for your account. To choose one, open this link:'],
      after: [
        'It works once, for an hour, and only until a newer one is sent.',
        'If it was not you, do nothing: your password stays as it is.',
      ],
    },
    'email-change-confirmation': {
      subject: 'Confirm your new address',
      before: [
        'Someone, hopefully you, wants this to be the address of their account. To confirm that it is yours, open this link:',
      ],
      after: [
        'It works once, for 24 hours. The other devices are signed out then.',
        'If it was not you, do nothing: without the confirmation nothing is changed.',
      ],
    },
    'email-change-refused': {
      subject: 'Your address is in use already',
      before: [
        'Someone, perhaps you, tried to make this the address of another account. It is the address of yours; sign in here:',
      ],
      after: ['If it was not you, you need not do anything: nothing was changed, and they were told nothing.'],
    },
    'email-changed': {
      subject: 'Your address was changed',
      before: [
        'Your account has another address now and signs in with that. This address does not open it any more.',
        'If it was not you, open this link: it puts this address back, ends every session and locks the account until you reset the password.',
      ],
      after: ['The link works once, for 72 hours. If it was you, you need not do anything.'],
    },
    'email-change-undone': {
      subject: 'Your address was put back',
      before: [
        'The change of your address was undone. Every session has ended, and the account is locked until you choose a new password here:',
      ],
      after: ['The link works once, for one hour. After that, ask for another one where you sign in.'],
    },
    'address-removed': {
      subject: 'This address no longer belongs to the account',
      before: ['The change that made this the address of an account was undone by whoever had the address before.'],
      after: ['You need not do anything. If that is not what you expected, ask whoever runs this service.'],
    },
    deletion: {
      subject: 'Your account was deleted',
      before: [
        'Your account was deleted and everyone is signed out. On {day} all that is kept of you is erased for ever.',
        'If you want it back, or if it was not you who deleted it, open this link before that day:',
      ],
      after: ['If it was not you, set a new password as soon as it is back.', 'Otherwise you need not do anything.'],
    },
    'data-ready': {
      subject: 'Your data is ready',
      before: [
        'Everything that is kept of you was put together, because you asked for it. Sign in and fetch it within 24 hours:',
      ],
      after: ['If you did not ask for it, somebody else is signed in to your account: change your password now.'],
    },
    'account-locked': {
      subject: 'Your account is locked',
      before: [
        'You said that something was not done by you. Every session has ended, second factors that were added since are removed, and nobody can sign in. To get back in, choose a new password here:',
      ],
      after: ['The link works once, for one hour. After that, ask for another one where you sign in.'],
    },
    'account-locked-without-link': {
      subject: 'Your account is locked',
      before: [
        'Somebody who had the address of this account before said that something was not done by them. Every session has ended, and nobody can sign in.',
      ],
      after: ['To get back in, ask for a new password where you sign in.'],
    },
    'account-suspended': {
      subject: 'Your account was suspended',
      before: [
        'An administrator suspended your account. Every session has ended, nobody can sign in, and its API keys do not work. If you want to know why, ask whoever runs this service:',
      ],
      after: ['You are told when that changes.'],
    },
    'account-suspended-until': {
      subject: 'Your account was suspended',
      before: [
        'An administrator suspended your account until {until}. Every session has ended, nobody can sign in before then, and its API keys do not work. If you want to know why, ask whoever runs this service:',
      ],
      after: ['The suspension ends by itself.'],
    },
    'account-restored': {
      subject: 'Your account was restored',
      before: ['An administrator restored your account. You can sign in again here:'],
      after: [
        'If your account had been locked because something was not done by you, it has no password any more: ask for a new one where you sign in.',
      ],
    },
    'account-deleted': {
      subject: 'Your account was deleted',
      before: [
        'An administrator deleted your account, and everyone is signed out. On {day} all that is kept of you is erased for ever. If you do not agree, ask whoever runs this service before that day:',
      ],
      after: ['Otherwise you need not do anything.'],
    },
    'keys-withdrawn': {
      subject: 'API keys were taken back',
      before: [
        'Your account is yours again. API keys that were made while it was in doubt were revoked, and older ones that were changed or enabled meanwhile are disabled: {count} in all. Keys from before go on as they are. Look at them here:',
      ],
      after: [
        'If a program of yours used one of them, make a new key, or enable the old one once you have looked at it.',
      ],
    },
    ...serviceAccountLetters.en,
    ...webhookLetters.en,
    'key-expires': {
      subject: 'An API key expires in {days} days',
      before: [
        'The API key “{name}” ({key}) of {holder} stops working on {moment}: in {days} days.',
        'If a program still needs it, rotate it now and give the program the new key, while the old one goes on beside it. You do that here:',
      ],
      after: ['If nothing needs it any more, revoke it, or let it end.'],
    },
    'key-expires-tomorrow': {
      subject: 'An API key expires within a day',
      before: [
        'The API key “{name}” ({key}) of {holder} stops working on {moment}: within a day. Requests with it are refused from then on.',
        'If a program still needs it, rotate it now and give the program the new key. You do that here:',
      ],
      after: ['If nothing needs it any more, you need not do anything.'],
    },
    'key-overlap-ends': {
      subject: 'A rotated API key is still in use',
      before: [
        'The API key “{name}” ({key}) of {holder} was rotated, and a program still uses it: last on {used}. It stops working on {moment}.',
        'Give that program the new key before then. Both keys, and when each was last used, are here:',
      ],
      after: ['If every program has the new key by now, you need not do anything.'],
    },
    'sign-in-paused': {
      subject: 'Wrong passwords for your account',
      before: [
        'Somebody, perhaps you, tried to sign in to your account with wrong passwords, so often that passwords from there are not looked at for some minutes. Nobody got in. You sign in here:',
      ],
      after: ['If it was not you, you need not do anything. You are told of this once a day at most.'],
    },
    'sign-in-closed': {
      subject: 'Signing in to your account is closed to strangers',
      before: [
        'Somebody tried so many wrong passwords for your account that for up to a day passwords are looked at only from devices that you signed in with before. Nobody got in. On such a device, and with a passkey, everything is as ever. To sign in on another one, prove that it is you and choose a new password here:',
      ],
      after: [
        'The link works once, for one hour. After that, ask for another one where you sign in.',
        'If you have no need of it, you need not do anything: it opens again by itself.',
      ],
    },
    'sign-in-code': {
      subject: 'Your code to sign in',
      before: [
        'Somebody, hopefully you, is signing in to your account with its password. To go on, type this code:',
        'Your code: {code}',
        'It works once, for ten minutes, and only for this sign-in. Nobody will ever ask you to tell it.',
        'If it was not you, somebody knows your password: change it now, here:',
      ],
      after: [],
    },
    'sign-in-link': {
      subject: 'Sign in',
      before: [
        'Someone, hopefully you, wants to sign in to your account. To sign in, open this link where you want to be signed in, and press the button:',
      ],
      after: [
        'Or type this code where you asked for it: {code}',
        'Either works, once, for ten minutes. Nobody will ever ask you to tell the code or to pass on the link.',
        'If it was not you, do nothing: nobody is signed in.',
      ],
    },
    'step-up-code': {
      subject: 'Your code to go on',
      before: [
        'Somebody who is signed in to your account, hopefully you, is asked once more who they are. To go on, type this code:',
        'Your code: {code}',
        'It works once, for ten minutes, and only there. Nobody will ever ask you to tell it.',
        'If it was not you, somebody else is signed in to your account: end the sessions that you do not know, and change your password, here:',
      ],
      after: [],
    },
    'impersonated-to-look': {
      subject: 'Support opened your account',
      before: [
        'A member of the support staff opened your account, for thirty minutes at most. They can look and change nothing, and they cannot see or use your password or other ways to sign in. You can see it, and end it, among your sessions:',
      ],
      after: ['If you did not ask for help and wonder why, ask whoever runs this service.'],
    },
    'impersonated-to-change': {
      subject: 'Support opened your account',
      before: [
        'A member of the support staff opened your account, for thirty minutes at most, to change something in it. They cannot change your password, your address or other ways to sign in. You can see it, and end it, among your sessions:',
      ],
      after: ['If you did not ask for help and wonder why, ask whoever runs this service.'],
    },
  },
  notices: {
    'email-change-requested': {
      subject: 'Another address was asked for',
      sentence:
        'Somebody signed in to your account asked for another address for it. Nothing changes until it is confirmed there.',
    },
    'email-changed': { subject: 'Your address was changed', sentence: 'The address of your account was changed.' },
    'password-changed': { subject: 'Your password was changed', sentence: 'The password of your account was changed.' },
    'password-reset': {
      subject: 'Your password was reset',
      sentence: 'The password of your account was set anew with a link from a mail.',
    },
    'totp-added': {
      subject: 'An authenticator app was added',
      sentence: 'Signing in now asks for a code from an authenticator app.',
    },
    'totp-removed': {
      subject: 'An authenticator app was removed',
      sentence: 'Signing in no longer asks for a code from the authenticator app.',
    },
    'passkey-added': { subject: 'A passkey was added', sentence: 'A passkey was added to your account.' },
    'passkey-removed': { subject: 'A passkey was removed', sentence: 'A passkey was removed from your account.' },
    'passkey-alarm': {
      subject: 'A passkey may have been copied',
      sentence: 'A passkey of your account counted backwards: a copy of it may exist.',
    },
    'recovery-codes-regenerated': {
      subject: 'New recovery codes were made',
      sentence: 'New recovery codes were made; the old ones are void.',
    },
    'recovery-code-used': {
      subject: 'A recovery code was used',
      sentence: 'Somebody signed in to your account with a recovery code.',
    },
    'second-factors-refused': {
      subject: 'Wrong second factors for your account',
      sentence:
        'Somebody gave the right password of your account and then ten wrong codes. They did not get in. If it was not you, they know your password.',
    },
    'new-device': {
      subject: 'A new device signed in',
      sentence: 'Somebody signed in to your account with a device that was not used before.',
    },
    'token-reused': {
      subject: 'A session was ended',
      sentence:
        'A token of one of your sessions was used a second time, as if somebody had copied it. The session was ended; on that device you have to sign in again.',
    },
    'email-codes-enabled': {
      subject: 'Codes by mail were switched on',
      sentence: 'Signing in can now be confirmed with a code that is sent to this address.',
    },
    'email-codes-disabled': {
      subject: 'Codes by mail were switched off',
      sentence: 'Signing in is no longer confirmed with a code by mail.',
    },
  },
  notMe: {
    before:
      'If it was not you, open this link: it ends every session and locks the account until you reset the password.',
    after: 'If it was you, you need not do anything.',
  },
  unknownDevice: 'a device that we do not know',
}
