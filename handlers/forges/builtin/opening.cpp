#include "handlers/forges/builtin/opening.hpp"

#include <pwd.h>
#include <sys/stat.h>

#include "handlers/forges/builtin/message.hpp"
#include "handlers/forges/builtin/names.hpp"
#include "handlers/forges/builtin/os_user.hpp"
#include "service/base/log.hpp"
#include "service/git/mirror.hpp"

namespace slipway {

namespace {

constexpr std::string_view prefix = "refs/for/";

std::string branches_of(WrittenRepository& git) {
    constexpr std::size_t most = 5;
    const auto heads = git.refs("refs/heads/*");
    std::string out;
    for (std::size_t i = 0; i < heads.size() && i < most; ++i)
        out += (i == 0 ? "" : ", ") + heads[i].substr(std::string_view("refs/heads/").size());
    return heads.empty() ? "none" : out + (heads.size() > most ? ", …" : "");
}

// Who pushed a ref that no hook saw: the owner of its file.
std::string owner_of(const std::filesystem::path& file) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0) return os_user();
    char buffer[4096];
    passwd entry{};
    passwd* found = nullptr;
    if (getpwuid_r(info.st_uid, &entry, buffer, sizeof buffer, &found) == 0 && found)
        return found->pw_name;
    return "uid-" + std::to_string(info.st_uid);
}

}  // namespace

ForRef split_for_ref(WrittenRepository& git, std::string_view ref) {
    const auto rest = ref.substr(std::min(prefix.size(), ref.size()));
    for (auto slash = rest.rfind('/'); slash != rest.npos && slash > 0;
         slash = rest.rfind('/', slash - 1)) {
        ForRef out{std::string(rest.substr(0, slash)), std::string(rest.substr(slash + 1))};
        if (!git.ref("refs/heads/" + out.branch)) continue;
        check_branch(out.branch);
        check_topic(out.topic);
        return out;
    }
    if (git.ref("refs/heads/" + std::string(rest)))
        throw Failure("a topic is missing: push to " + std::string(ref) + "/<topic>", Retry::never);
    throw Failure("push to refs/for/<branch>/<topic>, where the branch exists; there are: " +
                      branches_of(git),
                  Retry::never);
}

void check_opening(BuiltinPulls& pulls, const ForRef& where, const CommitSha& head) {
    const auto tip = pulls.git().ref("refs/heads/" + where.branch);
    if (tip && open_repository(pulls.path())->is_ancestor(head, *tip))
        throw Failure("the branch " + where.branch +
                          " has this commit already, so there is nothing to merge: commit a change "
                          "first",
                      Retry::never);
    for (int number : pulls.numbers()) {
        const auto pull = pulls.find(number);
        if (!pull || pull->state != PullState::open || pull->base_branch != where.branch ||
            pull->head != head)
            continue;
        throw Failure("pull request " + std::to_string(number) + " of topic " + pull->topic +
                          " is open with this commit already: commit a change to update it, or "
                          "look at it with slipway pull show " +
                          std::to_string(number),
                      Retry::never);
    }
}

BuiltinPulls::Opened open_from_ref(BuiltinPulls& pulls, const std::string& ref,
                                   const CommitSha& head, const Actor& who, std::int64_t now_ms) {
    const auto where = split_for_ref(pulls.git(), ref);
    check_opening(pulls, where, head);
    const auto info = open_repository(pulls.path())->info(head);
    return pulls.open(where.branch, where.topic, head, fit_title(info.message, where.topic), who,
                      now_ms);
}

void adopt_literal_refs(const std::filesystem::path& repository, const std::string& forge,
                        std::int64_t now_ms) {
    BuiltinPulls pulls(repository);
    for (const auto& ref : pulls.git().refs(std::string(prefix) + "*")) {
        const auto head = pulls.git().ref(ref);
        if (!head) continue;
        try {
            const Actor who{forge, owner_of(repository / ref)};
            const auto opened = open_from_ref(pulls, ref, *head, who, now_ms);
            pulls.git().remove_ref(ref, *head);
            BuiltinMessage message;
            message.event = "pull_request";
            message.number = opened.pull.number;
            message.change = word(opened.is_new ? PullChange::opened : PullChange::pushed);
            message.sender = who.login;
            tell_service(repository, message);
            log_info("a push that came before the repository had its hooks is a pull request now",
                     {{"repository", repository.string()},
                      {"ref", ref},
                      {"number", opened.pull.number}});
        } catch (const Failure& failure) {
            log_warning(
                "a push that came before the repository had its hooks is no pull request; remove "
                "the ref with `git update-ref -d`",
                {{"repository", repository.string()}, {"ref", ref}, {"reason", failure.what()}});
        }
    }
}

}  // namespace slipway
