-- A webhook is stored with the job that reacts to it, or it is a duplicate: one round trip, nothing between.
-- Delivered again after its job died, a webhook gets a new one: somebody has fixed what was wrong.
-- Another event under the same name is `taken`: it is asked for again under a name of its own.
-- ARGV: head, value, seconds, name, job (see stored_delivery.hpp for what a value looks like)
local head, value, seconds, key = arg(), arg(), arg(), P .. 'delivery:' .. arg()
if redis.call('SET', key, value, 'NX', 'EX', seconds) then
    put(unpack(job_arguments('')))
    return 'stored'
end
if redis.call('GETRANGE', key, 0, #head - 1) ~= head then return 'taken' end
if redis.call('HGET', job_key(ARGV[cursor + 1]), 'state') == 'dead' then put(unpack(job_arguments(''))) end
return 'duplicate'
