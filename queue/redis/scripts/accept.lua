-- A webhook is stored with the job that reacts to it, or it is a duplicate: one round trip, nothing between.
-- ARGV: event header, value, seconds; then for id and for <id>~<event>: delivery key, job
-- (see stored_delivery.hpp for what a value looks like; its head names the event)
local event, value, seconds = arg(), arg(), arg()
for _ = 1, 2 do
    local key = P .. 'delivery:' .. arg()
    if redis.call('SET', key, value, 'NX', 'EX', seconds) then
        put_next_argument()
        return 'stored'
    end
    if redis.call('GETRANGE', key, 0, #event - 1) == event then return 'duplicate' end
    cursor = cursor + 5
end
return 'duplicate'
