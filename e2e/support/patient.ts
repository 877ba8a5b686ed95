/**
 * Settings of processes on a machine that tests everything at once: it is slow and has too much to do, and nobody is away or refused
 * because of that. How long who is away is waited for, `faults` tell.
 */
export const patient = {
  LATCHKEY_STORE_PATIENCE: '10000',
  LATCHKEY_SUBGRAPH_PATIENCE: '15000',
  LATCHKEY_SUBGRAPH_TIMEOUT: '30000',
  LATCHKEY_OVERLOAD: 'off',
}
