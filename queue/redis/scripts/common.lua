-- Put before every script. KEYS[1] is the hash tag that all keys share; ARGV[1] the time in ms, or 0 for the
-- server's own, so that the clocks of workers do not matter.
--
--   tick                 string  the last number given out: order of waiting jobs, fences
--   job:<id>             hash    state queue repository priority data order attempt fence holder due
--                                backs_off cancel begun why, and next_* for what was asked while leased
--   line:<queue>|<repository>  zset  its waiting jobs by order - priority; queues: set of the queues' names
--   turns:<queue>        zset    repositories by the turn that is theirs next; one whose line is empty keeps
--                                its place until its turn comes, so that leaving and returning gains nothing
--   turn:<queue>         string  the turn of the job handed out last, where who comes anew begins
--   wake:<queue>         list    nudges for whoever waits; losing one costs a second
--   leased delayed dead  zset    job ids by end of lease, due time, time of death
--   lapsed               zset    unknown and dead jobs that expire() is to name, by when
--   lane:<lane>          list    members; lanejobs:<lane>: hash member -> its job
--   record:<key> index:<index> once:<name> delivery:<forge>/<id> log:<run> logfence:<run> schema
--
-- The first write of a script decides whether it is refused for want of memory, so no script ends half done:
-- those that finish work begin with a removal and always pass.
local P = KEYS[1]
local now_us = tonumber(ARGV[1]) * 1000
if now_us == 0 then
    local time = redis.call('TIME')
    now_us = time[1] * 1000000 + time[2]
end
local now = math.floor(now_us / 1000)
local attempts_limit, batch_limit, dead_limit = 8, 1000, 1000
local priority_step_us, name_again_ms, wake_limit = 300000000, 30000, 64

local cursor = 1
local function arg()
    cursor = cursor + 1
    return ARGV[cursor]
end

-- Lua would print large numbers with an exponent.
local function whole(number) return string.format('%.0f', number) end

local function tick()
    local last = tonumber(redis.call('GETSET', P .. 'tick', whole(now_us)) or '0')
    if last < now_us then return now_us end
    redis.call('SET', P .. 'tick', whole(last + 1))
    return last + 1
end

local function job_key(id) return P .. 'job:' .. id end

local function order_of(priority) return whole(tick() - tonumber(priority) * priority_step_us) end

local function line_key(queue, repository) return P .. 'line:' .. queue .. '|' .. repository end

-- Of a job whose hash says already that it waits.
local function line_up(id, queue, repository, order)
    local line = line_key(queue, repository)
    if redis.call('ZADD', line, order, id) == 0 then return end
    if redis.call('ZCARD', line) == 1 then
        local turn = redis.call('GET', P .. 'turn:' .. queue) or '0'
        redis.call('ZADD', P .. 'turns:' .. queue, 'NX', turn, repository)
    end
    local wake = P .. 'wake:' .. queue
    local nudges = redis.call('LLEN', wake)
    if nudges == 0 then redis.call('SADD', P .. 'queues', queue) end
    if nudges < wake_limit then redis.call('LPUSH', wake, '1') end
end
