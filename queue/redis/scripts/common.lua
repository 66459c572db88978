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

local function ready(id, queue, repository, order)
    redis.call('HSET', job_key(id), 'state', 'waiting')
    line_up(id, queue, repository, order)
end

local function wait(id)
    local key = job_key(id)
    local job = redis.call('HMGET', key, 'queue', 'priority', 'repository')
    local order = order_of(job[2])
    redis.call('HDEL', key, 'due', 'backs_off')
    ready(id, job[1], job[3], order)
end

local function delay(id, due)
    redis.call('HSET', job_key(id), 'state', 'delayed', 'due', due)
    redis.call('ZADD', P .. 'delayed', due, id)
end

local function forget(id)
    redis.call('ZREM', P .. 'dead', id)
    redis.call('ZREM', P .. 'lapsed', id)
    redis.call('DEL', job_key(id))
end

-- Of a job that is nowhere.
local function fresh(id, queue, repository, priority, due, data)
    if tonumber(due) > now then
        redis.call('HSET', job_key(id), 'queue', queue, 'repository', repository, 'priority', priority,
            'data', data)
        return delay(id, due)
    end
    redis.call('HSET', job_key(id), 'state', 'waiting', 'queue', queue, 'repository', repository,
        'priority', priority, 'data', data)
    line_up(id, queue, repository, order_of(priority))
end

-- Asking twice is asking once.
local function put(id, queue, repository, priority, due, data)
    local key = job_key(id)
    if redis.call('EXISTS', key) == 0 then return fresh(id, queue, repository, priority, due, data) end
    local job = redis.call('HMGET', key, 'state', 'due', 'backs_off', 'next_due')
    local state = job[1]
    if state == 'dead' then
        forget(id)
        fresh(id, queue, repository, priority, due, data)
    elseif state == 'leased' then
        if not job[4] then
            redis.call('HSET', key, 'next_queue', queue, 'next_repository', repository,
                'next_priority', priority, 'next_due', due, 'next_data', data)
        elseif tonumber(due) < tonumber(job[4]) then
            redis.call('HSET', key, 'next_due', due)
        end
    elseif state == 'delayed' and not job[3] and tonumber(due) < tonumber(job[2]) then
        redis.call('ZREM', P .. 'delayed', id)
        if tonumber(due) > now then delay(id, due) else wait(id) end
    end
end

-- The job that the next arguments say. One that names no repository is `heir`'s: of the job that leaves it.
local function job_arguments(heir)
    local job = { arg(), arg(), arg(), arg(), arg(), arg() }
    if job[3] == '' then job[3] = heir end
    return job
end

local function promote()
    local due = redis.call('ZRANGEBYSCORE', P .. 'delayed', '-inf', whole(now), 'LIMIT', 0, batch_limit)
    for _, id in ipairs(due) do
        redis.call('ZREM', P .. 'delayed', id)
        wait(id)
    end
end

local function holds(id, fence)
    local job = redis.call('HMGET', job_key(id), 'state', 'fence')
    return job[1] == 'leased' and job[2] == fence
end

local function next_of(id)
    return redis.call('HMGET', job_key(id), 'next_queue', 'next_repository', 'next_priority', 'next_due',
        'next_data')
end

local function forget_next(id)
    redis.call('HDEL', job_key(id), 'next_queue', 'next_repository', 'next_priority', 'next_due', 'next_data')
end

-- Of a leased job.
local function done(id)
    local next = next_of(id)
    redis.call('ZREM', P .. 'leased', id)
    redis.call('DEL', job_key(id))
    if next[1] then fresh(id, unpack(next)) end
end

-- Of a leased job that is neither done nor to be tried again: dead, or unknown if its apply had begun.
local function give_up(id)
    local next, begun = next_of(id), redis.call('HGET', job_key(id), 'begun')
    redis.call('ZREM', P .. 'leased', id)
    if next[1] and not begun then
        forget(id)
        return fresh(id, unpack(next))
    end
    forget_next(id)
    redis.call('HSET', job_key(id), 'state', begun and 'unknown' or 'dead')
    redis.call('ZADD', P .. 'lapsed', whole(now), id)
    if begun then return end
    redis.call('ZADD', P .. 'dead', whole(now), id)
    for _, oldest in ipairs(redis.call('ZRANGE', P .. 'dead', 0, -1 - dead_limit)) do forget(oldest) end
end
