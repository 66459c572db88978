// An edit notifies nobody. When an approval becomes needed, or a merged change waits, fails or is
// lost, one short comment says so to whoever must act; nothing else ever does.
#include <algorithm>

#include "service/model/ascii.hpp"
#include "service/model/keys.hpp"
#include "service/wording/reasons.hpp"
#include "service/wording/report.hpp"

namespace slipway {

namespace {

constexpr std::size_t logins_named = 10;

bool is_login(const std::string& text) {
    return !text.empty() && text.size() <= 60 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    });
}

// "@grace @linus: " or nothing.
std::string addressed(const std::vector<std::string>& logins) {
    std::string out;
    std::size_t named = 0;
    for (const auto& login : logins) {
        if (!is_login(login) || named == logins_named) continue;
        out += (out.empty() ? "@" : " @") + login;
        ++named;
    }
    return out.empty() ? out : out + ": ";
}

std::string lower_first(std::string text) {
    if (!text.empty()) text[0] = ascii_lower(text[0]);
    return text;
}

Mention said(std::string key, const std::vector<std::string>& logins, std::string sentence) {
    const auto to = addressed(logins);
    if (!to.empty()) sentence = lower_first(std::move(sentence));
    return {std::move(key), to + sentence + " The comment above says more."};
}

std::string name_of(const StackReport& stack) {
    return escape_markdown(stack.stack.value.substr(0, 160));
}

// An apply may be asked for before the merge.
std::string change_in(const Report& report) {
    return report.pull.state == PullState::merged ? "The merged change" : "The change";
}

std::optional<Mention> after_the_merge(const Report& report) {
    const std::vector<std::string> author{report.pull.author.login};
    for (const auto& stack : report.stacks) {
        if (!stack.run || stack.run->kind != RunKind::tracked ||
            stack.run->settings.mode == Mode::observe)
            continue;
        const auto& run = *stack.run;
        const auto key = std::string(word(run.state)) + "/" + run.id.value;
        if (run.state == RunState::unknown)
            return said(key, author,
                        "Nobody saw how the apply of " + name_of(stack) +
                            " ended; it is not tried again by itself.");
        if (run.state == RunState::failed) {
            const bool begun =
                std::any_of(run.history.begin(), run.history.end(), [](const StateChange& change) {
                    return change.state == RunState::applying ||
                           change.state == RunState::confirmed;
                });
            return said(key, author,
                        std::string(begun ? "The apply of " : "After the merge, the plan of ") +
                            name_of(stack) + " failed.");
        }
        if (run.state == RunState::unconfirmed && run.reason.cause == Cause::locked)
            return said("locked/" + run.id.value, author,
                        change_in(report) + " in " + name_of(stack) + " waits, because " +
                            escape_markdown(reason_text(run)) + ".");
        if (run.state == RunState::unconfirmed && !run.awaits_consideration)
            return said(
                key, author,
                change_in(report) + " waits for a confirmation in " + name_of(stack) +
                    (run.reason.empty() ? "."
                                        : ", because " + escape_markdown(reason_text(run)) + "."));
    }
    return std::nullopt;
}

}  // namespace

std::optional<Mention> mention(const Report& report) {
    if (report.discovering_stacks) return std::nullopt;
    if (auto after = after_the_merge(report)) return after;
    if (report.pull.state != PullState::open || report.pull.draft) return std::nullopt;
    if (summary_check(report).status != CheckStatus::done) return std::nullopt;
    std::vector<std::string> logins;
    std::vector<MissingApproval> missing;
    std::size_t stacks = 0;
    for (const auto& stack : report.stacks) {
        const auto& approval = stack.approval;
        const bool waits = stack.run && stack.run->kind == RunKind::proposed &&
                           stack.run->state == RunState::finished &&
                           plan_of(*stack.run).counts.any() &&
                           approval.approval == Approval::undecided &&
                           std::any_of(approval.missing.begin(), approval.missing.end(),
                                       [](const MissingApproval& one) { return one.count > 0; });
        if (!waits) continue;
        ++stacks;
        for (const auto& login : approval.may_approve)
            if (std::find(logins.begin(), logins.end(), login) == logins.end())
                logins.push_back(login);
        for (const auto& one : approval.missing)
            if (one.count > 0 &&
                std::none_of(missing.begin(), missing.end(),
                             [&](const MissingApproval& known) { return known.text == one.text; }))
                missing.push_back(one);
    }
    if (stacks == 0) return std::nullopt;
    std::string what;
    for (std::size_t i = 0; i < missing.size() && i < 5; ++i)
        what += (what.empty() ? "" : ", ") + escape_markdown(missing[i].text.substr(0, 200));
    return said(approval_mention(report.pull.head), logins,
                "An approval is needed here: " + what + ".");
}

}  // namespace slipway
