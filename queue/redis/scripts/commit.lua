-- All or nothing: everything is checked before anything is written.
-- ARGV: job ("": none), fence, "finish" or "begin" or "", then counted lists: once, records (key, expected version, value),
-- leave (lane, member), enter (lane, member, job), index (index, member, score), cancel (id), jobs
--include jobs.lua
local function times(what)
    for _ = 1, tonumber(arg()) do what() end
end

local job, fence, step = arg(), arg(), arg()
local heir = ''
if job ~= '' then
    if not holds(job, fence) then return 'stale' end
    if step == 'begin' and redis.call('HGET', job_key(job), 'cancel') then return 'conflict' end
    heir = redis.call('HGET', job_key(job), 'repository')
end

local writes, free = {}, true
local function write_once()
    local key = P .. 'once:' .. arg()
    free = free and redis.call('EXISTS', key) == 0
    writes[#writes + 1] = { key, job ~= '' and job .. '@' .. fence or 'commit' }
end
local function write_record()
    local key, expected, value = P .. 'record:' .. arg(), arg(), arg()
    local version = string.match(redis.call('GETRANGE', key, 0, 20), '^%d+') or '0'
    free = free and version == expected
    writes[#writes + 1] = { key, value }
end
times(write_once)
times(write_record)
if not free then return 'conflict' end

if step == 'finish' then done(job) end
if step == 'begin' then redis.call('HSET', job_key(job), 'begun', '1') end
for _, write in ipairs(writes) do redis.call('SET', write[1], write[2]) end

times(function()
    local lane, member = arg(), arg()
    local list, jobs = P .. 'lane:' .. lane, P .. 'lanejobs:' .. lane
    if redis.call('HDEL', jobs, member) == 0 then return end
    local was_first = redis.call('LINDEX', list, 0) == member
    redis.call('LREM', list, 1, member)
    local first = redis.call('LINDEX', list, 0)
    if was_first and first then put(unpack(cmsgpack.unpack(redis.call('HGET', jobs, first)))) end
end)

times(function()
    local lane, member = arg(), arg()
    local list, jobs = P .. 'lane:' .. lane, P .. 'lanejobs:' .. lane
    local entering = job_arguments(heir)
    if redis.call('HSETNX', jobs, member, cmsgpack.pack(entering)) == 0 then return end
    if redis.call('RPUSH', list, member) == 1 then put(unpack(entering)) end
end)

times(function()
    local index, member = arg(), arg()
    redis.call('ZADD', P .. 'index:' .. index, arg(), member)
end)

times(function()
    local id = arg()
    local was = redis.call('HMGET', job_key(id), 'state', 'queue', 'repository')
    local state = was[1]
    if not state or state == 'unknown' then return end
    if state == 'leased' then
        redis.call('HSET', job_key(id), 'cancel', '1')
        return forget_next(id)
    end
    redis.call('ZREM', line_key(was[2], was[3]), id)
    redis.call('ZREM', P .. 'delayed', id)
    forget(id)
end)

times(function() put(unpack(job_arguments(heir))) end)
return 'done'
