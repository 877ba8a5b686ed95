/** The header fields that tell what a key has left: spend/ writes them, and both ways out pass them on. */
export const rateLimitFields = [
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
  'ratelimit-policy',
] as const

export type RateLimitFields = Readonly<Record<(typeof rateLimitFields)[number], string>>
