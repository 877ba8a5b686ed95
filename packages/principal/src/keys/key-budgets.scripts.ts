/** What Redis decides about budgets, one script for each decision. The rules are those of `gcra.ts` and `uses-spent.ts`. */

// What is kept of a key: `at` and the debt of each limit as of then. What is kept of uses, which several keys may share: `issue`,
// `period` and `spent`. A clock that is behind the last one pays nothing off.
const read = `
local function hash(key)
  local found, flat = {}, redis.call('HGETALL', key)
  for i = 1, #flat, 2 do found[flat[i]] = tonumber(flat[i + 1]) end
  return found
end
local kept = hash(KEYS[1])
local at = math.max(tonumber(ARGV[1]), kept.at or 0)
local function owed(name, perMs) return math.max(0, (kept[name] or 0) - (at - (kept.at or at)) * perMs) end`

/** However soon a limit is whole again: clocks of several machines differ. */
export const keptAtLeastMs = 60_000

/**
 * Grants as many of `count` equal requests as every limit and the uses have room for. Of uses that are not known here nothing is
 * granted until it is told what is known elsewhere. A refusal writes nothing.
 *
 * KEYS: of the key, and of its uses where they are counted.
 * ARGV: now, cost, count; uses (-1: not counted), issue, period; ask or told, and what is told: issue, period, spent; for how long
 * uses are kept; then for each limit: name, window, limit, the most that may be owed.
 */
export const spendScript = `${read}
local cost, count, uses = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local issue, period, told = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7] == 'told'
local known = (uses >= 0) and hash(KEYS[2]) or {}
local function learn(i, p, s)
  if not known.issue or i > known.issue or (i == known.issue and (p > known.period or (p == known.period and s > known.spent))) then
    known.issue, known.period, known.spent = i, p, s
  end
end
if uses >= 0 then
  if told then learn(tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])) end
  if not known.issue or (known.issue < issue and not told) then return {-1} end
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
local spent = known.spent or 0
if uses >= 0 and cost > 0 then fits = math.min(fits, math.max(0, math.floor((uses - spent) / cost))) end
if fits * cost > 0 or told then
  local fields, keptMs = {'at', at}, ${keptAtLeastMs}
  for i, debt in ipairs(debts) do
    local from = 8 + 4 * i
    local after = debt + fits * cost * tonumber(ARGV[from + 1])
    fields[#fields + 1], fields[#fields + 2] = ARGV[from], after
    keptMs = math.max(keptMs, math.ceil(after / tonumber(ARGV[from + 2])))
  end
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], unpack(fields))
  redis.call('PEXPIRE', KEYS[1], keptMs)
  if uses >= 0 then
    redis.call('HSET', KEYS[2], 'issue', known.issue, 'period', known.period, 'spent', spent + fits * cost)
    redis.call('PEXPIRE', KEYS[2], ARGV[11])
  end
end
return {fits, (uses >= 0) and spent or -1, unpack(debts)}`

/**
 * As if so many requests had never been granted.
 *
 * ARGV: now, requests; issue (-1: uses were not counted), period; then for each limit: name, window, limit.
 */
export const giveBackScript = `${read}
local requests = tonumber(ARGV[2])
if tonumber(ARGV[3]) >= 0 then
  local known = hash(KEYS[2])
  if known.issue == tonumber(ARGV[3]) and known.period == tonumber(ARGV[4]) then
    redis.call('HSET', KEYS[2], 'spent', math.max(0, known.spent - requests))
  end
end
if not kept.at then return 0 end
redis.call('HSET', KEYS[1], 'at', at)
for i = 5, #ARGV, 3 do
  local debt = math.max(0, owed(ARGV[i], tonumber(ARGV[i + 2])) - requests * tonumber(ARGV[i + 1]))
  redis.call('HSET', KEYS[1], ARGV[i], debt)
end
return 1`

/** Forgets the marks that are still what they were. ARGV: name, mark, name, mark … */
export const unmarkScript = `
for i = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
return 1`
