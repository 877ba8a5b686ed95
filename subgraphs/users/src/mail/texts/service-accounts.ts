/** What those who answer for a service account are told of it. */
import type { LetterKind, LetterText } from './text.ts'

type ServiceAccountLetters = Readonly<Record<Extract<LetterKind, `service-account-${string}`>, LetterText>>

const en: ServiceAccountLetters = {
  'service-account-suspended': {
    subject: 'The service account “{holder}” was suspended',
    before: [
      'An administrator suspended the service account “{holder}”, which you answer for. Its API keys do not work, and programs that use them are refused. If you want to know why, ask whoever runs this service:',
    ],
    after: ['You are told when that changes.'],
  },
  'service-account-suspended-until': {
    subject: 'The service account “{holder}” was suspended',
    before: [
      'An administrator suspended the service account “{holder}”, which you answer for, until {until}. Its API keys do not work before then, and programs that use them are refused. If you want to know why, ask whoever runs this service:',
    ],
    after: ['The suspension ends by itself.'],
  },
  'service-account-restored': {
    subject: 'The service account “{holder}” was restored',
    before: [
      'An administrator restored the service account “{holder}”, which you answer for. Its API keys work again. You find it here:',
    ],
    after: ['You need not do anything.'],
  },
  'service-account-deleted': {
    subject: 'The service account “{holder}” was deleted',
    before: [
      'An administrator deleted the service account “{holder}”, which you answer for. Its API keys do not work any more, and it is erased on {day}. Until then an administrator can bring it back. Whoever runs this service is found here:',
    ],
    after: ['If a program still needs it, ask them before that day.'],
  },
}

const de: ServiceAccountLetters = {
  'service-account-suspended': {
    subject: 'Das Dienstkonto „{holder}“ ist ausgesetzt',
    before: [
      'Die Verwaltung hat das Dienstkonto „{holder}“ ausgesetzt, für das Sie zuständig sind. Seine API-Schlüssel gelten nicht, und Programme, die sie verwenden, werden abgelehnt. Wenn Sie den Grund wissen möchten, fragen Sie, wer diesen Dienst betreibt:',
    ],
    after: ['Sie erfahren, wenn sich das ändert.'],
  },
  'service-account-suspended-until': {
    subject: 'Das Dienstkonto „{holder}“ ist ausgesetzt',
    before: [
      'Die Verwaltung hat das Dienstkonto „{holder}“, für das Sie zuständig sind, bis {until} ausgesetzt. Seine API-Schlüssel gelten vorher nicht, und Programme, die sie verwenden, werden abgelehnt. Wenn Sie den Grund wissen möchten, fragen Sie, wer diesen Dienst betreibt:',
    ],
    after: ['Danach ist es von selbst wieder frei.'],
  },
  'service-account-restored': {
    subject: 'Das Dienstkonto „{holder}“ ist wiederhergestellt',
    before: [
      'Die Verwaltung hat das Dienstkonto „{holder}“ wiederhergestellt, für das Sie zuständig sind. Seine API-Schlüssel gelten wieder. Sie finden es hier:',
    ],
    after: ['Sie müssen nichts tun.'],
  },
  'service-account-deleted': {
    subject: 'Das Dienstkonto „{holder}“ ist gelöscht',
    before: [
      'Die Verwaltung hat das Dienstkonto „{holder}“ gelöscht, für das Sie zuständig sind. Seine API-Schlüssel gelten nicht mehr, und am {day} wird es endgültig entfernt. Bis dahin kann die Verwaltung es zurückholen. Wer diesen Dienst betreibt, erfahren Sie hier:',
    ],
    after: ['Wenn ein Programm es noch braucht, fragen Sie vor diesem Tag nach.'],
  },
}

export const serviceAccountLetters = { en, de }
