/** Whether the schema may be asked for, and by whom. */
export const introspectionModes = ['off', 'filtered', 'open'] as const

/** `filtered`: nobody sees what they may not ask, and nothing who is not signed in. */
export type IntrospectionMode = (typeof introspectionModes)[number]
