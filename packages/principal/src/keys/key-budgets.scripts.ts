/** What Redis decides about budgets, one script for each decision. The rules are those of `gcra.ts` and `uses-spent.ts`. */
import { dayMs, minuteMs } from '@latchkey/clock'
import { nowInScript } from '../redis-time.ts'

/** However soon a limit is whole again: the time of Redis may be set back. */
const keptAtLeastMs = minuteMs
/** Longer than a month: of what was not used for so long, Postgres is asked. */
const usesKeptMs = 35 * dayMs

/**
 * Decides one question after the other: of each it grants as many of `count` equal requests as all limits and the uses have room
 * for. Of uses that are not known here nothing is granted until it is told what is known elsewhere. A refusal takes nothing.
 *
 * A purse is a text: `at`, and the debt of each limit as of then. A time that is before the last one pays nothing off. Uses are a
 * hash of `issue`, `period` and `spent`.
 *
 * Of a question whose proviso does not hold nothing is granted: under each key has to stand the text of that digest, or none.
 *
 * ARGV: JSON of a `SpendingCall`, whose purses and uses are places in KEYS. Answers the time, and then for each question, one behind the other: how many it granted (-1: its uses are not known; -2: its proviso does not hold), what was spent of the uses before (-1: not counted), and what was owed of each limit.
 */
export const spendScript = `${nowInScript}
local call = cjson.decode(ARGV[1])
local limits = call.limits
local texts, purses, keptMs, reply = redis.call('MGET', unpack(KEYS)), {}, {}, {now}

local function purseOf(place)
  if not purses[place] then purses[place] = texts[place] and cmsgpack.unpack(texts[place]) or {} end
  return purses[place]
end

local function owed(purse, name, perMs)
  return math.max(0, (purse[name] or 0) - math.max(0, now - (purse.at or now)) * perMs)
end

local function take(question, debts, requests)
  local after = {}
  for i, debt in ipairs(debts) do
    local place, limit = question[3 + 2 * i], limits[question[4 + 2 * i]]
    local purse = after[place] or {at = math.max(now, purseOf(place).at or 0)}
    purse[limit[1]] = debt + requests * limit[2]
    after[place] = purse
    keptMs[place] = math.max(keptMs[place] or ${keptAtLeastMs}, math.ceil(purse[limit[1]] / limit[3]))
  end
  for place, purse in pairs(after) do purses[place] = purse end
end

-- Of days since 1970, by the years of 146097 days for each 400 that begin in March.
local function dayOfMonth(days)
  local day = (days + 719468) % 146097
  local year = math.floor((day - math.floor(day / 1460) + math.floor(day / 36524) - math.floor(day / 146096)) / 365)
  local ofYear = day - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  return ofYear - math.floor((153 * math.floor((5 * ofYear + 2) / 153) + 2) / 5) + 1
end

local function periodOf(refill)
  if refill == 'NEVER' then return 0 end
  local days = math.floor(now / ${dayMs})
  if refill == 'MONTHLY' then days = days - dayOfMonth(days) + 1 end
  return days * ${dayMs}
end

local function usesKnown(uses)
  local kept = redis.call('HMGET', KEYS[uses.place], 'issue', 'period', 'spent')
  local known = kept[1] and {tonumber(kept[1]), tonumber(kept[2]), tonumber(kept[3])}
  local function learn(i, p, s)
    if not known or i > known[1] or (i == known[1] and (p > known[2] or (p == known[2] and s > known[3]))) then known = {i, p, s} end
  end
  if uses.told then learn(uses.told[1], uses.told[2], uses.told[3]) end
  if not known or (known[1] < uses.issue and not uses.told) then return nil end
  learn(uses.issue, periodOf(uses.refill), 0)
  return known
end

local function keepUses(uses, known, requests)
  local spent = known[3] + requests
  redis.call('HSET', KEYS[uses.place], 'issue', known[1], 'period', known[2], 'spent', spent)
  redis.call('PEXPIRE', KEYS[uses.place], ${usesKeptMs})
  if requests == 0 then return end
  redis.call('HSET', KEYS[uses.marks], uses.id, string.format('%.0f/%.0f/%.0f', known[1], spent, now))
  redis.call('PEXPIRE', KEYS[uses.marks], ${usesKeptMs})
end

local digests = {}
local function digestOf(place)
  if not digests[place] then digests[place] = texts[place] and redis.sha1hex(texts[place]) or '' end
  return digests[place]
end

local function holds(proviso)
  for i = 1, #proviso, 2 do
    if digestOf(proviso[i]) ~= proviso[i + 1] then return false end
  end
  return true
end

for _, question in ipairs(call.questions) do
  local cost, fits, uses, debts = question[1], question[2], call.uses[question[3]], {}
  for i = 5, #question, 2 do
    local limit = limits[question[i + 1]]
    local debt = owed(purseOf(question[i]), limit[1], limit[3])
    if cost > 0 then fits = math.min(fits, math.max(0, math.floor((limit[4] - debt) / (cost * limit[2])))) end
    debts[#debts + 1] = debt
  end
  local isChanged = question[4] > 0 and not holds(call.provisos[question[4]])
  local known = uses and not isChanged and usesKnown(uses)
  if isChanged then fits = -2
  elseif uses and not known then fits = -1
  elseif uses and cost > 0 then fits = math.min(fits, math.max(0, math.floor((uses.limit - known[3]) / cost))) end
  if fits * cost > 0 then take(question, debts, fits * cost) end
  reply[#reply + 1], reply[#reply + 2] = fits, known and known[3] or -1
  for _, debt in ipairs(debts) do reply[#reply + 1] = debt end
  if known and (fits * cost > 0 or uses.told) then keepUses(uses, known, fits * cost) end
end
for place, ms in pairs(keptMs) do redis.call('SET', KEYS[place], cmsgpack.pack(purses[place]), 'PX', ms) end
return reply`

/** Forgets the marks that are still what they were. ARGV: name, mark, name, mark … */
export const unmarkScript = `
for i = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
return 1`
