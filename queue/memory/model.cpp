// Jobs, leases, lanes and commits of the model; what it merely keeps is in model_state.cpp.
#include "queue/memory/model.hpp"

#include <algorithm>

#include "queue/limits.hpp"

namespace slipway {
namespace {

std::string taker(const Lease& lease) {
    return lease.job.value + "@" + std::to_string(lease.fence);
}

// A job that names no repository is of that of the job that leaves it.
Job inherited(Job job, const std::string& heir) {
    if (job.repository.empty()) job.repository = heir;
    return job;
}

bool is_excepted(const std::string& repository, const std::vector<std::string>& except) {
    return std::any_of(except.begin(), except.end(), [&](const std::string& name) {
        return name.ends_with('/') ? repository.starts_with(name) : repository == name;
    });
}

}  // namespace

void QueueModel::Turns::drop(const std::string& repository) {
    const auto at = next.find(repository);
    if (at == next.end()) return;
    order.erase({at->second, repository});
    next.erase(at);
}

void QueueModel::Turns::set(const std::string& repository, std::int64_t turn) {
    drop(repository);
    next[repository] = turn;
    order.insert({turn, repository});
}

// One rising number orders waiting jobs and fences leases: the time in µs, or the last one + 1.
std::int64_t QueueModel::tick(std::int64_t now) { return tick_ = std::max(tick_ + 1, now * 1000); }

QueueModel::Ordered& QueueModel::place_of(const Entry& entry) {
    switch (entry.state) {
        case State::waiting:
            return queues_[entry.job.queue].lines[entry.job.repository];
        case State::leased:
            return leased_;
        case State::delayed:
            return delayed_;
        case State::dead:
            return dead_;
        case State::unknown:
            break;
    }
    return unknown_;
}

void QueueModel::move(const std::string& id, Entry& entry, State state, std::int64_t place) {
    place_of(entry).erase({entry.place, id});
    entry.state = state;
    entry.place = place;
    place_of(entry).insert({place, id});
    if (state != State::waiting) return;
    auto& turns = queues_[entry.job.queue];
    if (!turns.next.contains(entry.job.repository)) turns.set(entry.job.repository, turns.present);
}

void QueueModel::drop(Jobs::iterator at) {
    place_of(at->second).erase({at->second.place, at->first});
    std::erase_if(lapsed_, [&](const auto& named) { return named.second == at->first; });
    jobs_.erase(at);
}

void QueueModel::wait(const std::string& id, Entry& entry, std::int64_t now) {
    entry.order = tick(now) - bounded_priority(entry.job.priority) * priority_step_us;
    entry.backs_off = false;
    move(id, entry, State::waiting, entry.order);
}

void QueueModel::fresh(const Job& job, std::int64_t due, std::int64_t now) {
    if (auto at = jobs_.find(job.id.value); at != jobs_.end()) drop(at);
    auto& entry = jobs_[job.id.value];
    entry.job = job;
    if (due > now)
        move(job.id.value, entry, State::delayed, due);
    else
        wait(job.id.value, entry, now);
}

// Asking twice is asking once.
void QueueModel::put(const Job& job, std::int64_t now) {
    auto at = jobs_.find(job.id.value);
    if (at == jobs_.end() || at->second.state == State::dead)
        return fresh(job, job.not_before_ms, now);
    auto& entry = at->second;
    if (entry.state == State::leased) {
        entry.next_due =
            entry.next ? std::min(entry.next_due, job.not_before_ms) : job.not_before_ms;
        if (!entry.next) entry.next = job;
    } else if (entry.state == State::delayed && !entry.backs_off &&
               job.not_before_ms < entry.place) {
        if (job.not_before_ms > now)
            move(at->first, entry, State::delayed, job.not_before_ms);
        else
            wait(at->first, entry, now);
    }
}

void QueueModel::promote(std::int64_t now) {
    for (int i = 0; i < batch_limit; ++i) {
        auto first = delayed_.begin();
        if (first == delayed_.end() || first->first > now) return;
        auto at = jobs_.find(first->second);
        wait(at->first, at->second, now);
    }
}

void QueueModel::done(Jobs::iterator at, std::int64_t now) {
    const auto next = at->second.next;
    const auto due = at->second.next_due;
    drop(at);
    if (next) fresh(*next, due, now);
}

// Neither done nor to be tried again: dead, or unknown if its apply had begun.
void QueueModel::give_up(Jobs::iterator at, std::int64_t now) {
    auto& entry = at->second;
    if (!entry.begun && entry.next) return done(at, now);
    entry.next.reset();
    move(at->first, entry, entry.begun ? State::unknown : State::dead, now);
    lapsed_.insert({now, at->first});
    while (dead_.size() > dead_limit) drop(jobs_.find(dead_.begin()->second));
}

void QueueModel::cancel(const std::string& id) {
    auto at = jobs_.find(id);
    if (at == jobs_.end() || at->second.state == State::unknown) return;
    if (at->second.state != State::leased) return drop(at);
    at->second.cancel = true;
    at->second.next.reset();
}

void QueueModel::enter(const EnterLane& enter, const std::string& heir, std::int64_t now) {
    auto& lane = lanes_[enter.lane];
    for (const auto& member : lane)
        if (member.name == enter.member) return;
    lane.push_back({enter.member, inherited(enter.job, heir)});
    if (lane.size() == 1) put(lane.front().job, now);
}

void QueueModel::leave(const LeaveLane& leave, std::int64_t now) {
    auto at = lanes_.find(leave.lane);
    if (at == lanes_.end()) return;
    auto& lane = at->second;
    auto member = std::find_if(lane.begin(), lane.end(),
                               [&](const auto& m) { return m.name == leave.member; });
    if (member == lane.end()) return;
    const bool was_first = member == lane.begin();
    lane.erase(member);
    if (lane.empty())
        lanes_.erase(at);
    else if (was_first)
        put(lane.front().job, now);
}

QueueModel::Jobs::iterator QueueModel::held(const Lease& lease) {
    auto at = jobs_.find(lease.job.value);
    if (at != jobs_.end() && at->second.state == State::leased && at->second.fence == lease.fence)
        return at;
    return jobs_.end();
}

Committed QueueModel::commit(const Commit& commit, std::int64_t now) {
    check(commit);
    auto holding = jobs_.end();
    if (commit.holding && (holding = held(*commit.holding)) == jobs_.end()) return Committed::stale;
    for (const auto& name : commit.once)
        if (once_.contains(name)) return Committed::conflict;
    if (commit.begin && holding->second.cancel) return Committed::conflict;
    for (const auto& record : commit.records)
        if (read(record.key).version != record.expected_version) return Committed::conflict;

    const auto heir = commit.holding ? holding->second.job.repository : "";
    if (commit.finish) done(holding, now);
    if (commit.begin) holding->second.begun = true;
    for (const auto& name : commit.once)
        once_[name] = commit.holding ? taker(*commit.holding) : "commit";
    for (const auto& record : commit.records)
        records_[record.key] = {record.expected_version + 1, record.body};
    for (const auto& item : commit.leave) leave(item, now);
    for (const auto& item : commit.enter) enter(item, heir, now);
    for (const auto& item : commit.index) indexes_[item.index][item.member] = item.score;
    for (const auto& id : commit.cancel) cancel(id.value);
    for (const auto& job : commit.jobs) put(inherited(job, heir), now);
    return Committed::done;
}

std::optional<ClaimedJob> QueueModel::claim(const std::string& queue,
                                            std::chrono::milliseconds lease,
                                            const std::vector<std::string>& except,
                                            std::int64_t now) {
    promote(now);
    auto& turns = queues_[queue];
    auto turn = turns.order.begin();
    while (turn != turns.order.end()) {
        const auto [at, repository] = *turn++;
        if (is_excepted(repository, except)) continue;
        const auto& line = turns.lines[repository];
        if (line.empty()) {
            turns.drop(repository);
            continue;
        }
        const auto job = jobs_.find(line.begin()->second);
        auto& entry = job->second;
        turns.present = std::max(turns.present, at);
        turns.set(repository, turns.present + 1);
        entry.fence = static_cast<std::uint64_t>(tick(now));
        ++entry.attempt;
        move(job->first, entry, State::leased, now + lease.count());
        return ClaimedJob{entry.job, {entry.job.id, entry.fence}, entry.attempt};
    }
    return std::nullopt;
}

Renewed QueueModel::renew(const Lease& lease, std::chrono::milliseconds for_another,
                          std::int64_t now) {
    auto at = held(lease);
    if (at == jobs_.end()) return Renewed::lost;
    move(at->first, at->second, State::leased, now + for_another.count());
    return at->second.cancel ? Renewed::cancel_wanted : Renewed::held;
}

std::optional<Job> QueueModel::leased(const Lease& lease) {
    const auto at = held(lease);
    if (at == jobs_.end()) return std::nullopt;
    return at->second.job;
}

bool QueueModel::finish(const Lease& lease, std::int64_t now) {
    auto at = held(lease);
    if (at == jobs_.end()) return false;
    done(at, now);
    return true;
}

bool QueueModel::retry(const Lease& lease, std::chrono::milliseconds delay, const std::string& why,
                       std::int64_t now) {
    auto at = held(lease);
    if (at == jobs_.end()) return false;
    auto& entry = at->second;
    entry.why = why;
    if (entry.begun || entry.attempt >= attempts_limit) {
        give_up(at, now);
        return true;
    }
    entry.next.reset();
    entry.backs_off = delay.count() > 0;
    if (entry.backs_off)
        move(at->first, entry, State::delayed, now + delay.count());
    else
        move(at->first, entry, State::waiting, entry.order);
    return true;
}

bool QueueModel::put_back(const Lease& lease, std::chrono::milliseconds delay,
                          const std::string& why, std::int64_t now) {
    auto at = held(lease);
    if (at == jobs_.end()) return false;
    --at->second.attempt;
    return retry(lease, delay, why, now);
}

bool QueueModel::dead_letter(const Lease& lease, const std::string& why, std::int64_t now) {
    auto at = held(lease);
    if (at == jobs_.end()) return false;
    at->second.why = why;
    give_up(at, now);
    return true;
}

std::vector<Lapsed> QueueModel::expire(std::int64_t now, std::int64_t as_of) {
    std::vector<Lapsed> out;
    promote(now);
    for (int i = 0; i < batch_limit; ++i) {
        auto first = leased_.begin();
        if (first == leased_.end() || first->first > std::min(now, as_of)) break;
        auto at = jobs_.find(first->second);
        auto& entry = at->second;
        if (entry.begun || entry.attempt >= attempts_limit) {
            give_up(at, now);
            continue;
        }
        entry.next.reset();
        move(at->first, entry, State::waiting, entry.order);
        out.push_back({entry.job, Lapsed::Fate::again, entry.why});
    }
    for (int i = 0; i < batch_limit; ++i) {
        auto first = lapsed_.begin();
        if (first == lapsed_.end() || first->first > now) break;
        const auto id = first->second;
        lapsed_.erase(first);
        lapsed_.insert({now + name_again_ms, id});
        const auto& entry = jobs_.at(id);
        const auto fate =
            entry.state == State::unknown ? Lapsed::Fate::unknown : Lapsed::Fate::dead;
        out.push_back({entry.job, fate, entry.why});
    }
    return out;
}

int QueueModel::end_leases(std::int64_t now) {
    const auto ended = leased_;
    for (const auto& [until, id] : ended) move(id, jobs_.at(id), State::leased, now);
    return static_cast<int>(ended.size());
}

void QueueModel::acknowledge_expired(const JobId& id) {
    auto at = jobs_.find(id.value);
    if (at == jobs_.end()) return;
    if (at->second.state == State::unknown) return drop(at);
    std::erase_if(lapsed_, [&](const auto& named) { return named.second == id.value; });
}

bool QueueModel::begin_apply(const Lease& lease, const std::string& once) {
    auto at = held(lease);
    if (at == jobs_.end() || at->second.cancel) return false;
    auto [name, taken] = once_.try_emplace(once, taker(lease));
    if (!taken && name->second != taker(lease)) return false;
    at->second.begun = true;
    return true;
}

}  // namespace slipway
