/** The mails in German. */
import { serviceAccountLetters } from './service-accounts.ts'
import type { MailTexts } from './text.ts'
import { webhookLetters } from './webhooks.ts'

export const de: MailTexts = {
  letters: {
    verification: {
      subject: 'Bestätigen Sie Ihre Adresse',
      before: [
        'Jemand, hoffentlich Sie, hat mit dieser Adresse ein Konto eröffnet ({when}, {device}).',
        'Um zu bestätigen, dass es Ihre ist, öffnen Sie diesen Link:',
      ],
      after: [
        'Oder geben Sie diesen Code dort ein, wo Sie das Konto eröffnet haben: {code}',
        'Der Link gilt einmal, 24 Stunden lang; der Code 10 Minuten.',
        'Wenn Sie es nicht waren, tun Sie nichts: Ohne die Bestätigung gilt die Adresse nicht als die eines anderen.',
      ],
    },
    'already-registered': {
      subject: 'Sie haben schon ein Konto',
      before: [
        'Jemand, vielleicht Sie, wollte mit dieser Adresse ein Konto eröffnen. Sie haben schon eines; melden Sie sich hier an:',
      ],
      after: ['Wenn Sie es nicht waren, müssen Sie nichts tun: Nichts wurde geändert, und niemand hat etwas erfahren.'],
    },
    invitation: {
      subject: 'Sie sind eingeladen',
      before: [
        'Für Sie wurde ein Konto mit dieser Adresse angelegt. Um es zu benutzen, öffnen Sie diesen Link und wählen Sie ein Passwort:',
      ],
      after: [
        'Er gilt einmal, sieben Tage lang.',
        'Wenn Sie nichts dergleichen erwarten, tun Sie nichts: Niemand kann das Konto benutzen.',
      ],
    },
    'reset-password': {
      subject: 'Setzen Sie ein neues Passwort',
      before: [
        'Jemand, hoffentlich Sie, hat für Ihr Konto ein neues Passwort angefordert. Um eines zu wählen, öffnen Sie diesen Link:',
      ],
      after: [
        'Er gilt einmal, eine Stunde lang, und nur bis ein neuerer kommt.',
        'Wenn Sie es nicht waren, tun Sie nichts: Ihr Passwort bleibt, wie es ist.',
      ],
    },
    'email-change-confirmation': {
      subject: 'Bestätigen Sie Ihre neue Adresse',
      before: [
        'Jemand, hoffentlich Sie, möchte diese Adresse für sein Konto verwenden. Um zu bestätigen, dass es Ihre ist, öffnen Sie diesen Link:',
      ],
      after: [
        'Er gilt einmal, 24 Stunden lang. Die anderen Geräte werden dann abgemeldet.',
        'Wenn Sie es nicht waren, tun Sie nichts: Ohne die Bestätigung wird nichts geändert.',
      ],
    },
    'email-change-refused': {
      subject: 'Ihre Adresse ist schon in Gebrauch',
      before: [
        'Jemand, vielleicht Sie, wollte diese Adresse für ein anderes Konto verwenden. Sie gehört zu Ihrem; melden Sie sich hier an:',
      ],
      after: ['Wenn Sie es nicht waren, müssen Sie nichts tun: Nichts wurde geändert, und niemand hat etwas erfahren.'],
    },
    'email-changed': {
      subject: 'Ihre Adresse wurde geändert',
      before: [
        'Ihr Konto hat jetzt eine andere Adresse und meldet sich mit dieser an. Die bisherige öffnet es nicht mehr.',
        'Wenn Sie es nicht waren, öffnen Sie diesen Link: Er setzt diese Adresse wieder ein, beendet alle Sitzungen und sperrt das Konto, bis Sie ein neues Passwort gewählt haben.',
      ],
      after: ['Der Link gilt einmal, 72 Stunden lang. Wenn Sie es waren, müssen Sie nichts tun.'],
    },
    'email-change-undone': {
      subject: 'Ihre Adresse wurde wieder eingesetzt',
      before: [
        'Die Änderung Ihrer Adresse wurde rückgängig gemacht. Alle Sitzungen sind beendet, und das Konto ist gesperrt, bis Sie hier ein neues Passwort gewählt haben:',
      ],
      after: ['Der Link gilt einmal, eine Stunde lang. Danach fordern Sie bei der Anmeldung einen neuen an.'],
    },
    'address-removed': {
      subject: 'Diese Adresse gehört nicht mehr zu dem Konto',
      before: [
        'Die Änderung, durch die dies die Adresse eines Kontos wurde, hat rückgängig gemacht, wem die Adresse davor gehörte.',
      ],
      after: ['Sie müssen nichts tun. Wenn Sie das nicht erwartet haben, fragen Sie, wer diesen Dienst betreibt.'],
    },
    deletion: {
      subject: 'Ihr Konto wurde gelöscht',
      before: [
        'Ihr Konto wurde gelöscht, und alle Geräte sind abgemeldet. Am {day} wird alles, was von Ihnen aufbewahrt ist, für immer vernichtet.',
        'Wenn Sie es zurückhaben möchten, oder wenn nicht Sie es gelöscht haben, öffnen Sie vor diesem Tag diesen Link:',
      ],
      after: [
        'Wenn Sie es nicht waren, wählen Sie ein neues Passwort, sobald das Konto wieder da ist.',
        'Sonst müssen Sie nichts tun.',
      ],
    },
    'data-ready': {
      subject: 'Ihre Daten liegen bereit',
      before: [
        'Alles, was von Ihnen aufbewahrt ist, wurde zusammengestellt, weil Sie darum gebeten haben. Melden Sie sich an und holen Sie es innerhalb von 24 Stunden ab:',
      ],
      after: [
        'Wenn Sie nicht darum gebeten haben, ist jemand anderes bei Ihrem Konto angemeldet: Ändern Sie jetzt Ihr Passwort.',
      ],
    },
    'account-locked': {
      subject: 'Ihr Konto ist gesperrt',
      before: [
        'Sie haben mitgeteilt, dass etwas nicht von Ihnen kam. Alle Sitzungen sind beendet, seither hinzugefügte zweite Faktoren sind entfernt, und niemand kann sich anmelden. Um wieder hineinzukommen, wählen Sie hier ein neues Passwort:',
      ],
      after: ['Der Link gilt einmal, eine Stunde lang. Danach fordern Sie bei der Anmeldung einen neuen an.'],
    },
    'account-locked-without-link': {
      subject: 'Ihr Konto ist gesperrt',
      before: [
        'Jemand, dem die Adresse dieses Kontos früher gehörte, hat mitgeteilt, dass etwas nicht von ihm kam. Alle Sitzungen sind beendet, und niemand kann sich anmelden.',
      ],
      after: ['Um wieder hineinzukommen, fordern Sie bei der Anmeldung ein neues Passwort an.'],
    },
    'account-suspended': {
      subject: 'Ihr Konto ist ausgesetzt',
      before: [
        'Die Verwaltung hat Ihr Konto ausgesetzt. Alle Sitzungen sind beendet, niemand kann sich anmelden, und seine API-Schlüssel gelten nicht. Wenn Sie den Grund wissen möchten, fragen Sie, wer diesen Dienst betreibt:',
      ],
      after: ['Sie erfahren, wenn sich das ändert.'],
    },
    'account-suspended-until': {
      subject: 'Ihr Konto ist ausgesetzt',
      before: [
        'Die Verwaltung hat Ihr Konto bis {until} ausgesetzt. Alle Sitzungen sind beendet, niemand kann sich vorher anmelden, und seine API-Schlüssel gelten nicht. Wenn Sie den Grund wissen möchten, fragen Sie, wer diesen Dienst betreibt:',
      ],
      after: ['Danach ist es von selbst wieder frei.'],
    },
    'account-restored': {
      subject: 'Ihr Konto ist wiederhergestellt',
      before: ['Die Verwaltung hat Ihr Konto wiederhergestellt. Hier können Sie sich wieder anmelden:'],
      after: [
        'Wenn Ihr Konto gesperrt war, weil etwas nicht von Ihnen kam, hat es kein Passwort mehr: Fordern Sie bei der Anmeldung ein neues an.',
      ],
    },
    'account-deleted': {
      subject: 'Ihr Konto wurde gelöscht',
      before: [
        'Die Verwaltung hat Ihr Konto gelöscht, und alle Geräte sind abgemeldet. Am {day} wird alles, was von Ihnen aufbewahrt ist, für immer vernichtet. Wenn Sie nicht einverstanden sind, fragen Sie vor diesem Tag, wer diesen Dienst betreibt:',
      ],
      after: ['Sonst müssen Sie nichts tun.'],
    },
    'keys-withdrawn': {
      subject: 'API-Schlüssel wurden zurückgenommen',
      before: [
        'Ihr Konto gehört wieder Ihnen. API-Schlüssel, die angelegt wurden, während das nicht sicher war, sind widerrufen, und ältere, die in dieser Zeit geändert oder eingeschaltet wurden, sind ausgeschaltet: insgesamt {count}. Schlüssel von vorher gelten weiter. Sehen Sie sie sich hier an:',
      ],
      after: [
        'Wenn eines Ihrer Programme einen davon verwendet hat, legen Sie einen neuen an, oder schalten Sie den alten ein, nachdem Sie ihn angesehen haben.',
      ],
    },
    ...serviceAccountLetters.de,
    ...webhookLetters.de,
    'key-expires': {
      subject: 'Ein API-Schlüssel läuft in {days} Tagen ab',
      before: [
        'Der API-Schlüssel „{name}“ ({key}) von {holder} gilt nur noch bis {moment}: noch {days} Tage.',
        'Wenn ein Programm ihn noch braucht, ersetzen Sie ihn jetzt und geben Sie dem Programm den neuen, solange der alte daneben gilt. Das geht hier:',
      ],
      after: ['Wenn ihn nichts mehr braucht, widerrufen Sie ihn, oder lassen Sie ihn ablaufen.'],
    },
    'key-expires-tomorrow': {
      subject: 'Ein API-Schlüssel läuft innerhalb eines Tages ab',
      before: [
        'Der API-Schlüssel „{name}“ ({key}) von {holder} gilt nur noch bis {moment}: weniger als einen Tag. Danach werden Anfragen mit ihm abgelehnt.',
        'Wenn ein Programm ihn noch braucht, ersetzen Sie ihn jetzt und geben Sie dem Programm den neuen. Das geht hier:',
      ],
      after: ['Wenn ihn nichts mehr braucht, müssen Sie nichts tun.'],
    },
    'key-overlap-ends': {
      subject: 'Ein ersetzter API-Schlüssel wird noch verwendet',
      before: [
        'Der API-Schlüssel „{name}“ ({key}) von {holder} wurde ersetzt, und ein Programm verwendet ihn noch: zuletzt am {used}. Er gilt nur noch bis {moment}.',
        'Geben Sie diesem Programm vorher den neuen. Beide Schlüssel, und wann jeder zuletzt verwendet wurde, finden Sie hier:',
      ],
      after: ['Wenn inzwischen jedes Programm den neuen hat, müssen Sie nichts tun.'],
    },
    'sign-in-paused': {
      subject: 'Falsche Passwörter für Ihr Konto',
      before: [
        'Jemand, vielleicht Sie, hat so oft mit falschen Passwörtern versucht, sich bei Ihrem Konto anzumelden, dass Passwörter von dort einige Minuten lang nicht geprüft werden. Niemand ist hineingekommen. Hier melden Sie sich an:',
      ],
      after: ['Wenn Sie es nicht waren, müssen Sie nichts tun. Davon erfahren Sie höchstens einmal am Tag.'],
    },
    'sign-in-closed': {
      subject: 'Die Anmeldung bei Ihrem Konto ist für Fremde geschlossen',
      before: [
        'Jemand hat so viele falsche Passwörter für Ihr Konto versucht, dass Passwörter bis zu einem Tag lang nur von Geräten geprüft werden, mit denen Sie sich schon angemeldet haben. Niemand ist hineingekommen. Auf einem solchen Gerät und mit einem Passkey ist alles wie immer. Um sich auf einem anderen anzumelden, weisen Sie sich hier aus und wählen ein neues Passwort:',
      ],
      after: [
        'Der Link gilt einmal, eine Stunde lang. Danach fordern Sie bei der Anmeldung einen neuen an.',
        'Wenn Sie ihn nicht brauchen, müssen Sie nichts tun: Die Anmeldung öffnet sich von selbst wieder.',
      ],
    },
    'sign-in-code': {
      subject: 'Ihr Code für die Anmeldung',
      before: [
        'Jemand, hoffentlich Sie, meldet sich gerade mit dem Passwort Ihres Kontos an. Um fortzufahren, geben Sie diesen Code ein:',
        'Ihr Code: {code}',
        'Er gilt einmal, zehn Minuten lang und nur für diese Anmeldung. Niemand wird Sie je danach fragen.',
        'Wenn Sie es nicht waren, kennt jemand Ihr Passwort: Ändern Sie es sofort, hier:',
      ],
      after: [],
    },
    'sign-in-link': {
      subject: 'Melden Sie sich an',
      before: [
        'Jemand, hoffentlich Sie, möchte sich bei Ihrem Konto anmelden. Um sich anzumelden, öffnen Sie diesen Link dort, wo Sie angemeldet sein möchten, und drücken Sie den Knopf:',
      ],
      after: [
        'Oder geben Sie diesen Code dort ein, wo Sie ihn angefordert haben: {code}',
        'Eines von beiden gilt, einmal, zehn Minuten lang. Niemand wird Sie je nach dem Code fragen oder darum bitten, den Link weiterzugeben.',
        'Wenn Sie es nicht waren, tun Sie nichts: Niemand ist angemeldet.',
      ],
    },
    'step-up-code': {
      subject: 'Ihr Code zum Fortfahren',
      before: [
        'Jemand, der bei Ihrem Konto angemeldet ist, hoffentlich Sie, soll noch einmal zeigen, wer er ist. Um fortzufahren, geben Sie diesen Code ein:',
        'Ihr Code: {code}',
        'Er gilt einmal, zehn Minuten lang und nur dort. Niemand wird Sie je danach fragen.',
        'Wenn Sie es nicht waren, ist jemand anderes bei Ihrem Konto angemeldet: Beenden Sie die Sitzungen, die Sie nicht kennen, und ändern Sie Ihr Passwort, hier:',
      ],
      after: [],
    },
    'impersonated-to-look': {
      subject: 'Der Support hat Ihr Konto geöffnet',
      before: [
        'Eine Person aus dem Support hat Ihr Konto geöffnet, für höchstens dreißig Minuten. Sie kann es ansehen und nichts ändern, und Ihr Passwort und andere Wege zur Anmeldung kann sie weder sehen noch benutzen. Sie finden den Zugriff unter Ihren Sitzungen und können ihn dort beenden:',
      ],
      after: [
        'Wenn Sie nicht um Hilfe gebeten haben und sich wundern, fragen Sie beim Betreiber dieses Dienstes nach.',
      ],
    },
    'impersonated-to-change': {
      subject: 'Der Support hat Ihr Konto geöffnet',
      before: [
        'Eine Person aus dem Support hat Ihr Konto geöffnet, für höchstens dreißig Minuten, um darin etwas zu ändern. Ihr Passwort, Ihre Adresse und andere Wege zur Anmeldung kann sie nicht ändern. Sie finden den Zugriff unter Ihren Sitzungen und können ihn dort beenden:',
      ],
      after: [
        'Wenn Sie nicht um Hilfe gebeten haben und sich wundern, fragen Sie beim Betreiber dieses Dienstes nach.',
      ],
    },
  },
  notices: {
    'email-change-requested': {
      subject: 'Eine andere Adresse wurde angefordert',
      sentence:
        'Jemand, der bei Ihrem Konto angemeldet ist, hat eine andere Adresse dafür angefordert. Nichts ändert sich, bis sie dort bestätigt wird.',
    },
    'email-changed': { subject: 'Ihre Adresse wurde geändert', sentence: 'Die Adresse Ihres Kontos wurde geändert.' },
    'password-changed': {
      subject: 'Ihr Passwort wurde geändert',
      sentence: 'Das Passwort Ihres Kontos wurde geändert.',
    },
    'password-reset': {
      subject: 'Ihr Passwort wurde zurückgesetzt',
      sentence: 'Das Passwort Ihres Kontos wurde über einen Link aus einer Mail neu gesetzt.',
    },
    'totp-added': {
      subject: 'Eine Authenticator-App wurde hinzugefügt',
      sentence: 'Die Anmeldung verlangt jetzt einen Code aus einer Authenticator-App.',
    },
    'totp-removed': {
      subject: 'Eine Authenticator-App wurde entfernt',
      sentence: 'Die Anmeldung verlangt keinen Code aus der Authenticator-App mehr.',
    },
    'passkey-added': {
      subject: 'Ein Passkey wurde hinzugefügt',
      sentence: 'Ihrem Konto wurde ein Passkey hinzugefügt.',
    },
    'passkey-removed': {
      subject: 'Ein Passkey wurde entfernt',
      sentence: 'Aus Ihrem Konto wurde ein Passkey entfernt.',
    },
    'passkey-alarm': {
      subject: 'Ein Passkey wurde vielleicht kopiert',
      sentence: 'Ein Passkey Ihres Kontos hat rückwärts gezählt: Es kann eine Kopie davon geben.',
    },
    'recovery-codes-regenerated': {
      subject: 'Neue Wiederherstellungscodes wurden erstellt',
      sentence: 'Neue Wiederherstellungscodes wurden erstellt; die alten sind ungültig.',
    },
    'recovery-code-used': {
      subject: 'Ein Wiederherstellungscode wurde benutzt',
      sentence: 'Jemand hat sich mit einem Wiederherstellungscode bei Ihrem Konto angemeldet.',
    },
    'second-factors-refused': {
      subject: 'Falsche zweite Faktoren für Ihr Konto',
      sentence:
        'Jemand hat das richtige Passwort Ihres Kontos und danach zehn falsche Codes angegeben. Hineingekommen ist niemand. Wenn Sie es nicht waren, kennt jemand Ihr Passwort.',
    },
    'new-device': {
      subject: 'Ein neues Gerät hat sich angemeldet',
      sentence: 'Jemand hat sich mit einem Gerät bei Ihrem Konto angemeldet, das bisher nicht benutzt wurde.',
    },
    'token-reused': {
      subject: 'Eine Sitzung wurde beendet',
      sentence:
        'Ein Token einer Ihrer Sitzungen wurde ein zweites Mal benutzt, als hätte es jemand kopiert. Die Sitzung wurde beendet; auf dem Gerät müssen Sie sich neu anmelden.',
    },
    'email-codes-enabled': {
      subject: 'Codes per Mail wurden eingeschaltet',
      sentence: 'Eine Anmeldung kann jetzt mit einem Code bestätigt werden, der an diese Adresse geht.',
    },
    'email-codes-disabled': {
      subject: 'Codes per Mail wurden ausgeschaltet',
      sentence: 'Eine Anmeldung wird nicht mehr mit einem Code per Mail bestätigt.',
    },
  },
  notMe: {
    before:
      'Wenn Sie es nicht waren, öffnen Sie diesen Link: Er beendet alle Sitzungen und sperrt das Konto, bis Sie ein neues Passwort gewählt haben.',
    after: 'Wenn Sie es waren, müssen Sie nichts tun.',
  },
  unknownDevice: 'ein unbekanntes Gerät',
}
