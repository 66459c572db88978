-- Counts, all of one moment: leased, delayed, dead, then queue name and length of each.
local out = {}
for i, set in ipairs({ 'leased', 'delayed', 'dead' }) do out[i] = redis.call('ZCARD', P .. set) end
for _, queue in ipairs(redis.call('SMEMBERS', P .. 'queues')) do
    out[#out + 1] = queue
    out[#out + 1] = redis.call('ZCARD', P .. 'queue:' .. queue)
end
return out
