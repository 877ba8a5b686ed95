/** The header field that asks what an operation costs: cost/ reads it, and http/ lets pages send it. */
export const costHeader = 'x-latchkey-cost'
