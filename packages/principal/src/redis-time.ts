/** The one clock of everything that is counted in Redis: Redis's own. A process whose clock is wrong counts as all others do. */

/** What a script reads the time with: seconds, and microseconds of the second. */
export const timeCall = "redis.call('TIME')"

/** Lua, at the beginning of a script: `now`, in milliseconds since 1970. */
export const nowInScript = `
local time = ${timeCall}
local now = time[1] * 1000 + math.floor(time[2] / 1000)`
