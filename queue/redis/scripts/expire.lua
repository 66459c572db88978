-- Leases that ran out by ARGV: time in ms are taken back, looked at again here since several may ask at once;
-- delayed jobs that are due wait. A begun apply never returns to its queue. Answers id, repository, data, fate,
-- why of each.
--include jobs.lua
local as_of = math.min(now, tonumber(arg()))
local out = {}
local function name(id, fate)
    local job = redis.call('HMGET', job_key(id), 'repository', 'data', 'why')
    for _, word in ipairs({ id, job[1], job[2], fate, job[3] or '' }) do out[#out + 1] = word end
end

promote()
local ended = redis.call('ZRANGEBYSCORE', P .. 'leased', '-inf', whole(as_of), 'LIMIT', 0, batch_limit)
for _, id in ipairs(ended) do
    local job = redis.call('HMGET', job_key(id), 'begun', 'attempt', 'queue', 'order', 'repository')
    if job[1] or tonumber(job[2]) >= attempts_limit then
        give_up(id)
    else
        redis.call('ZREM', P .. 'leased', id)
        forget_next(id)
        ready(id, job[3], job[5], job[4])
        name(id, 'again')
    end
end

local lapsed = redis.call('ZRANGEBYSCORE', P .. 'lapsed', '-inf', whole(now), 'LIMIT', 0, batch_limit)
for _, id in ipairs(lapsed) do
    redis.call('ZADD', P .. 'lapsed', whole(now + name_again_ms), id)
    name(id, redis.call('HGET', job_key(id), 'state'))
end
return out
