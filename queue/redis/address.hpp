// Where a Redis is: redis://[user@]host[:port][/database] or unix:///path.
#pragma once
#include <string>

#include "service/base/result.hpp"

namespace slipway {

struct RedisPlace {
    std::string path;  // of a unix socket; "": host and port
    std::string host;
    std::string port = "6379";
    std::string user;
    std::string database;  // "": the first
};

Result<RedisPlace> parse_redis_url(const std::string& url);

}  // namespace slipway
