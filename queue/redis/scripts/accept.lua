-- A webhook is stored with the job that reacts to it, or it is a duplicate: one round trip, nothing between.
-- Delivered again after its job died, a webhook gets a new one: somebody has fixed what was wrong.
-- Another event under the same name is `taken`: it is asked for again under a name of its own.
-- ARGV: head, value, seconds, name, job (see stored_delivery.hpp for what a value looks like)
local head, value, seconds, key = arg(), arg(), arg(), P .. 'delivery:' .. arg()
local id, queue, repository, priority, due, data = arg(), arg(), arg(), arg(), arg(), arg()
local stored = redis.call('SET', key, value, 'NX', 'EX', seconds)

-- The job of a new delivery is new as well, which HSET says by five new fields: a call less than asking first.
if stored and redis.call('HSET', job_key(id), 'state', 'waiting', 'queue', queue, 'repository', repository,
    'priority', priority, 'data', data) == 5 then
    line_up(id, queue, repository, order_of(priority))
    return 'stored'
end

--include jobs.lua
if stored then
    -- A job of the same name outlived its delivery.
    redis.call('ZREM', P .. 'delayed', id)
    redis.call('ZREM', P .. 'leased', id)
    forget(id)
    fresh(id, queue, repository, priority, due, data)
    return 'stored'
end
if redis.call('GETRANGE', key, 0, #head - 1) ~= head then return 'taken' end
if redis.call('HGET', job_key(id), 'state') == 'dead' then put(id, queue, repository, priority, due, data) end
return 'duplicate'
