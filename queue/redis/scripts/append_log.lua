-- A log grows under the newest fence it has seen: a late writer adds nothing. ARGV: run, fence, bytes
local run, fence, bytes = arg(), arg(), arg()
local newest = redis.call('GET', P .. 'logfence:' .. run)
if newest and tonumber(fence) < tonumber(newest) then return 0 end
if newest ~= fence then redis.call('SET', P .. 'logfence:' .. run, fence) end
redis.call('APPEND', P .. 'log:' .. run, bytes)
return 1
