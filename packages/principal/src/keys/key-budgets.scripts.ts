/** What Redis decides about budgets, one script for each decision. The rules are those of `gcra.ts` and `uses-spent.ts`. */

// What is kept: `at`, the debt of each limit as of then, and of the uses `issue`, `period` and `spent`. A clock that is behind the
// last one pays nothing off.
const read = `
local kept, flat = {}, redis.call('HGETALL', KEYS[1])
for i = 1, #flat, 2 do kept[flat[i]] = tonumber(flat[i + 1]) end
local at = math.max(tonumber(ARGV[1]), kept.at or 0)
local function owed(name, perMs) return math.max(0, (kept[name] or 0) - (at - (kept.at or at)) * perMs) end`

/** However soon a limit is whole again: clocks of several machines differ. */
export const keptAtLeastMs = 60_000

/**
 * Grants as many of `count` equal requests as every limit and the uses have room for. Of uses that are not known here nothing is
 * granted until it is told what is known elsewhere. A refusal writes nothing.
 *
 * ARGV: now, cost, count; uses (-1: not counted), issue, period; ask or told, and what is told: issue, period, spent; for how long
 * uses are kept; then for each limit: name, window, limit, the most that may be owed.
 */
export const spendScript = `${read}
local cost, count, uses = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local issue, period, told = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7] == 'told'
local function learn(i, p, s)
  if not kept.issue or i > kept.issue or (i == kept.issue and (p > kept.period or (p == kept.period and s > kept.spent))) then
    kept.issue, kept.period, kept.spent = i, p, s
  end
end
if told then learn(tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])) end
if uses >= 0 then
  if not kept.issue or (kept.issue < issue and not told) then return {-1} end
  learn(issue, period, 0)
end
local fits, debts = count, {}
for i = 12, #ARGV, 4 do
  local debt = owed(ARGV[i], tonumber(ARGV[i + 2]))
  if cost > 0 then
    fits = math.min(fits, math.max(0, math.floor((tonumber(ARGV[i + 3]) - debt) / (cost * tonumber(ARGV[i + 1])))))
  end
  debts[#debts + 1] = debt
end
local spent = kept.spent or 0
if uses >= 0 and cost > 0 then fits = math.min(fits, math.max(0, math.floor((uses - spent) / cost))) end
if fits * cost > 0 or told then
  local fields, keptMs = {'at', at}, ${keptAtLeastMs}
  for i, debt in ipairs(debts) do
    local from = 8 + 4 * i
    local after = debt + fits * cost * tonumber(ARGV[from + 1])
    fields[#fields + 1], fields[#fields + 2] = ARGV[from], after
    keptMs = math.max(keptMs, math.ceil(after / tonumber(ARGV[from + 2])))
  end
  if kept.issue then
    local spentNow = (uses >= 0) and (spent + fits * cost) or spent
    for _, value in ipairs({'issue', kept.issue, 'period', kept.period, 'spent', spentNow}) do fields[#fields + 1] = value end
    keptMs = math.max(keptMs, tonumber(ARGV[11]))
  end
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], unpack(fields))
  redis.call('PEXPIRE', KEYS[1], keptMs)
end
return {fits, (uses >= 0) and spent or -1, unpack(debts)}`

/**
 * As if so many requests had never been granted.
 *
 * ARGV: now, requests; issue (-1: uses were not counted), period; then for each limit: name, window, limit.
 */
export const giveBackScript = `${read}
if not kept.at then return 0 end
local requests = tonumber(ARGV[2])
redis.call('HSET', KEYS[1], 'at', at)
for i = 5, #ARGV, 3 do
  local debt = math.max(0, owed(ARGV[i], tonumber(ARGV[i + 2])) - requests * tonumber(ARGV[i + 1]))
  redis.call('HSET', KEYS[1], ARGV[i], debt)
end
if kept.issue == tonumber(ARGV[3]) and kept.period == tonumber(ARGV[4]) then
  redis.call('HSET', KEYS[1], 'spent', math.max(0, kept.spent - requests))
end
return 1`

/** Forgets the marks that are still what they were. ARGV: name, mark, name, mark … */
export const unmarkScript = `
for i = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
return 1`
