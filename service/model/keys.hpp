// The names under which everything is stored: records, indexes, lanes, names that are taken once,
// queues and jobs. One function makes each of them, and where one is read again, the function that
// takes it apart stands beside it. No other file writes such a name (tests/layout_test.cpp).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "service/model/id.hpp"
#include "service/model/job.hpp"
#include "service/model/phase.hpp"
#include "service/model/pull_request.hpp"
#include "service/model/repository.hpp"

namespace slipway {

// --- records

inline std::string run_key(const RunId& run) { return "run/" + run.value; }
inline std::string pull_key(const PullRequestName& name) {
    return "pull/" + name.repository.text() + "/" + std::to_string(name.number);
}
inline std::string posted_key(const PullRequestName& name) {
    return "posted/" + name.repository.text() + "/" + std::to_string(name.number);
}
inline std::string branch_key(const RepositoryName& repository, const std::string& branch) {
    return "branch/" + repository.text() + "/" + branch;
}
inline std::string repository_key(const RepositoryName& repository) {
    return "repository/" + repository.text();
}
inline std::string providers_key(const StackId& stack) { return "providers/" + stack.value; }
// What other stacks may read of it.
inline std::string outputs_key(const StackId& stack) { return "outputs/" + stack.value; }
inline std::string lock_key(const StackId& stack) { return "lock/" + stack.value; }
// What a worker found in a phase.
inline std::string result_key(const RunPhase& which) {
    return "result/" + which.run.value + "/" + std::string(word(which.phase));
}
// What a person's request was answered, by its job.
inline std::string answer_key(const JobId& command) { return "answer/" + command.value; }
// What a stack costs since each of its applies.
inline std::string costs_key(const std::string& stack) { return "costs/" + stack; }
// What the newest look for drift of a stack found.
inline std::string drift_key(const std::string& stack) { return "drift/" + stack; }
inline std::string token_key(const std::string& digest) { return "token/" + digest; }

// --- indexes

inline std::string runs_index() { return "runs"; }
inline std::string runs_index(const StackId& stack) { return "runs/" + stack.value; }
inline std::string stacks_index() { return "stacks"; }  // that ever had a run
inline std::string locks_index() { return "locks"; }    // stacks that ever were locked
// Repositories that pull requests were seen in.
inline std::string repositories_index() { return "repositories"; }
// Pull requests by text(), with the time of their newest head.
inline std::string pulls_index() { return "pulls"; }
inline std::string costs_index() { return "costs"; }  // stacks that ever cost something
inline std::string drift_index() { return "drift"; }  // stacks whose drift was looked for
inline std::string tokens_index() { return "tokens"; }

// --- lanes

// What touches the state of the stack goes through this lane.
inline std::string stack_lane(const StackId& stack) { return "stack/" + stack.value; }

// --- names that are taken once

inline std::string apply_once(const std::string& plan_digest) { return "done/" + plan_digest; }
inline std::string comment_once(const std::string& forge, const std::string& comment) {
    return "comment/" + forge + "/" + comment;
}

// --- queues; the service's own is service_queue

inline std::string work_queue(const std::string& pool) { return "work/" + pool; }

// --- jobs

struct JobName {
    JobKind kind = JobKind::event;
    JobId id;
};

namespace jobs {

inline JobName named(JobKind kind, const std::string& rest) {
    return {kind, JobId(std::string(word(kind)) + "/" + rest)};
}
// What follows the kind in the id of such a job.
inline std::optional<std::string_view> rest_of(JobKind kind, std::string_view id) {
    const auto name = word(kind);
    if (!id.starts_with(name) || id.substr(name.size(), 1) != "/") return std::nullopt;
    return id.substr(name.size() + 1);
}
inline JobName of_phase(JobKind kind, const RunPhase& which) {
    return named(kind, which.run.value + "/" + std::string(word(which.phase)));
}

inline JobName event(const std::string& forge, const std::string& delivery) {
    return named(JobKind::event, forge + "/" + delivery);
}
struct EventName {
    std::string forge, delivery;
};
inline std::optional<EventName> parse_event(const JobId& id) {
    const auto rest = rest_of(JobKind::event, id.value);
    const auto slash = rest ? rest->find('/') : std::string_view::npos;
    if (slash == std::string_view::npos) return std::nullopt;
    return EventName{std::string(rest->substr(0, slash)), std::string(rest->substr(slash + 1))};
}

inline JobName look(const PullRequestName& pull, const std::string& comment) {
    return named(JobKind::look, pull.text() + "/" + comment);
}
// Since a run of one of its stacks has ended.
inline JobName look_since(const PullRequestName& pull, const RunId& ended) {
    return look(pull, "since/" + ended.value);
}
// Since this tree of the organisation is in force.
inline JobName look_since_tree(const PullRequestName& pull, const std::string& digest) {
    return look(pull, "tree/" + digest);
}
// At a run that is to be made again.
inline JobName look_again(const RunId& run) { return named(JobKind::look, "again/" + run.value); }
// For a run that a person asked for.
inline JobName look_for(const RunId& run) { return named(JobKind::look, "for/" + run.value); }
inline JobName command(const std::string& forge, const std::string& comment) {
    return named(JobKind::command, forge + "/" + comment);
}
inline JobName api_command(const std::string& id) { return command("api", id); }
inline JobName prepare(const RunId& run) { return named(JobKind::prepare, run.value); }
inline JobName perform(const RunPhase& which) { return of_phase(JobKind::perform, which); }
inline std::optional<RunPhase> parse_perform(const JobId& id) {
    const auto rest = rest_of(JobKind::perform, id.value);
    const auto slash = rest ? rest->rfind('/') : std::string_view::npos;
    if (slash == std::string_view::npos) return std::nullopt;
    const auto phase = parse_word<Phase>(rest->substr(slash + 1));
    if (!phase) return std::nullopt;
    return RunPhase{RunId(std::string(rest->substr(0, slash))), *phase};
}
inline JobName judge(const RunPhase& which) { return of_phase(JobKind::judge, which); }
inline JobName consider(const PullRequestName& pull) {
    return named(JobKind::consider, pull.text());
}
// At the time that one of its approval policies names.
inline JobName consider_at(const PullRequestName& pull, std::int64_t at_ms) {
    return named(JobKind::consider, pull.text() + "@" + std::to_string(at_ms));
}
inline JobName release(const RunId& run) { return named(JobKind::release, run.value); }
// At once, or at the time when the lock expires.
inline JobName lock_changed(const StackId& stack, std::int64_t at_ms = 0) {
    return named(JobKind::lock, std::to_string(at_ms) + "/" + stack.value);
}
inline JobName report(const PullRequestName& pull) { return named(JobKind::report, pull.text()); }
inline JobName pass(const RepositoryName& repository, const CommitSha& commit) {
    return named(JobKind::pass, repository.text() + "/" + commit.value);
}
inline JobName reply(const std::string& forge, const std::string& comment) {
    return named(JobKind::reply, forge + "/" + comment);
}
inline JobName catch_up(const RepositoryName& repository) {
    return named(JobKind::catch_up, repository.text());
}
inline JobName catch_up(const PullRequestName& pull) {
    return named(JobKind::catch_up, pull.text());
}
inline JobName catch_up(const RepositoryName& repository, const std::string& branch) {
    return named(JobKind::catch_up, repository.text() + "@" + branch);
}
// That a comment was seen.
inline JobName acknowledge(const std::string& forge, const std::string& comment) {
    return named(JobKind::reply, forge + "/" + comment + "/seen");
}
// What became of a command later than its answer.
inline JobName late_reply(const std::string& forge, const std::string& comment) {
    return named(JobKind::reply, forge + "/" + comment + "/again");
}

}  // namespace jobs

// --- comments that are written once, by the key that the forge finds them by

inline std::string reply_comment_key(const std::string& comment) { return "reply/" + comment; }
inline std::string mention_comment_key(const PullRequestName& pull, const std::string& mention) {
    return "mention/" + pull.text() + "/" + mention;
}
inline constexpr std::string_view approval_mention_prefix = "approval/";
// What people are mentioned for: an approval that this commit needs.
inline std::string approval_mention(const CommitSha& head) {
    return std::string(approval_mention_prefix) + head.value;
}
inline bool is_approval_mention(std::string_view mention) {
    return mention.starts_with(approval_mention_prefix);
}

}  // namespace slipway
