// What ought to stand on the forge, against what stands there: the difference is what is written.
// Pure.
//
// What decides is written first: the summary check and the comment; then the checks of stacks that
// need attention; then the rest. A stack that is done soon gets its check written once, completed;
// one that is not gets it once while it is open, whatever happens to it on the way, and once more.
// Progress is told by the comment, as often as the budget of a round (two calls a stack and ten)
// leaves room for.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "handlers/forges/forge.hpp"
#include "service/model/pull_record.hpp"
#include "service/wording/report.hpp"

namespace slipway {

enum class Turn { decides, attention, rest };

struct OutgoingCheck {
    Check check;
    Turn turn = Turn::rest;
    std::string key;     // name@commit
    std::string digest;  // of what matters in it
};

struct Outgoing {
    std::vector<OutgoingCheck> checks;   // that differ, in their turns
    std::optional<std::string> comment;  // where it differs
    std::string comment_digest;
};

// What kind of moment this is, found out without rendering anything.
struct Moment {
    bool busy = false;      // more will follow by itself
    bool stale = false;     // the summary check is absent, or completed although more will follow
    bool bad_news = false;  // something failed or was denied that was not known before
    bool soon = false;      // after something was shown last
    int open_stacks = 0;    // whose checks will be written once more
};

inline constexpr std::size_t stacks_with_checks = 30;  // above: only those that need attention

Moment moment_of(const Report& report, const PostedRecord& posted);
// When progress, or bad news among it, may be shown again.
std::int64_t shown_again_ms(const PostedRecord& posted, bool bad_news);
// What comes too soon waits until then, or for what comes first.
inline bool may_wait(const Moment& moment) { return moment.busy && !moment.stale && moment.soon; }
Outgoing outgoing(const Report& report, const PostedRecord& posted, const Moment& moment);
bool worth_writing(const Outgoing& out, const Report& report, const PostedRecord& posted,
                   const Moment& moment);
// A head, an attempt, applies before the merge: what the budget of calls is counted for.
std::string round_of(const Report& report);

// What is remembered of a check that is about to be made and not completed: whether it was is not
// known until the answer is there.
std::string digest_of_begun(const Check& check);
bool is_open(std::string_view digest);

std::string comment_marker(const std::string& check_name);

}  // namespace slipway
