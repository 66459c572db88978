-- The first waiting job of the repository whose turn it is goes to one holder, under a fence above all before;
-- the attempt is counted now, so that a job that crashes whoever reads it is counted too. Who is excepted keeps
-- its turn; one that comes late to it begins where the others are. An empty queue needs no nudges.
-- ARGV: queue, holder, lease in ms, count of exceptions, exceptions (a repository, or "forge/owner/" or "forge/"
-- for all below). Answers id, repository, data, fence, attempt
--include jobs.lua
local queue, holder, lease, count = arg(), arg(), arg(), tonumber(arg())
local excepted, below = {}, {}
for _ = 1, count do
    local name = arg()
    if string.sub(name, -1) == '/' then below[#below + 1] = name else excepted[name] = true end
end
local function is_excepted(repository)
    if excepted[repository] then return true end
    for _, name in ipairs(below) do
        if string.sub(repository, 1, #name) == name then return true end
    end
end

local turns, left = P .. 'turns:' .. queue, {}
local function first()
    local passed = 0
    while true do
        local some = redis.call('ZRANGE', turns, passed, passed + count, 'WITHSCORES')
        if #some == 0 then return end
        for i = 1, #some, 2 do
            local repository = some[i]
            if not is_excepted(repository) then
                local job = redis.call('ZRANGE', line_key(queue, repository), 0, 0, 'WITHSCORES')
                if job[1] then return job[1], job[2], repository, tonumber(some[i + 1]) end
                left[#left + 1] = repository
            end
        end
        passed = passed + #some / 2
    end
end

promote()
local id, order, repository, turn = first()
local fence = id and whole(tick())
for _, name in ipairs(left) do redis.call('ZREM', turns, name) end
if not id then
    redis.call('DEL', P .. 'wake:' .. queue)
    return false
end
redis.call('ZREM', line_key(queue, repository), id)
turn = math.max(turn, tonumber(redis.call('GET', P .. 'turn:' .. queue) or '0'))
redis.call('SET', P .. 'turn:' .. queue, whole(turn))
redis.call('ZADD', turns, whole(turn + 1), repository)
local key = job_key(id)
redis.call('ZADD', P .. 'leased', whole(now + tonumber(lease)), id)
redis.call('HSET', key, 'state', 'leased', 'fence', fence, 'holder', holder, 'order', order)
local attempt = redis.call('HINCRBY', key, 'attempt', 1)
return { id, repository, redis.call('HGET', key, 'data'), fence, attempt }
