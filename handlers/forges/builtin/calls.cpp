// `slipway pull`: what a forge's web page would be for.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iomanip>
#include <iostream>

#include "handlers/forges/builtin.hpp"
#include "handlers/forges/builtin/message.hpp"
#include "handlers/forges/builtin/names.hpp"
#include "handlers/forges/builtin/opening.hpp"
#include "handlers/forges/builtin/os_user.hpp"
#include "handlers/forges/builtin/pulls.hpp"
#include "service/base/codec.hpp"
#include "service/base/digest.hpp"

namespace slipway {

namespace {

namespace fs = std::filesystem;

// Rule S6: the operating-system user, or any name for the folder's owner.
Actor speaker(const PullCall& call, const fs::path& repository) {
    auto address = read_address(repository);
    Actor who{address ? address->forge : "local", os_user()};
    if (call.as.empty() || call.as == who.login) return who;
    struct stat info {};
    if (stat(repository.c_str(), &info) != 0 || (info.st_uid != geteuid() && geteuid() != 0))
        throw Failure("only the owner of " + repository.string() + " may speak --as somebody else",
                      Retry::never);
    check_person(call.as);
    who.login = call.as;
    return who;
}

std::string head_of(const BuiltinPull& pull) { return std::string(shortened(pull.head.value)); }

std::string check_line(const Check& check) {
    std::string state = check.status == CheckStatus::done ? std::string(word(check.conclusion))
                                                          : std::string(word(check.status));
    return state + std::string(state.size() < 16 ? 16 - state.size() : 1, ' ') + check.name + ": " +
           check.title;
}

std::string checks_of(const BuiltinPullDocuments& documents, const CommitSha& commit) {
    std::string out;
    for (const auto& check : documents.checks)
        if (check.commit == commit) out += check_line(check) + "\n";
    return out;
}

// Those of the head, and once it is merged, of the commit that did it.
std::string check_lines(const BuiltinPullDocuments& documents) {
    const auto& pull = documents.pull;
    auto out = checks_of(documents, pull.head);
    if (pull.merge_commit.empty() || pull.merge_commit == pull.head) return out;
    const auto merged = checks_of(documents, pull.merge_commit);
    return out + "\nmerged as " + std::string(shortened(pull.merge_commit.value)) + "\n" + merged;
}

const Check* summary_of(const BuiltinPullDocuments& documents, const std::string& name) {
    for (const auto& check : documents.checks)
        if (check.name == name && check.commit == documents.pull.head) return &check;
    return nullptr;
}

int list(BuiltinPulls& pulls, bool json) {
    Json all = Json::array();
    for (int number : pulls.numbers()) {
        auto pull = pulls.find(number);
        if (!pull) continue;
        if (json)
            all.push(encode(*pull));
        else
            std::cout << "#" << number << "  " << std::left << std::setw(7) << word(pull->state)
                      << "  " << pull->topic << " → " << pull->base_branch << "  " << pull->title
                      << " (" << pull->author.login << ")\n";
    }
    if (json) std::cout << all.dump() << "\n";
    return 0;
}

int show(const BuiltinPullDocuments& documents, bool json) {
    const auto& pull = documents.pull;
    if (json) {
        auto out = encode(pull);
        out.set("comments", encode(documents.comments));
        out.set("reviews", encode(documents.reviews));
        out.set("checks", encode(documents.checks));
        std::cout << out.dump() << "\n";
        return 0;
    }
    std::cout << "#" << pull.number << " " << pull.title << "\n"
              << word(pull.state) << ", " << pull.author.login << " wants to merge " << pull.topic
              << " (" << head_of(pull) << ") into " << pull.base_branch << "\n\n"
              << check_lines(documents);
    for (const auto& review : documents.reviews)
        std::cout << "\n"
                  << review.author.login << " " << word(review.state) << " "
                  << shortened(review.commit.value_or(CommitSha()).value) << "\n";
    for (const auto& comment : documents.comments) {
        std::cout << "\n--- " << comment.author.login;
        for (const auto& reaction : comment.reactions) std::cout << " (" << reaction << ")";
        std::cout << "\n" << comment.body << "\n";
    }
    return 0;
}

// After the merge a review may still be what an apply waits for, until the summary of the merge
// commit is green. Where that is the head itself, its check may be older than the merge.
bool is_applied(const BuiltinPullDocuments& documents, const std::string& check_name) {
    const auto& pull = documents.pull;
    if (pull.state != PullState::merged || pull.merge_commit == pull.head) return false;
    return std::any_of(documents.checks.begin(), documents.checks.end(), [&](const Check& check) {
        return check.name == check_name && check.commit == pull.merge_commit &&
               check.status == CheckStatus::done &&
               (check.conclusion == Conclusion::passed || check.conclusion == Conclusion::neutral);
    });
}

int checks(const BuiltinPullDocuments& documents, bool json) {
    const auto& pull = documents.pull;
    const auto lines = check_lines(documents);
    if (json) {
        Json all = Json::array();
        for (const auto& check : documents.checks)
            if (check.commit == pull.head || check.commit == pull.merge_commit)
                all.push(encode(check));
        std::cout << all.dump() << "\n";
    } else if (lines.empty()) {
        std::cout << "#" << pull.number << " has no checks yet\n";
    } else {
        std::cout << head_of(pull) << "\n" << lines;
    }
    return 0;
}

[[noreturn]] void no_such_pull(int number) {
    throw Failure("there is no pull request " + std::to_string(number) +
                      "; slipway pull list shows those that there are",
                  Retry::never);
}

void must_be_open(const BuiltinPull& pull, int number) {
    if (pull.state == PullState::open) return;
    throw Failure("pull request " + std::to_string(number) + " is " +
                      std::string(word(pull.state)) + " already",
                  Retry::never);
}

int comment(BuiltinPulls& pulls, const PullCall& call, const Actor& who, std::int64_t now_ms) {
    check_comment(call.text);
    if (!pulls.find(call.number)) no_such_pull(call.number);
    BuiltinComment written;
    written.author = who;
    written.body = call.text;
    written.created_at_ms = now_ms;
    written = pulls.comment(call.number, written);
    BuiltinMessage message;
    message.event = "comment";
    message.number = call.number;
    message.comment = written.id;
    message.sender = who.login;
    tell_service(pulls.path(), std::move(message));
    std::cout << "commented as " << who.login << "\n";
    return 0;
}

int review(BuiltinPulls& pulls, const PullCall& call, const Actor& who, std::int64_t now_ms) {
    const auto documents = pulls.read(call.number);
    if (!documents) no_such_pull(call.number);
    const auto* pull = &documents->pull;
    if (is_applied(*documents, call.check_name))
        throw Failure("pull request " + std::to_string(call.number) +
                          " is merged and nothing of it waits, so it takes no review; open another "
                          "one to change what it did",
                      Retry::never);
    if (pull->state == PullState::closed)
        throw Failure("pull request " + std::to_string(call.number) +
                          " is closed and takes no review; push its topic again to open another",
                      Retry::never);
    ForgeReview given;
    given.author = who;
    given.state = call.approve ? ReviewState::approved : ReviewState::changes_requested;
    given.commit = pull->head;
    given.submitted_at_ms = now_ms;
    pulls.review(call.number, given);
    BuiltinMessage message;
    message.event = "review";
    message.number = call.number;
    message.sender = who.login;
    tell_service(pulls.path(), std::move(message));
    std::cout << who.login << (call.approve ? " approved " : " requested changes to ")
              << head_of(*pull) << "\n";
    return 0;
}

int merge(BuiltinPulls& pulls, const PullCall& call, const Actor& who, std::int64_t now_ms) {
    auto documents = pulls.read(call.number);
    if (!documents) no_such_pull(call.number);
    must_be_open(documents->pull, call.number);
    const auto* summary = summary_of(*documents, call.check_name);
    const bool green =
        summary && summary->status == CheckStatus::done &&
        (summary->conclusion == Conclusion::passed || summary->conclusion == Conclusion::neutral);
    if (!green && !call.anyway) {
        std::cerr << "the check " << call.check_name << " is not green"
                  << (summary ? ": " + summary->title : " yet")
                  << " (--anyway merges nevertheless)\n";
        return 1;
    }
    const auto before = pulls.git().ref("refs/heads/" + documents->pull.base_branch);
    auto merged = pulls.merge(call.number, call.squash ? MergeMethod::squash : MergeMethod::merge,
                              who, now_ms);
    if (!merged) {
        std::cerr << merged.error().message << "\n";
        return 1;
    }
    BuiltinMessage push;
    push.event = "push";
    push.branch = documents->pull.base_branch;
    push.before = before ? before->value : "";
    push.after = merged->value;
    push.sender = who.login;
    tell_service(pulls.path(), push);
    BuiltinMessage closed;
    closed.event = "pull_request";
    closed.number = call.number;
    closed.change = word(PullChange::closed);
    closed.sender = who.login;
    tell_service(pulls.path(), std::move(closed));
    std::cout << "merged as " << shortened(merged->value) << "\n";
    return 0;
}

int close(BuiltinPulls& pulls, const PullCall& call, const Actor& who, std::int64_t now_ms) {
    const auto pull = pulls.find(call.number);
    if (!pull) no_such_pull(call.number);
    must_be_open(*pull, call.number);
    pulls.edit(call.number,
               [](BuiltinPull& now) {
                   if (now.state == PullState::open) now.state = PullState::closed;
               },
               {who.login, now_ms});
    BuiltinMessage message;
    message.event = "pull_request";
    message.number = call.number;
    message.change = word(PullChange::closed);
    message.sender = who.login;
    tell_service(pulls.path(), std::move(message));
    std::cout << "closed\n";
    return 0;
}

fs::path repository_behind(const fs::path& folder) {
    if (auto repository = bare_repository_behind(folder)) return *repository;
    throw Failure(fs::absolute(folder).string() +
                      " is not a working copy of a repository of the built-in forge; name one with "
                      "--repository",
                  Retry::never);
}

}  // namespace

std::string ref_to_open(const fs::path& folder, std::string base, std::string topic) {
    const auto repository = repository_behind(folder);
    if (!read_address(repository))
        throw Failure("the service has not set " + repository.string() +
                          " up: start it with a forge of kind builtin whose `root` holds this "
                          "repository, then try again",
                      Retry::never);
    WrittenRepository git(repository);
    if (base.empty()) base = git.default_branch();
    const auto branch = current_branch(folder);
    if (topic.empty())
        topic = branch.empty() || branch == base ? "change-" + random_id().substr(16) : branch;
    const auto ref = "refs/for/" + base + "/" + topic;
    check_branch(base);
    check_topic(topic);
    split_for_ref(git, ref);
    return ref;
}

int call_pull(const PullCall& call) {
    const auto repository = repository_behind(call.repository);
    BuiltinPulls pulls(repository);
    const auto now_ms = SystemClock().now_ms();
    const auto who = speaker(call, repository);
    switch (call.verb) {
        case PullCall::Verb::list:
            return list(pulls, call.json);
        case PullCall::Verb::show: {
            auto documents = pulls.read(call.number);
            if (!documents) no_such_pull(call.number);
            return show(*documents, call.json);
        }
        case PullCall::Verb::checks: {
            auto documents = pulls.read(call.number);
            if (!documents) no_such_pull(call.number);
            return checks(*documents, call.json);
        }
        case PullCall::Verb::comment:
            return comment(pulls, call, who, now_ms);
        case PullCall::Verb::review:
            return review(pulls, call, who, now_ms);
        case PullCall::Verb::merge:
            return merge(pulls, call, who, now_ms);
        case PullCall::Verb::close:
            return close(pulls, call, who, now_ms);
    }
    return 2;
}

std::optional<BuiltinPlace> find_builtin_pull(const fs::path& repository, int number) {
    const auto bare = bare_repository_behind(repository);
    if (!bare) return std::nullopt;
    const auto pull = BuiltinPulls(*bare).find(number);
    if (!pull) no_such_pull(number);
    BuiltinPlace out;
    if (const auto address = read_address(*bare))
        out.repository = address->forge + "/" + address->repository;
    out.head = pull->head.value;
    return out;
}

}  // namespace slipway
