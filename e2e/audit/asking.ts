/** How acts are asked of the gateway: what is refused fails at once, with its reason. */
import { type Answer, ask, type Credential, codesOf, mailsTo, nextMail, type SignedIn } from '../support/client.ts'
import type { Topology } from '../support/topology.ts'

export interface Act {
  /** The action that is recorded. */
  readonly kind: string
  readonly does: () => Promise<unknown>
}

export interface Setting {
  readonly house: Topology
  readonly admin: SignedIn
}

/** Asks one mutation with its input; its payload, or a failure that says why not. */
export const asking =
  ({ house }: Setting) =>
  async (credential: Credential, name: string, selection: string, input?: object) => {
    const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`
    const [head, args] = input ? [`($input: ${type}!)`, '(input: $input)'] : ['', '']
    return done(
      await ask(house.gateways[0], credential, `mutation ${head} { ${name}${args} ${selection} }`, { input }),
    )[name]
  }

/** The same for one that takes an id alone. */
export const askingById =
  ({ house }: Setting) =>
  async (credential: Credential, name: string, selection: string, id: string, argument = 'id') =>
    done(
      await ask(house.gateways[0], credential, `mutation ($id: ID!) { ${name}(${argument}: $id) ${selection} }`, {
        id,
      }),
    )

export function done(answer: Answer) {
  if (answer.errors.length > 0) throw new Error(`${codesOf(answer)} ${JSON.stringify(answer.errors)}`)
  return answer.data
}

/** The newest of at least so many mails to an address. */
export const mail = (house: Topology, address: string, count: number) => nextMail(house.gateways[0], address, { count })

export const mailCount = async (house: Topology, address: string) => (await mailsTo(house.gateways[0], address)).length
