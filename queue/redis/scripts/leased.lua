-- What job somebody works on, while the lease holds; changes nothing.
-- ARGV: job, fence. Answers repository, data; nothing: the lease has gone
--include jobs.lua
local id, fence = arg(), arg()
if not holds(id, fence) then return false end
return redis.call('HMGET', job_key(id), 'repository', 'data')
