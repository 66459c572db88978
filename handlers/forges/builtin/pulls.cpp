#include "handlers/forges/builtin/pulls.hpp"

#include <algorithm>

#include "service/base/codec.hpp"
#include "service/base/digest.hpp"

namespace slipway {

namespace {

std::string head_ref(int number) { return "refs/pull/" + std::to_string(number) + "/head"; }
std::string meta_ref(int number) { return "refs/pull/" + std::to_string(number) + "/meta"; }

std::string file_of(const Check& check) {
    std::string name;
    for (char c : check.name) name += c == '/' ? std::string("%2F") : std::string(1, c);
    return "checks/" + name + "@" + check.commit.value + ".json";
}

template <class T>
T read_document(const std::string& text) {
    auto value = decode<T>(std::string_view(text));
    if (!value)
        throw Failure("a document of a pull request cannot be read: " + value.error().message,
                      Retry::never);
    return std::move(*value);
}

template <class T>
std::vector<T> read_folder(const Documents& documents, const std::string& folder) {
    std::vector<T> out;
    for (auto at = documents.lower_bound(folder);
         at != documents.end() && at->first.starts_with(folder); ++at)
        out.push_back(read_document<T>(at->second));
    return out;
}

template <class T>
std::string text_of(const T& value) {
    return encode(value).dump_pretty() + "\n";
}

}  // namespace

BuiltinPulls::BuiltinPulls(std::filesystem::path repository)
    : path_(std::move(repository)), git_(std::make_unique<WrittenRepository>(path_)) {}

std::vector<int> BuiltinPulls::numbers() const {
    constexpr auto prefix = std::string_view("refs/pull/").size();
    std::vector<int> out;
    for (const auto& name : git_->refs("refs/pull/*/meta")) {
        auto number = Json(Json::Number{name.substr(prefix, name.rfind('/') - prefix)}).int_or(0);
        if (number > 0) out.push_back(static_cast<int>(number));
    }
    std::sort(out.begin(), out.end());
    return out;
}

std::optional<BuiltinPull> BuiltinPulls::find(int number) const {
    auto text = git_->document(meta_ref(number), "pull.json");
    if (!text) return std::nullopt;
    return read_document<BuiltinPull>(*text);
}

std::optional<BuiltinPullDocuments> BuiltinPulls::read(int number) const {
    auto documents = git_->documents(meta_ref(number));
    auto pull = documents.find("pull.json");
    if (pull == documents.end()) return std::nullopt;
    BuiltinPullDocuments out;
    out.pull = read_document<BuiltinPull>(pull->second);
    out.comments = read_folder<BuiltinComment>(documents, "comments/");
    out.reviews = read_folder<ForgeReview>(documents, "reviews/");
    out.checks = read_folder<Check>(documents, "checks/");
    std::stable_sort(out.comments.begin(), out.comments.end(), [](const auto& a, const auto& b) {
        return a.created_at_ms < b.created_at_ms;
    });
    std::stable_sort(out.reviews.begin(), out.reviews.end(), [](const auto& a, const auto& b) {
        return a.submitted_at_ms < b.submitted_at_ms;
    });
    return out;
}

BuiltinPulls::Opened BuiltinPulls::open(const std::string& base_branch, const std::string& topic,
                                        const CommitSha& head, const std::string& title,
                                        const Actor& author, std::int64_t now_ms) {
    const Signature who{author.login, now_ms};
    int newest = 0;
    for (int number : numbers()) {
        newest = number;
        auto pull = find(number);
        if (!pull || pull->state != PullState::open || pull->topic != topic ||
            pull->base_branch != base_branch)
            continue;
        auto before = git_->ref(head_ref(number));
        if (before != head &&
            !git_->move_ref(head_ref(number), before.value_or(CommitSha()), head, "push"))
            throw Failure("somebody else pushed to this topic at the same time; push again",
                          Retry::never);
        auto moved = edit(
            number,
            [&](BuiltinPull& p) {
                p.head = head;
                p.title = title;
            },
            who);
        return {moved, false};
    }
    BuiltinPull pull;
    pull.title = title;
    pull.topic = topic;
    pull.author = author;
    pull.base_branch = base_branch;
    pull.head = head;
    pull.created_at_ms = now_ms;
    pull.number = newest + 1;
    while (!git_->move_ref(head_ref(pull.number), CommitSha(), head, "open")) ++pull.number;
    auto first = [&](const Documents&) { return Documents{{"pull.json", text_of(pull)}}; };
    git_->update(meta_ref(pull.number), first, "opened", who);
    return {pull, true};
}

BuiltinPull BuiltinPulls::edit(int number, const std::function<void(BuiltinPull&)>& change,
                               const Signature& who) {
    BuiltinPull pull;
    auto edited = [&](const Documents& present) {
        auto at = present.find("pull.json");
        if (at == present.end())
            throw Failure("there is no pull request " + std::to_string(number), Retry::never);
        pull = read_document<BuiltinPull>(at->second);
        change(pull);
        return Documents{{"pull.json", text_of(pull)}};
    };
    git_->update(meta_ref(number), edited, "edited", who);
    return pull;
}

BuiltinComment BuiltinPulls::comment(int number, BuiltinComment comment) {
    if (comment.id.empty()) comment.id = random_id();
    auto written = [&](const Documents& present) {
        // A comment written once under a key keeps its id and place.
        if (!comment.key.empty())
            for (const auto& other : read_folder<BuiltinComment>(present, "comments/"))
                if (other.key == comment.key) {
                    comment.id = other.id;
                    comment.created_at_ms = other.created_at_ms;
                }
        return Documents{{"comments/" + comment.id + ".json", text_of(comment)}};
    };
    git_->update(meta_ref(number), written, "comment",
                 {comment.author.login, comment.created_at_ms});
    return comment;
}

ForgeReview BuiltinPulls::review(int number, ForgeReview review) {
    review.id = random_id();
    auto written = [&](const Documents&) {
        return Documents{{"reviews/" + review.id + ".json", text_of(review)}};
    };
    git_->update(meta_ref(number), written, "review",
                 {review.author.login, review.submitted_at_ms});
    return review;
}

void BuiltinPulls::put_check(int number, const Check& check, std::int64_t now_ms) {
    auto written = [&](const Documents&) { return Documents{{file_of(check), text_of(check)}}; };
    git_->update(meta_ref(number), written, "check " + check.name, {"slipway", now_ms});
}

Result<CommitSha> BuiltinPulls::merge(int number, MergeMethod method, const Actor& who,
                                      std::int64_t now_ms) {
    auto pull = find(number);
    if (!pull) return Error{"there is no pull request " + std::to_string(number)};
    if (pull->state != PullState::open)
        return Error{"pull request " + std::to_string(number) + " is " +
                     std::string(word(pull->state))};
    const auto branch = "refs/heads/" + pull->base_branch;
    auto tip = git_->ref(branch);
    if (!tip) return Error{"the branch " + pull->base_branch + " does not exist"};
    auto merged = open_repository(path_)->merge(*tip, pull->head);
    if (!merged.tree) {
        std::string paths;
        for (const auto& path : merged.conflicts) paths += (paths.empty() ? "" : ", ") + path;
        return Error{"it conflicts with " + pull->base_branch + " in " + paths};
    }
    std::vector<CommitSha> parents{*tip};
    if (method == MergeMethod::merge) parents.push_back(pull->head);
    const auto message = method == MergeMethod::merge
                             ? "Merge pull request " + std::to_string(number) + ": " + pull->title
                             : pull->title;
    auto made = git_->commit(*merged.tree, parents, message, {who.login, now_ms});
    if (!git_->move_ref(branch, *tip, made, "merge"))
        return Error{"the branch " + pull->base_branch + " moved on meanwhile; merge again"};
    edit(number,
         [&](BuiltinPull& p) {
             p.state = PullState::merged;
             p.merge_commit = made;
         },
         {who.login, now_ms});
    return made;
}

std::vector<BuiltinPull> BuiltinPulls::note_merged(const std::string& branch, const CommitSha& tip,
                                                   const Actor& who, std::int64_t now_ms) {
    std::vector<BuiltinPull> out;
    auto reading = open_repository(path_);
    for (int number : numbers()) {
        auto pull = find(number);
        if (!pull || pull->state != PullState::open || pull->base_branch != branch ||
            !reading->is_ancestor(pull->head, tip))
            continue;
        out.push_back(edit(number,
                           [&](BuiltinPull& p) {
                               p.state = PullState::merged;
                               p.merge_commit = tip;
                           },
                           {who.login, now_ms}));
    }
    return out;
}

}  // namespace slipway
