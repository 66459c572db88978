// What ought to stand on the forge, against what stands there: the difference is what is written. Pure.
//
// A check that is not yet completed is written once, whatever happens to it on the way, and once more when it
// is; so a stack costs two calls, and progress is told by the comment, as often as the budget of a round
// (two calls a stack and ten) leaves room for.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "handlers/forges/forge.hpp"
#include "service/model/pull_record.hpp"
#include "service/wording/report.hpp"

namespace slipway {

struct OutgoingCheck {
    Check check;
    std::string key;     // name@commit
    std::string digest;  // of what matters in it
};

struct Outgoing {
    std::vector<OutgoingCheck> checks;   // that differ; the summary last
    std::optional<std::string> comment;  // where it differs
    std::string comment_digest;
    bool busy = false;       // more will follow by itself
    bool bad_news = false;   // something failed or was denied that was not known before
    bool first = false;      // of its round, now that the stacks are known
    int open_checks = 0;     // which will be written once more
};

inline constexpr std::size_t stacks_with_checks = 30;  // above: only those that need attention

Outgoing outgoing(const Report& report, const PostedRecord& posted);

// Whether this is the moment, or what comes next will show it, too.
bool worth_writing(const Outgoing& out, const Report& report, const PostedRecord& posted);
// A head and an attempt: what the budget of calls is counted for.
std::string round_of(const Report& report);

// One short new comment, where somebody must act who would not learn it from an edit; `key` says what for.
struct Mention {
    std::string key;
    std::string body;
};
std::optional<Mention> mention(const Report& report);

std::string comment_marker(const std::string& check_name);

}  // namespace slipway
