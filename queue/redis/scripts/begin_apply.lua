-- One start for one name, ever; only for who holds the lease, and not once somebody wanted it cancelled. The
-- same lease may ask again: its answer was lost. ARGV: job, fence, name
--include jobs.lua
local id, fence, name = arg(), arg(), arg()
if not holds(id, fence) or redis.call('HGET', job_key(id), 'cancel') then return 0 end
local taker = id .. '@' .. fence
if not redis.call('SET', P .. 'once:' .. name, taker, 'NX')
    and redis.call('GET', P .. 'once:' .. name) ~= taker then
    return 0
end
redis.call('HSET', job_key(id), 'begun', '1')
return 1
