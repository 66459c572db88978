// The queue as plain data and plain functions: what every script in redis/scripts must do, said
// once in C++. Time is an argument. The property test runs random operations against both and
// compares.
//
// Invariants: a job is in exactly one of waiting, leased, delayed, dead, unknown; ticks (order of
// waiting jobs, fences) only rise; of a lane's members only the first has had its job made ready.
#pragma once
#include <set>

#include "queue/queue.hpp"

namespace slipway {

class QueueModel {
  public:
    Accepted accept(const Delivery& delivery, std::int64_t now);
    std::optional<Delivery> delivery(const std::string& forge, const std::string& id,
                                     std::int64_t now) const;

    Record read(const std::string& key) const;
    Committed commit(const Commit& commit, std::int64_t now);
    std::vector<std::pair<std::string, std::int64_t>> list(const std::string& index,
                                                           std::int64_t before, int count) const;
    std::vector<std::string> lane(const std::string& lane) const;
    std::optional<int> place_in_queue(const JobId& id) const;

    std::optional<ClaimedJob> claim(const std::string& queue, std::chrono::milliseconds lease,
                                    const std::vector<std::string>& except, std::int64_t now);
    Renewed renew(const Lease& lease, std::chrono::milliseconds for_another, std::int64_t now);
    std::optional<Job> leased(const Lease& lease);
    bool finish(const Lease& lease, std::int64_t now);
    bool retry(const Lease& lease, std::chrono::milliseconds delay, const std::string& why,
               std::int64_t now);
    bool put_back(const Lease& lease, std::chrono::milliseconds delay, const std::string& why,
                  std::int64_t now);
    bool dead_letter(const Lease& lease, const std::string& why, std::int64_t now);
    std::vector<Lapsed> expire(std::int64_t now, std::int64_t as_of);
    int end_leases(std::int64_t now);
    void acknowledge_expired(const JobId& id);
    bool begin_apply(const Lease& lease, const std::string& once);

    bool append_log(const std::string& run, std::uint64_t fence, const std::string& bytes);
    std::string read_log(const std::string& run, std::size_t offset, std::size_t at_most) const;

    QueueStatus status() const;
    std::optional<std::int64_t> next_due() const;  // of the delayed jobs

  private:
    enum class State { waiting, leased, delayed, dead, unknown };
    struct Entry {
        Job job;
        State state = State::waiting;
        std::int64_t place = 0;  // waiting: score in its line; delayed: due; leased: until when
        std::int64_t order = 0;  // score in its line, once it has had one
        std::uint64_t fence = 0;
        int attempt = 0;
        bool backs_off = false;
        bool cancel = false;
        bool begun = false;
        std::optional<Job> next;  // asked for again while leased
        std::int64_t next_due = 0;
        std::string why;
    };
    struct LaneMember {
        std::string name;
        Job job;
    };
    struct KeptDelivery {
        Delivery delivery;
        std::int64_t until = 0;
    };
    struct Log {
        std::uint64_t fence = 0;
        std::string bytes;
    };
    using Jobs = std::map<std::string, Entry>;
    using Ordered = std::set<std::pair<std::int64_t, std::string>>;
    // Of one queue: whose turn it is. A repository whose line is empty keeps its place until its
    // turn comes, so that leaving and returning gains nothing.
    struct Turns {
        Ordered order;                             // repositories by the turn that is theirs next
        std::map<std::string, std::int64_t> next;  // the same, by repository
        std::int64_t present = 0;  // of the job handed out last; who comes anew begins here
        std::map<std::string, Ordered> lines;  // by repository: its waiting jobs
        void set(const std::string& repository, std::int64_t turn);
        void drop(const std::string& repository);
    };

    std::int64_t tick(std::int64_t now);
    Ordered& place_of(const Entry& entry);
    void move(const std::string& id, Entry& entry, State state, std::int64_t place);
    void drop(Jobs::iterator at);
    void wait(const std::string& id, Entry& entry, std::int64_t now);
    void fresh(const Job& job, std::int64_t due, std::int64_t now);
    void put(const Job& job, std::int64_t now);
    void promote(std::int64_t now);
    void done(Jobs::iterator at, std::int64_t now);
    void give_up(Jobs::iterator at, std::int64_t now);
    void cancel(const std::string& id);
    void enter(const EnterLane& enter, const std::string& heir, std::int64_t now);
    void leave(const LeaveLane& leave, std::int64_t now);
    Jobs::iterator held(const Lease& lease);

    std::int64_t tick_ = 0;
    Jobs jobs_;
    std::map<std::string, Turns> queues_;
    Ordered leased_, delayed_, dead_, unknown_;
    Ordered lapsed_;  // unknown and dead ones to be named by expire(), by when
    std::map<std::string, Record> records_;
    std::map<std::string, std::vector<LaneMember>> lanes_;
    std::map<std::string, std::map<std::string, std::int64_t>> indexes_;
    std::map<std::string, std::string> once_;
    std::map<std::string, KeptDelivery> deliveries_;
    std::map<std::string, Log> logs_;
};

}  // namespace slipway
