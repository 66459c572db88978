// What the model keeps beside jobs: deliveries, records, indexes, logs, and what can be asked of
// it.
#include <algorithm>

#include "queue/limits.hpp"
#include "queue/memory/model.hpp"
#include "service/base/json.hpp"
#include "service/model/keys.hpp"

namespace slipway {

Accepted QueueModel::accept(const Delivery& delivery, std::int64_t now) {
    auto kept = delivery;
    for (bool beside : {false, true}) {
        if (beside) kept.id += "~" + delivery.event;
        auto& place = deliveries_[kept.forge + "/" + kept.id];
        Job job;
        job.id = jobs::event(kept.forge, kept.id).id;
        job.kind = JobKind::event;
        job.repository = kept.repository;
        if (place.until > now && place.delivery.event == delivery.event) {
            const auto earlier = jobs_.find(job.id.value);
            if (earlier != jobs_.end() && earlier->second.state == State::dead) put(job, now);
            return Accepted::duplicate;
        }
        if (place.until > now) continue;
        place = {kept, now + delivery_kept_ms};
        put(job, now);
        return Accepted::stored;
    }
    return Accepted::duplicate;
}

std::optional<Delivery> QueueModel::delivery(const std::string& forge, const std::string& id,
                                             std::int64_t now) const {
    auto at = deliveries_.find(forge + "/" + id);
    if (at == deliveries_.end() || at->second.until <= now) return std::nullopt;
    return at->second.delivery;
}

Record QueueModel::read(const std::string& key) const {
    auto at = records_.find(key);
    return at == records_.end() ? Record{} : at->second;
}

std::vector<std::pair<std::string, std::int64_t>> QueueModel::list(const std::string& index,
                                                                   std::int64_t before,
                                                                   int count) const {
    std::vector<std::pair<std::string, std::int64_t>> out;
    auto at = indexes_.find(index);
    if (at == indexes_.end() || count <= 0) return out;
    for (const auto& [member, score] : at->second)
        if (before == 0 || score < before) out.emplace_back(member, score);
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
        return std::tie(a.second, a.first) > std::tie(b.second, b.first);
    });
    if (out.size() > static_cast<std::size_t>(count)) out.resize(static_cast<std::size_t>(count));
    return out;
}

std::vector<std::string> QueueModel::lane(const std::string& lane) const {
    std::vector<std::string> out;
    if (auto at = lanes_.find(lane); at != lanes_.end())
        for (const auto& member : at->second) out.push_back(member.name);
    return out;
}

std::optional<int> QueueModel::place_in_queue(const JobId& id) const {
    auto at = jobs_.find(id.value);
    if (at == jobs_.end() || at->second.state != State::waiting) return std::nullopt;
    const auto& own = at->second.job.repository;
    const auto& turns = queues_.at(at->second.job.queue);
    const auto& line = turns.lines.at(own);
    const auto place = std::distance(line.begin(), line.find({at->second.place, at->first}));
    // Of each other repository come as many before as have their turn before.
    auto before = place, most = place + 1;
    for (const auto& [turn, repository] : turns.order) {
        if (repository == own)
            --most;
        else if (const auto other = turns.lines.find(repository); other != turns.lines.end())
            before += std::min(std::ssize(other->second), most);
    }
    return static_cast<int>(before);
}

bool QueueModel::append_log(const std::string& run, std::uint64_t fence, const std::string& bytes) {
    auto& log = logs_[run];
    if (fence < log.fence) return false;
    log.fence = fence;
    log.bytes += bytes;
    return true;
}

std::string QueueModel::read_log(const std::string& run, std::size_t offset,
                                 std::size_t at_most) const {
    auto at = logs_.find(run);
    if (at == logs_.end() || offset >= at->second.bytes.size()) return "";
    return at->second.bytes.substr(offset, at_most);
}

QueueStatus QueueModel::status() const {
    QueueStatus out;
    for (const auto& [name, turns] : queues_)
        for (const auto& [repository, waiting] : turns.lines)
            if (!waiting.empty()) out.waiting[name] += std::ssize(waiting);
    out.leased = static_cast<std::int64_t>(leased_.size());
    out.delayed = static_cast<std::int64_t>(delayed_.size());
    out.dead = static_cast<std::int64_t>(dead_.size());
    return out;
}

std::optional<std::int64_t> QueueModel::next_due() const {
    if (delayed_.empty()) return std::nullopt;
    return delayed_.begin()->first;
}

}  // namespace slipway
