/** What whoever made a webhook endpoint is told of it. */
import type { LetterKind, LetterText } from './text.ts'

type WebhookLetters = Readonly<Record<Extract<LetterKind, `webhook-${string}`>, LetterText>>

const en: WebhookLetters = {
  'webhook-failing': {
    subject: 'Webhooks to {host} were switched off',
    before: [
      'For five days no webhook arrived at {host}, where you have them sent. Nothing is sent there any more. What `webhookDeliveries` lists says what was wrong; whoever runs this service is found here:',
    ],
    after: ['What is to be sent waits for up to 30 days, and is sent when the endpoint is enabled again.'],
  },
  'webhook-gone': {
    subject: 'Webhooks to {host} were switched off',
    before: [
      'A webhook to {host}, where you have them sent, was answered with 410: that nothing is to be sent there ever again. Nothing is. Whoever runs this service is found here:',
    ],
    after: ['If that was a mistake, enable the endpoint again: what waits is sent then. Else delete it.'],
  },
}

const de: WebhookLetters = {
  'webhook-failing': {
    subject: 'Webhooks an {host} sind abgeschaltet',
    before: [
      'Fünf Tage lang ist kein Webhook bei {host} angekommen, wohin Sie welche senden lassen. Dorthin wird nichts mehr gesendet. Woran es lag, steht in `webhookDeliveries`; wer diesen Dienst betreibt, erfahren Sie hier:',
    ],
    after: ['Was zu senden ist, wartet bis zu 30 Tage und wird gesendet, sobald das Ziel wieder eingeschaltet ist.'],
  },
  'webhook-gone': {
    subject: 'Webhooks an {host} sind abgeschaltet',
    before: [
      'Ein Webhook an {host}, wohin Sie welche senden lassen, wurde mit 410 beantwortet: Dorthin soll nie wieder etwas gesendet werden. Das geschieht auch nicht. Wer diesen Dienst betreibt, erfahren Sie hier:',
    ],
    after: [
      'Wenn das ein Versehen war, schalten Sie das Ziel wieder ein: Was wartet, wird dann gesendet. Sonst löschen Sie es.',
    ],
  },
}

export const webhookLetters = { en, de }
