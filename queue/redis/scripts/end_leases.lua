-- All leases end now, for whoever held them is dead; expire() sees to them like to any that ran out.
local leased = redis.call('ZRANGE', P .. 'leased', 0, -1)
for _, id in ipairs(leased) do redis.call('ZADD', P .. 'leased', whole(now), id) end
return #leased
