// What holds for both implementations of the queue.
#include "queue/queue.hpp"

#include <set>

namespace slipway {

void check(const Commit& commit) {
    if ((commit.finish || commit.begin) && !commit.holding)
        throw Failure("a commit can finish a job or begin its apply only while it holds its lease",
                      Retry::never);
    if (commit.finish && commit.begin)
        throw Failure("a commit cannot both begin an apply and finish its job", Retry::never);
    if (commit.records.size() > 4096)
        throw Failure("a commit writes at most 4096 records; split it", Retry::never);
    std::set<std::string_view> keys;
    for (const auto& record : commit.records)
        if (!keys.insert(record.key).second)
            throw Failure("a commit writes the record " + record.key + " twice", Retry::never);
    std::set<std::string_view> names;
    for (const auto& name : commit.once)
        if (!names.insert(name).second)
            throw Failure("a commit takes the name " + name + " twice", Retry::never);
}

}  // namespace slipway
