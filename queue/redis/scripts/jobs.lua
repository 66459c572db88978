-- What happens to a job after it was first asked for. A script takes this in where it says so, and not before it
-- must: making these functions costs a fifth of accepting a webhook.
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
