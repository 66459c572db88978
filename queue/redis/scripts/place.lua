-- How many stand before a waiting job; nil where it does not wait. ARGV: job
local id = arg()
local job = redis.call('HMGET', job_key(id), 'state', 'queue')
if job[1] ~= 'waiting' then return false end
return redis.call('ZRANK', P .. 'queue:' .. job[2], id)
