-- How many come before a waiting job if none is added: those before it in its own line, and of each other
-- repository as many as have their turn before. Nil where it does not wait. ARGV: job
local id = arg()
local job = redis.call('HMGET', job_key(id), 'state', 'queue', 'repository')
if job[1] ~= 'waiting' then return false end
local place = redis.call('ZRANK', line_key(job[2], job[3]), id)
local before, turns = place, place + 1
for _, repository in ipairs(redis.call('ZRANGE', P .. 'turns:' .. job[2], 0, -1)) do
    if repository == job[3] then
        turns = turns - 1
    else
        before = before + math.min(redis.call('ZCARD', line_key(job[2], repository)), turns)
    end
end
return before
