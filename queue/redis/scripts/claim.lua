-- The first waiting job goes to one holder, under a fence above all before; the attempt is counted now, so
-- that a job that crashes whoever reads it is counted too. An empty queue needs no nudges.
-- ARGV: queue, holder, lease in ms. Answers data, fence, attempt
local queue, holder, lease = arg(), arg(), arg()
promote()
local first = redis.call('ZRANGE', P .. 'queue:' .. queue, 0, 0, 'WITHSCORES')
local id, order = first[1], first[2]
if not id then
    redis.call('DEL', P .. 'wake:' .. queue)
    return false
end
local fence, key = whole(tick()), job_key(id)
redis.call('ZREM', P .. 'queue:' .. queue, id)
redis.call('ZADD', P .. 'leased', whole(now + tonumber(lease)), id)
redis.call('HSET', key, 'state', 'leased', 'fence', fence, 'holder', holder, 'order', order)
local attempt = redis.call('HINCRBY', key, 'attempt', 1)
return { redis.call('HGET', key, 'data'), fence, attempt }
