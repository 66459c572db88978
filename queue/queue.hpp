// The memory: what outlives a process, and who works on it. One state change is one call: commit()
// stores records, moves lanes and leaves the jobs that follow, all or nothing, if the caller still
// holds its lease. Two implementations: redis/ (Lua scripts, one round trip each) and memory/ (the
// model the scripts are tested against, and what `slipway preview` runs on).
//
//   record   a JSON text under a key ("run/01J…", "pull/local/acme/infra/7") with a version that
//   rises by
//            one with each write; versions start at 1, 0 means "absent". Redis holds records under
//            a MAC (rule S1); one that was edited there is refused with a Failure(never).
//   job      see service/model/job.hpp. Leased to one holder at a time; each lease has a fence, a
//   number
//            that only rises. Whoever comes with an older fence is refused. In Redis under a MAC as
//            records are; one that somebody else left there is a dead letter, never handed out.
//   turn     the repositories of a queue's waiting jobs are served one after the other, first come
//   first
//            served (and by priority) within each. A job that names no repository is of the
//            repository of the job whose commit leaves it.
//   lane     an ordered list of members (run ids) of which the first may go: entering an empty
//   lane, or
//            becoming first in it, makes the member's job ready. What touches a stack's state goes
//            through its lane.
//   index    a sorted set of record keys, newest first, for lists.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "service/base/result.hpp"
#include "service/base/task.hpp"
#include "service/model/event.hpp"
#include "service/model/job.hpp"
#include "service/model/lease.hpp"
#include "service/model/secret.hpp"
#include "service/model/words.hpp"

namespace slipway {

struct Record {
    std::uint64_t version = 0;  // 0: absent
    std::string body;           // JSON text
    bool operator==(const Record&) const = default;
};

struct ClaimedJob {
    Job job;
    Lease lease;
    int attempt = 1;  // counted when handed out, before anything can crash on it
};

struct WriteRecord {
    std::string key;
    std::uint64_t expected_version = 0;  // must be the present one; 0: must be absent
    std::string body;
};
struct EnterLane {
    std::string lane;
    std::string member;
    Job job;  // made ready when the member is first
};
struct LeaveLane {
    std::string lane;
    std::string member;  // anywhere in the lane; absent: nothing happens
};
struct AddToIndex {
    std::string index;
    std::string member;
    std::int64_t score = 0;
};

struct Commit {
    std::optional<Lease> holding;  // refused with `stale` unless this lease still holds
    bool finish = false;           // and the job is done
    bool begin = false;            // and its apply begins: from now on it is never simply run again
    std::vector<WriteRecord> records;  // at most 4 096
    std::vector<EnterLane> enter;
    std::vector<LeaveLane> leave;
    std::vector<AddToIndex> index;
    std::vector<Job> jobs;      // see job.hpp for what happens to one that exists
    std::vector<JobId> cancel;  // jobs that wait are dropped; leased ones are marked (see renew)
    std::vector<std::string>
        once;  // names that may be taken once ever (done/<plan digest>); taken: `conflict`
};
// In this order: the lease, `once` and the versions are checked; then finish, begin, once, records,
// leave, enter, index, cancel, jobs. A job that somebody wants cancelled does not begin:
// `conflict`. Throws Failure(never) where a commit contradicts itself: a record written twice, more
// than 4 096 of them, a finish or begin without a lease, or both.
void check(const Commit& commit);

enum class Committed { done, stale, conflict };
BOOST_DESCRIBE_ENUM(Committed, done, stale, conflict)

// Thrown by a job's function whose commit was a `conflict`: what it had read was written by
// somebody else meanwhile. The consumer runs it again at once, from its reading on, which is no
// attempt that counts.
struct Overtaken : Failure {
    explicit Overtaken(std::string what)
        : Failure(std::move(what), std::chrono::milliseconds(50)) {}
};

enum class Accepted { stored, duplicate };
BOOST_DESCRIBE_ENUM(Accepted, stored, duplicate)

// What ended without a finish: the lease ran out and the job went back to its queue; or its apply
// had begun and nobody saw the end, so that somebody must find out; or it is dead: given up, or out
// of attempts.
struct Lapsed {
    Job job;
    enum class Fate { again, unknown, dead } fate = Fate::again;
    std::string why;  // the last reason given to retry() or dead_letter(), if any
    BOOST_DESCRIBE_NESTED_ENUM(Fate, again, unknown, dead)
};

struct QueueStatus {
    std::map<std::string, std::int64_t> waiting;  // by queue
    std::int64_t leased = 0;
    std::int64_t delayed = 0;
    std::int64_t dead = 0;
};

inline constexpr int attempts_limit = 8;

class Queue {
  public:
    virtual ~Queue() = default;

    // --- intake: one round trip, in Redis when it returns. Throws Failure where it could not be
    // stored. What "in Redis" is worth is its configuration: the embedded server is told
    // `appendfsync everysec`, so a power cut, a failover, or its own death while the disk is slow
    // may lose the last two seconds. (`always` would lose nothing, and takes a third off the
    // webhooks a second: tests/bench/p2_node.cpp, 5.1 against 3.4 times Node.) What must not
    // be lost even then stands elsewhere: applies that began in the worker's journal, everything
    // else on the forge, where it is read again. Deduplicates by forge + id + event for eight days
    // and leaves the job event/<forge>/<id>. (The event's name is not signed: another event under
    // an id already stored is kept beside it, as <id>~<event>.) Delivered again after its job died,
    // it is a duplicate whose job waits once more.
    virtual Task<Accepted> accept(Delivery delivery) = 0;
    // The stored delivery of an event job; nullopt: gone (older than eight days).
    virtual Task<std::optional<Delivery>> delivery(std::string forge, std::string id) = 0;

