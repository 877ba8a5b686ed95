/** The operator's hand on the signing keys, in sentences. */
import type { SessionsApplication } from '@latchkey/sessions'

export interface SigningKeyOffice {
  status(): Promise<string>
  rotate(): Promise<string>
  replaceAll(): Promise<string>
}

export const createSigningKeyOffice = (keys: SessionsApplication['signingKeys']): SigningKeyOffice => ({
  async status() {
    const stations = await keys.stations()
    return stations.map(({ kid, state, since }) => `${kid} ${state} since ${since.toISOString()}`).join('\n')
  },
  async rotate() {
    const begun = await keys.begin()
    return begun
      ? `${begun.kid} is published now and signs in half an hour. Nobody has to do anything.`
      : 'The next key is published already and takes over within half an hour.'
  },
  async replaceAll() {
    const { kid } = await keys.replaceAll()
    return `${kid} signs from now on. What was signed before is refused within a minute or two; clients refresh and go on.`
  },
})
