// What a person reads: one Report value, four renderers. Pure. Foreign text (names, values,
// messages, errors) goes through escape_markdown() or a fence, never straight into a page.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "service/base/json.hpp"
#include "service/model/check.hpp"
#include "service/model/decision.hpp"
#include "service/model/plan.hpp"
#include "service/model/pull_record.hpp"
#include "service/model/run.hpp"
#include "service/model/stack_lock.hpp"

namespace slipway {

// Another run of the stack, which must be over before this one begins.
struct Ahead {
    RunId run;
    std::optional<int> pull;
    RunState state = RunState::queued;
};

// Another open pull request that changes the same stack.
struct AlsoChanged {
    int pull = 0;
    std::vector<std::string> common;  // addresses that both plans change
};

// One concerned stack, as it stands now.
struct StackReport {
    StackId stack;
    std::string directory;
    std::optional<Run> run;  // absent: not planned, `not_planned` says why
    Reason not_planned;
    bool only_when_asked = false;  // absent, since its settings say so and nobody has asked
    bool observe = false;
    bool is_new = false;    // only the head describes it
    bool outdated = false;  // its settings or policies are others now: it is planned again soon
    std::optional<Plan> plan;
    std::optional<Plan>
        approved_plan;  // what was approved before the merge, where it is another than `plan`
    std::optional<int> place_in_queue;  // 0: next
    std::optional<Ahead> ahead;         // in the stack's lane
    std::optional<StackLock> lock;      // that holds now
    std::optional<GoneDirectory> gone;  // its directory or its description
    std::string renamed_from;  // its settings still name this directory in place of `directory`
    Place described_at;        // where its settings stand
    bool self_described = false;
    PushDecision push;
    ApprovalDecision approval;  // where the plan has changes
    std::vector<std::string> vanished_since,
        new_since;  // addresses, against the plan posted before
    std::vector<AlsoChanged> also_changed;
};

enum class PullPhase { proposed, merged };

struct Report {
    PullRequest pull;
    PullPhase phase = PullPhase::proposed;
    std::string check_name = "slipway";
    std::string public_url;           // of the service, for links
    bool discovering_stacks = false;  // which stacks are concerned is still being found out
    std::vector<StackReport> stacks;
    std::vector<std::string> conflicts;        // paths: the merge result cannot be made
    std::vector<ConfigFinding> configuration;  // that keep it from being planned
    std::string previous_head;                 // shortened, of the plan posted before; "": none
    std::int64_t now_ms = 0;
    std::string command_word = "/slipway";
    std::vector<std::string> link_hosts;  // rule S3
    TextLimits limits;                    // of the forge that it is written to
};

// The conclusion of a check; title, summary and text of a check.
struct CheckText {
    CheckStatus status = CheckStatus::waiting;
    Conclusion outcome = Conclusion::passed;
    std::string title;
    std::string summary;
    std::string text;
    struct Note {
        std::string path;
        int line = 1;
        bool failure = true;
        std::string title, message;
    };
    std::vector<Note> notes;
};

CheckText summary_check(const Report&);
CheckText stack_check(const Report&, const StackReport&);
// Nothing more comes of a check that is open: its pull request is over, or its head was replaced.
CheckText ended_check(PullState state);
CheckText superseded_check(const CommitSha& head);
// The commit that a merge queue made of several pull requests.
CheckText merge_group_check();
CheckText stack_headline(const Report&,
                         const StackReport&);  // status, outcome and title alone: cheap
// The sticky comment, within the forge's limit: diffs are shortened first; headings, danger,
// denials, errors and totals never.
std::string comment_markdown(const Report&);
std::string terminal_text(const Report&, bool colour);
// One short new comment, where somebody must act who would not learn it from an edit; `key` says
// what for.
struct Mention {
    std::string key;
    std::string body;
};
std::optional<Mention> mention(const Report&);
Json report_json(const Report&);

// What would change how a stack stands; the service itself has nothing to wait for.
struct Remedy {
    enum class Kind {
        fix,           // what is proposed; `names`: the policies that refuse it
        fix_policy,    // one that could not be evaluated; likewise
        fix_plan,      // the tool, or what it was given, failed
        settings,      // of a stack that is gone
        plan,          // it is not planned; `text`: why
        allow_commit,  // of a fork
        allow,         // providers, by an administrator; `names`: their sources
        approvals,     // `count` more, of `team` where it is not empty, by nobody of `names`
        take_back,     // a rejection; `names`: by whom
        time,          // at `at_ms`, 0: not known; `text`: what the policy waits for
        confirm,       // by somebody who may
        unlock,        // or the lock's end at `at_ms`; `names`: who holds it
        resolve,       // an apply whose end nobody saw
        retry,         // what has ended
        turn,          // `names`: what goes first
    };
    BOOST_DESCRIBE_NESTED_ENUM(Kind, fix, fix_policy, fix_plan, settings, plan, allow_commit, allow,
                               approvals, take_back, time, confirm, unlock, resolve, retry, turn)
    Kind kind = Kind::plan;
    int count = 0;
    std::string team = {};
    std::vector<std::string> names = {};
    std::string text = {};  // foreign
    std::int64_t at_ms = 0;

    bool operator==(const Remedy&) const = default;
    static void fields(auto& self, auto&& f) {
        f("kind", self.kind);
        f("count", self.count);
        f("team", self.team);
        f("names", self.names);
        f("said", self.text);
        f("at_ms", self.at_ms);
    }
};
std::vector<Remedy> remedies_of(const StackReport& stack);
std::string remedy_text(const Remedy& remedy);  // "one more approval by somebody of team dba"

// Every decision about a stack, and what would change them.
struct Explained {
    StackId stack;
    std::string outcome;            // "waits", "denied", …
    std::vector<Explanation> tree;  // a node for each policy, person and standstill
    std::vector<Remedy> remedies;
};
Explained explained(const StackReport& stack);
Json explained_json(const Explained& explained);
std::string explanation_text(const Explained& explained, std::size_t budget = 50'000);

// The check's text, and `slipway explain`.
std::string explanation_tree(const StackReport&, std::size_t budget = 50'000);
// Those of several in one fence, of about `budget` bytes; "" where there are none.
std::string explanation_trees(const std::vector<const StackReport*>& stacks, std::size_t budget);
// What to ask for where the text has to stay below `limit`: its pieces are measured, what joins
// them is not.
inline std::size_t budget_within(std::size_t limit) { return limit / 13 * 12; }

// --- pieces that others use, too
std::string counts_text(const PlanCounts&);      // "+1 ~2 ±1", "no changes"
std::string drift_text(const PlanCounts&);       // "1 changed, 2 gone", "nothing drifted"
std::string counts_sentence(const PlanCounts&);  // "1 to add, 2 to change, 1 to replace"
std::string state_text(const Run&, std::optional<int> place_in_queue, std::int64_t now_ms);
std::string escape_markdown(std::string_view foreign);  // inline markdown without any effect
std::string fenced(std::string_view text,
                   std::string_view language);  // longer than any fence inside
// C0 controls but newline and tab, escape sequences and bidirectional overrides removed; valid
// UTF-8.
std::string printable(std::string_view foreign);

}  // namespace slipway
