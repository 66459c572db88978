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
};

// What kind of moment this is, found out without rendering anything.
struct Moment {
    bool busy = false;      // more will follow by itself
    bool first = false;     // of its round, now that the stacks are known
    bool bad_news = false;  // something failed or was denied that was not known before
    bool soon = false;      // after progress was shown last
    int open_stacks = 0;    // whose checks will be written once more
};

inline constexpr std::size_t stacks_with_checks = 30;  // above: only those that need attention

Moment moment_of(const Report& report, const PostedRecord& posted);
// When progress may be shown again.
std::int64_t progress_again_ms(const PostedRecord& posted);
// Progress that comes too soon waits until then, or for what comes first.
inline bool may_wait(const Moment& moment) { return moment.busy && !moment.first && !moment.bad_news && moment.soon; }
Outgoing outgoing(const Report& report, const PostedRecord& posted, const Moment& moment);
bool worth_writing(const Outgoing& out, const Report& report, const PostedRecord& posted, const Moment& moment);
// A head, an attempt, applies before the merge: what the budget of calls is counted for.
std::string round_of(const Report& report);

// One short new comment, where somebody must act who would not learn it from an edit; `key` says what for.
struct Mention {
    std::string key;
    std::string body;
};
std::optional<Mention> mention(const Report& report);

std::string comment_marker(const std::string& check_name);

}  // namespace slipway
