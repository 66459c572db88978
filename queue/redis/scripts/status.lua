-- Counts, all of one moment: leased, delayed, dead, then queue name and length of each.
local out = {}
for i, set in ipairs({ 'leased', 'delayed', 'dead' }) do out[i] = redis.call('ZCARD', P .. set) end
for _, queue in ipairs(redis.call('SMEMBERS', P .. 'queues')) do
    local waiting = 0
    for _, repository in ipairs(redis.call('ZRANGE', P .. 'turns:' .. queue, 0, -1)) do
        waiting = waiting + redis.call('ZCARD', line_key(queue, repository))
    end
    out[#out + 1] = queue
    out[#out + 1] = waiting
end
return out
