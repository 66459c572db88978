#include "queue/redis/reply.hpp"

#include <hiredis/hiredis.h>

#include <array>
#include <charconv>

#include "service/base/result.hpp"

namespace slipway {

// --- hiredis builds our values: each callback returns the place of what it made
// ---------------------------

namespace {

struct Counts {
    std::size_t elements = 0;  // of the reply that is being read
    std::size_t limit = 0;
};

// A root is ours to delete until next() takes it; the rest lives in its parent.
RedisReply* place_for(const redisReadTask* task) {
    if (!task->parent) return new RedisReply;
    return &static_cast<RedisReply*>(task->parent->obj)->items[static_cast<std::size_t>(task->idx)];
}

void* create_text(const redisReadTask* task, char* bytes, std::size_t size) {
    auto* reply = place_for(task);
    reply->kind =
        task->type == REDIS_REPLY_ERROR ? RedisReply::Kind::error : RedisReply::Kind::text;
    reply->text.assign(bytes, size);
    return reply;
}

template <class N>
void* create_list(const redisReadTask* task, N elements) {
    auto& counts = *static_cast<Counts*>(task->privdata);
    counts.elements += static_cast<std::size_t>(elements);
    if (counts.elements > counts.limit) return nullptr;
    auto* reply = place_for(task);
    reply->kind = RedisReply::Kind::list;
    reply->items.resize(static_cast<std::size_t>(elements));
    return reply;
}

void* create_number(const redisReadTask* task, long long number) {
    auto* reply = place_for(task);
    reply->kind = RedisReply::Kind::number;
    reply->number = number;
    return reply;
}

void* create_nil(const redisReadTask* task) { return place_for(task); }

void free_reply(void* reply) { delete static_cast<RedisReply*>(reply); }

redisReplyObjectFunctions make_functions() {
    redisReplyObjectFunctions functions{};
    functions.createString = &create_text;
    functions.createArray = &create_list;
    functions.createInteger = &create_number;
    functions.createNil = &create_nil;
    functions.freeObject = &free_reply;
    return functions;
}

}  // namespace

struct ReplyReader::Impl {
    explicit Impl(ReplyLimits l) : limits(l), reader(redisReaderCreateWithFunctions(&functions)) {
        if (!reader) throw std::bad_alloc();
        counts.limit = limits.elements;
        reader->privdata = &counts;
        reader->maxbuf = 0;  // keeps no large buffer for later
    }
    ~Impl() { redisReaderFree(reader); }

    [[noreturn]] void refuse() {
        std::string why = reader->errstr;
        if (counts.elements > counts.limit) why = "more elements than we take";
        throw Failure("what Redis answered cannot be read: " + why);
    }

    redisReplyObjectFunctions functions = make_functions();
    ReplyLimits limits;
    redisReader* reader;
    Counts counts;
    std::size_t unread = 0;  // bytes fed since the last whole reply
};

ReplyReader::ReplyReader(ReplyLimits limits) : impl_(std::make_unique<Impl>(limits)) {}
ReplyReader::~ReplyReader() = default;

void ReplyReader::feed(std::string_view bytes) {
    impl_->unread += bytes.size();
    if (impl_->unread > impl_->limits.bytes)
        throw Failure("what Redis answered is larger than " +
                      std::to_string(impl_->limits.bytes >> 20) + " MB");
    if (redisReaderFeed(impl_->reader, bytes.data(), bytes.size()) != REDIS_OK) impl_->refuse();
}

std::optional<RedisReply> ReplyReader::next() {
    void* raw = nullptr;
    if (redisReaderGetReply(impl_->reader, &raw) != REDIS_OK) impl_->refuse();
    if (!raw) return std::nullopt;
    impl_->counts.elements = 0;
    impl_->unread = impl_->reader->len - impl_->reader->pos;
    std::unique_ptr<RedisReply> reply(static_cast<RedisReply*>(raw));
    return std::move(*reply);
}

// By hand, since hiredis prints each length by way of a general formatter into a string of its own:
// a tenth of what an accepted webhook costs beside its hash (tests/bench/p2_node.cpp).
void add_command(std::string& wire, const std::vector<std::string>& words) {
    const auto add_size = [&](char mark, std::size_t size) {
        std::array<char, 24> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size).ptr;
        wire.push_back(mark);
        wire.append(digits.data(), end).append("\r\n");
    };
    add_size('*', words.size());
    for (const auto& word : words) {
        add_size('$', word.size());
        wire.append(word).append("\r\n");
    }
}

// --- errors
// ------------------------------------------------------------------------------------------------

namespace {

struct KnownError {
    std::string_view code;
    const char* sentence;
};

constexpr KnownError passing_errors[] = {
    {"OOM", "Redis is out of memory: raise its maxmemory"},
    {"READONLY", "this Redis is a replica and takes no writes: configure its primary"},
    {"LOADING", "Redis is still loading its data"},
    {"MISCONF", "Redis cannot write to its disk: look at its log and free some space"},
    {"MASTERDOWN", "this Redis has lost its primary"},
    {"CLUSTERDOWN", "the Redis cluster is down"},
    {"TRYAGAIN", "the Redis cluster is moving data"},
    {"NOREPLICAS", "Redis wants replicas that it does not have"},
    {"BUSY", "Redis is busy with a script"},
    {"NOAUTH", "Redis wants a password: set redis.password"},
    {"WRONGPASS", "Redis refuses the user or password: check redis.url and redis.password"},
    {"NOPERM", "the Redis user may not do this: give it all commands on {slipway}:*"},
    {"ERR max number of clients", "Redis has no connections left"},
};

// As the server says it, or from within a script as older servers quote it.
bool says(std::string_view error, std::string_view code) {
    return error.substr(0, code.size()) == code ||
           error.find("-" + std::string(code) + " ") != error.npos;
}

}  // namespace

RedisReply expect_no_error(RedisReply reply) {
    if (!reply.is_error()) return reply;
    for (const auto& known : passing_errors)
        if (says(reply.text, known.code)) throw Failure(known.sentence);
    throw Failure("Redis refused a command: " + reply.text, Retry::never);
}

}  // namespace slipway
