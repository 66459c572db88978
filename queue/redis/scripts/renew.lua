-- Only the holder prolongs a lease, and learns that somebody wants it to stop. Passes without free memory.
-- ARGV: job, fence, for another ms
--include jobs.lua
local id, fence, lease = arg(), arg(), arg()
if not holds(id, fence) then return 'lost' end
redis.call('ZREM', P .. 'leased', id)
redis.call('ZADD', P .. 'leased', whole(now + tonumber(lease)), id)
return redis.call('HGET', job_key(id), 'cancel') and 'cancel_wanted' or 'held'
