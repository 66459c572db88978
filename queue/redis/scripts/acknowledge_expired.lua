-- Somebody has seen to a job that lapsed: an unknown one is dropped, a dead one kept for people. ARGV: job
local id = arg()
redis.call('ZREM', P .. 'lapsed', id)
if redis.call('HGET', job_key(id), 'state') == 'unknown' then redis.call('DEL', job_key(id)) end
return 1
