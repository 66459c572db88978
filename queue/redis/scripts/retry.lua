-- Only the holder gives a job back, and not for ever; a begun apply is never tried again.
-- ARGV: job, fence, delay in ms, why, dead_letter, uncounted (the job was handed to somebody who had gone)
--include jobs.lua
local id, fence, pause, why, dead_letter, uncounted = arg(), arg(), tonumber(arg()), arg(), arg(), arg()
if not holds(id, fence) then return 0 end
local key = job_key(id)
redis.call('ZREM', P .. 'leased', id)
redis.call('HSET', key, 'why', why)
if uncounted == '1' then redis.call('HINCRBY', key, 'attempt', -1) end
local job = redis.call('HMGET', key, 'begun', 'attempt', 'queue', 'order', 'repository')
if dead_letter == '1' or job[1] or tonumber(job[2]) >= attempts_limit then
    give_up(id)
    return 1
end
forget_next(id)
if pause > 0 then
    redis.call('HSET', key, 'backs_off', '1')
    delay(id, whole(now + pause))
else
    ready(id, job[3], job[5], job[4])
end
return 1