    // --- state
    virtual Task<Record> read(std::string key) = 0;
    virtual Task<std::vector<Record>> read_many(std::vector<std::string> keys) = 0;
    virtual Task<Committed> commit(Commit commit) = 0;
    // Newest first: members with score < before (0: from the top), at most `count`.
    virtual Task<std::vector<std::pair<std::string, std::int64_t>>> list(std::string index,
                                                                         std::int64_t before,
                                                                         int count) = 0;
    virtual Task<std::vector<std::string>> lane(std::string lane) = 0;  // first to last
    // How many jobs of the queue stand before this one; nullopt: it does not wait.
    virtual Task<std::optional<int>> place_in_queue(JobId job) = 0;

    // --- work. Waits up to `wait` for a job of that queue. A lease holds until expire() takes it
    // back. `except` is asked each time before the queue is looked at whose jobs are not wanted
    // now: a repository, or "forge/owner/" or "forge/" for all below. Costs as much as names are
    // excepted.
    using Exceptions = std::function<std::vector<std::string>()>;
    virtual Task<std::optional<ClaimedJob>> claim(std::string queue, std::string holder,
                                                  std::chrono::milliseconds lease,
                                                  std::chrono::milliseconds wait,
                                                  Exceptions except) = 0;
    Task<std::optional<ClaimedJob>> claim(std::string queue, std::string holder,
                                          std::chrono::milliseconds lease,
                                          std::chrono::milliseconds wait) {
        return claim(std::move(queue), std::move(holder), lease, wait, nullptr);
    }
    // Whoever waits in claim() in this process looks again at once: what it excepts has changed.
    virtual void look_again() = 0;
    // `cancel_wanted` stays with the job over later leases; the lease is prolonged all the same.
    virtual Task<Renewed> renew(Lease lease, std::chrono::milliseconds for_another) = 0;
    // The job of a lease that still holds; nullopt: it has gone.
    virtual Task<std::optional<Job>> leased(Lease lease) = 0;
    // The job is done. False: the lease had gone to somebody else.
    virtual Task<bool> finish(Lease lease) = 0;
    // Back to the queue after `delay`; after attempts_limit attempts it is dead and kept for
    // people. A job that backs off is not pulled forward by those who ask for it. One whose apply
    // has begun is never retried: retry() and dead_letter() give it the fate `unknown`.
    virtual Task<bool> retry(Lease lease, std::chrono::milliseconds delay, std::string why) = 0;
    virtual Task<bool> dead_letter(Lease lease, std::string why) = 0;
    // As retry(), but the attempt does not count: the job had to wait, and nobody failed.
    virtual Task<bool> put_back(Lease lease, std::chrono::milliseconds delay, std::string why) = 0;
    // Takes back leases that ran out before `as_of`, a time that now_ms() answered: so a process
    // that stands still with its question on the way takes back no lease that could not be renewed
    // meanwhile. Wakes delayed jobs that are due. Call once a second. The unknown and the dead are
    // named again every half a minute until acknowledge_expired(), so that no crash forgets them.
    virtual Task<std::vector<Lapsed>> expire(
        std::int64_t as_of = std::numeric_limits<std::int64_t>::max()) = 0;
    virtual Task<std::int64_t> now_ms() = 0;  // by the clock that ends leases
    // Every lease ends now; how many there were. For the start of the only process that works on
    // this queue: whoever held one is dead.
    virtual Task<int> end_leases() = 0;
    // What lapsed has been seen to: an unknown job is dropped, a dead one kept without being named.
    virtual Task<void> acknowledge_expired(JobId job) = 0;
    // What Commit::begin and `once` do, without a record: marks a leased job as one that must not
    // simply run again if its lease lapses, and takes the name (done/<plan digest>). False where
    // the lease is stale, the job is to be cancelled or the name was taken. True again for the
    // lease that took it: an answer was lost.
    virtual Task<bool> begin_apply(Lease lease, std::string once) = 0;

    // --- logs of runs: bytes, appended under a fence, read from an offset.
    virtual Task<bool> append_log(std::string run, std::uint64_t fence, std::string bytes) = 0;
    virtual Task<std::string> read_log(std::string run, std::size_t offset,
                                       std::size_t at_most) = 0;

    virtual Task<QueueStatus> status() = 0;
    // Whose data this is: the id of the installation that wrote here first, `ours` where there was
    // none.
    virtual Task<std::string> installation(std::string ours) = 0;
    virtual Task<void> check_storable() = 0;  // throws Failure where an event could not be stored
};

// Everything in this process, gone with it.
std::unique_ptr<Queue> make_memory_queue(asio::any_io_executor executor, const class Clock& clock);

struct RedisAddress {
    std::string url;  // redis://[user@]host:port[/db] or unix:///path
    Secret password;
};
// Connects lazily and again after every loss; commands while it is away fail with Failure(later).
std::unique_ptr<Queue> make_redis_queue(asio::any_io_executor executor, RedisAddress address,
                                        Secret record_key);

}  // namespace slipway
