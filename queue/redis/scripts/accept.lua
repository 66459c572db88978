-- A webhook is stored with the job that reacts to it, or it is a duplicate: one round trip, nothing between.
-- Another event under the same name is `taken`: it is asked for again under a name of its own.
-- ARGV: head, value, seconds, name, job (see stored_delivery.hpp for what a value looks like)
local head, value, seconds, key = arg(), arg(), arg(), P .. 'delivery:' .. arg()
if redis.call('SET', key, value, 'NX', 'EX', seconds) then
    put_next_argument()
    return 'stored'
end
return redis.call('GETRANGE', key, 0, #head - 1) == head and 'duplicate' or 'taken'
