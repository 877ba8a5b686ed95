/** Pages with one button: it sends the token of the link to a mutation, and says what came of it. */
import { createPage, type ShowPage } from './page.ts'

export interface Confirmation {
  readonly title: string
  /** Before the button is pressed. */
  readonly question: string
  readonly button: string
  /** A mutation that takes `input: { token }` and answers an `outcome`. */
  readonly mutation: string
  /** The outcome that is what was wanted; every other one is a refusal. */
  readonly wanted: string
  readonly done: string
  readonly refused: string
  /** What is asked for when the token alone was refused: it is sent as `password` the next time. */
  readonly passwordHint?: string
}

// As JSON they are JavaScript too; `<` would end the script.
const literal = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c')

const script = ({ mutation, wanted, done, refused, passwordHint }: Confirmation) => `
const query = ${literal(`mutation ($input: ${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input!) { ${mutation}(input: $input) { outcome } }`)}
const [button, field] = [document.querySelector('button'), document.querySelector('input')]
button.onclick = async () => {
  button.hidden = true
  try {
    const password = field && !field.hidden && field.value !== '' ? { password: field.value } : {}
    const { data } = await send(query, { input: { token, ...password } })
    if (data.${mutation}.outcome === ${literal(wanted)}) {
      if (field) field.hidden = true
      return say(${literal(done)})
    }
    if (!field) return say(${literal(refused)})
    field.hidden = button.hidden = false
    say(${literal(`${refused} ${passwordHint ?? ''}`)})
  } catch {
    button.hidden = false
    say('That did not work just now. Nothing was changed; try again in a moment.')
  }
}`

const password = '<input type="password" autocomplete="current-password" aria-label="Password" hidden>'

/** Its texts are HTML. */
export const createConfirmationPage = (confirmation: Confirmation): ShowPage =>
  createPage({
    title: confirmation.title,
    body: `<p>${confirmation.question}</p>${confirmation.passwordHint ? password : ''}<button type="button">${confirmation.button}</button>`,
    mutation: confirmation.mutation,
    script: script(confirmation),
  })
