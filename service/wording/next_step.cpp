// What the reader can do now, said once for the whole pull request: the sentence under the heading.
#include <algorithm>
#include <set>

#include "service/wording/heading.hpp"
#include "service/wording/markup.hpp"
#include "service/wording/numbers.hpp"

namespace slipway {

namespace {

constexpr std::size_t targets_named = 3;

std::vector<const StackView*> those(const std::vector<StackView>& views, Standing standing) {
    std::vector<const StackView*> out;
    for (const auto& view : views)
        if (view.standing == standing) out.push_back(&view);
    return out;
}

enum class With { stack, plan };

bool can_be_typed(std::string_view id) {
    return !id.empty() && id.size() <= 100 && id[0] != '-' &&
           std::all_of(id.begin(), id.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || c == '.' || c == '/' || c == ':';
           });
}

// `/slipway approve payments-prod@9f3c`; many stacks are left to the command's own meaning: all
// that are concerned.
std::string command(const Report& report, std::string_view verb,
                    const std::vector<const StackView*>& views, With with, const Voice& voice) {
    std::string out = report.command_word + " " + std::string(verb);
    const bool all_writable = std::all_of(views.begin(), views.end(), [](const StackView* view) {
        return can_be_typed((*view)->stack.value);
    });
    // Destroying a stack asks for its name, however many they are.
    const bool must_be_named = std::any_of(views.begin(), views.end(), [](const StackView* view) {
        return (*view)->run && (*view)->run->destroy;
    });
    if ((views.size() <= targets_named || must_be_named) && all_writable)
        for (const auto* view : views) {
            out += " " + (*view)->stack.value;
            if (with == With::plan && (*view)->run && !plan_of(*(*view)->run).digest.empty())
                out += "@" + std::string(shortened(plan_of(*(*view)->run).digest, 4));
        }
    return voice.command(out);
}

// Members of the teams, where nobody but teams is waited for.
std::string who_may_approve(const std::vector<const StackView*>& views, const Voice& voice) {
    std::set<std::string> teams;
    for (const auto* view : views)
        for (const auto& missing : (*view)->approval.missing) {
            if (missing.count == 0) continue;  // not waiting for people
            if (missing.team.empty()) return {};
            teams.insert(voice.name(missing.team));
        }
    if (teams.empty()) return {};
    return "Members of team " + list_of({teams.begin(), teams.end()}, 4) + ": ";
}

std::string approving(const Report& report, const std::vector<const StackView*>& views,
                      const Voice& voice) {
    const auto who = who_may_approve(views, voice);
    return (who.empty() ? "Approve" : who + "approve") + " with a review, or with " +
           command(report, "approve", views, With::plan, voice);
}

// `/slipway allow provider acme/dns`
std::string allowing(const Report& report, const std::vector<const StackView*>& views,
                     const Voice& voice) {
    std::set<std::string> sources;
    for (const auto* view : views)
        sources.insert((*view)->run->unknown_providers.begin(),
                       (*view)->run->unknown_providers.end());
    std::string out = report.command_word + " allow provider";
    for (const auto& source : sources) out += " " + source;
    return voice.command(out);
}

bool is_open(const Report& report) { return report.pull.state == PullState::open; }

// One function for each situation, in the order of what comes first; "": it is another one.
class NextStep {
  public:
    NextStep(const Report& report, const std::vector<StackView>& views, const Voice& voice)
        : report_(report), views_(views), voice_(voice) {}

    std::string text() const {
        if (const auto sentence = blocked(); !sentence.empty()) return sentence + help();
        if (any(Standing::unknown)) return {};  // said of each, see resolving()
        if (const auto sentence = apply_broken_off(); !sentence.empty()) return sentence + help();
        if (anybody_busy()) return {};
        for (const auto step : {&NextStep::planned, &NextStep::judged})
            if (const auto sentence = (this->*step)(); !sentence.empty()) return sentence + help();
        if (any(Standing::gone)) return help().substr(1);
        if (any(Standing::not_planned)) return not_planned();
        for (const auto step : {&NextStep::confirmed, &NextStep::locked, &NextStep::ended,
                                &NextStep::approved, &NextStep::applied})
            if (const auto sentence = (this->*step)(); !sentence.empty()) return sentence + help();
        return {};
    }

  private:
    using Some = std::vector<const StackView*>;

    bool anybody_busy() const {
        return std::any_of(views_.begin(), views_.end(),
                           [](const StackView& v) { return is_busy(v.standing); });
    }
    bool any(Standing standing) const { return !those(views_, standing).empty(); }
    std::string help() const {
        return " All commands: " + voice_.command(report_.command_word + " help") + ".";
    }

    std::string say(std::string_view verb, const Some& views, With with = With::stack) const {
        return command(report_, verb, views, with, voice_);
    }
    std::string branch() const { return voice_.name(report_.pull.base_branch); }
    bool open() const { return is_open(report_); }

    std::string blocked() const {
        if (!open()) return {};
        if (!report_.conflicts.empty())
            return "Bring " + branch() + " into the branch, by a merge or a rebase, and push.";
        return report_.configuration.empty() ? "" : "Fix the configuration and push.";
    }

    std::string apply_broken_off() const {
        const auto some = those(views_, Standing::apply_failed);
        if (some.empty()) return {};
        if (open()) return "Push a fix, or comment " + say("plan", some) + " to plan what is left.";
        return "To continue, comment " + say("retry", some) + ": it plans again from the tip of " +
               branch() + ". If it needs a fix, merge that first.";
    }

    std::string planned() const {
        const auto failed = those(views_, Standing::plan_failed);
        if (failed.empty()) return {};
        if (open()) return "Push a fix, or comment " + say("plan", failed) + " to plan again.";
        return "Once it is fixed, comment " + say("retry", failed) +
               " to plan again from the tip of " + branch() + ".";
    }

    std::string judged() const {
        const auto unjudged = those(views_, Standing::unjudged);
        auto refused = those(views_, Standing::denied);
        const auto fix = refused.empty()
                             ? "The owner of the policy has to fix it; then comment " +
                                   say("plan", unjudged) + "."
                             : std::string("Push a fix, and the policies check it again.");
        refused.insert(refused.end(), unjudged.begin(), unjudged.end());
        if (!refused.empty())
            return fix + " To see how it was decided: " + say("explain", refused) + ".";
        if (const auto rejected = those(views_, Standing::rejected); !rejected.empty())
            return "Whoever rejected it can approve it with a review, or with " +
                   say("approve", rejected, With::plan) + ".";
        const auto withheld = those(views_, Standing::unknown_provider);
        if (withheld.empty()) return {};
        return std::string("Somebody with the role admin who trusts ") +
               (withheld.size() == 1 ? "it" : "them") + ": " + allowing(report_, withheld, voice_) +
               " lets this pull request use it.";
    }

    std::string not_planned() const {
        const auto dropped = those(views_, Standing::not_planned);
        const auto is_dropped = [](const StackView* view) {
            return (*view)->not_planned.cause == Cause::ended_by;
        };
        if (std::all_of(dropped.begin(), dropped.end(), is_dropped))
            return "To plan it again, comment " + say("plan", dropped) + "." + help();
        const bool waits = std::any_of(
            report_.stacks.begin(), report_.stacks.end(),
            [](const StackReport& one) { return one.not_planned.cause == Cause::from_fork; });
        if (!waits) return "Push a new commit to plan it." + help();
        return "Somebody who may push to this repository can look at the commits and then "
               "comment " +
               voice_.command(report_.command_word + " allow commit " +
                              std::string(shortened(report_.pull.head.value))) +
               ": this one is planned, with the secrets that plans get. A newer commit waits "
               "again.";
    }

    // "Held: frozen until 2027-01-04 07:00 UTC: the holidays. No approval changes that"
    std::string held(const Some& views) const {
        std::set<std::string> texts;
        for (const auto* view : views)
            for (const auto& missing : (*view)->approval.missing)
                texts.insert(voice_.said(missing.text));
        return "Held: " + list_of({texts.begin(), texts.end()}, 4) + ". No approval changes that";
    }

    // Whether it is looked at again by itself when the time has come.
    static bool timed(const Some& views) {
        return std::all_of(views.begin(), views.end(), [](const StackView* view) {
            const auto& missing = (*view)->approval.missing;
            return std::all_of(missing.begin(), missing.end(), [](const MissingApproval& one) {
                return one.count > 0 || one.until_ms > 0;
            });
        });
    }

    std::string confirmed() const {
        Some unapproved, unconfirmed, held_back;
        for (const auto* view : those(views_, Standing::unconfirmed))
            (is_held(*view)          ? held_back
             : lacks_approval(*view) ? unapproved
                                     : unconfirmed)
                .push_back(view);
        if (!unapproved.empty())
            return approving(report_, unapproved, voice_) + "; " + say("cancel", unapproved) +
                   " discards.";
        if (unconfirmed.empty() && !held_back.empty() && timed(held_back))
            return held(held_back) + ". Slipway looks at it again then; " +
                   say("cancel", held_back) + " discards.";
        if (unconfirmed.empty() && !held_back.empty())
            return held(held_back) + ". Afterwards " + say("apply", held_back, With::plan) +
                   " confirms; " + say("cancel", held_back) + " discards.";
        if (unconfirmed.empty()) return {};
        const auto is_locked = [](const StackView* view) { return (*view)->lock.has_value(); };
        const bool all_locked = std::all_of(unconfirmed.begin(), unconfirmed.end(), is_locked);
        if (!all_locked) std::erase_if(unconfirmed, is_locked);
        return std::string(all_locked ? "Once the lock is lifted, somebody" : "Somebody") +
               " with write permission: " + say("apply", unconfirmed, With::plan) + " confirms, " +
               say("cancel", unconfirmed) + " discards.";
    }

    std::string locked() const {
        const auto some = those(views_, Standing::locked);
        if (some.empty()) return {};
        return std::string(some.size() == 1 ? "It is applied" : "They are applied") +
               " when the lock is lifted or expires; " + say("cancel", some) + " discards.";
    }

    std::string ended() const {
        const auto some = those(views_, Standing::ended);
        if (some.empty()) return {};
        return "To plan again" +
               (open() ? ": " + say("plan", some)
                       : " from the tip of " + branch() + ": " + say("retry", some)) +
               ".";
    }

    std::string approved() const {
        auto waiting = those(views_, Standing::unapproved);
        if (std::all_of(waiting.begin(), waiting.end(),
                        [](const StackView* view) { return is_held(*view); }))
            return waiting.empty() ? ""
                   : timed(waiting)
                       ? held(waiting) + ". Slipway looks at it again then."
                       : held(waiting) + "; afterwards comment " + say("plan", waiting) + ".";
        std::erase_if(waiting, [](const StackView* view) { return is_held(*view); });
        return waiting.empty() ? "" : approving(report_, waiting, voice_) + ".";
    }

    std::string applied() const {
        auto ready = those(views_, Standing::ready);
        std::erase_if(ready, [](const StackView* view) {
            return (*view)->run->settings.apply_when != ApplyWhen::before_merge ||
                   is_observed(*view->report) || (*view)->lock;
        });
        if (ready.empty() || !open()) return {};
        return "To apply now: " + say("apply", ready, With::plan) + ".";
    }

    const Report& report_;
    const std::vector<StackView>& views_;
    const Voice& voice_;
};

}  // namespace

std::string resolving(const Report& report, const StackId& stack, const Voice& voice) {
    const auto says = [&](const char* how) {
        return voice.command(report.command_word + " resolve " +
                             (can_be_typed(stack.value) ? stack.value : "STACK") + " " + how);
    };
    return "Look at the state of " + voice.name(stack.value) + "; then whoever may confirm says " +
           says("applied") + " or " + says("failed") + ", and a new plan shows what is left.";
}

std::string unlocking(const Report& report, const std::vector<StackId>& stacks,
                      const Voice& voice) {
    std::string out = report.command_word + " unlock";
    const bool all_writable = std::all_of(stacks.begin(), stacks.end(), [](const StackId& stack) {
        return can_be_typed(stack.value);
    });
    if (stacks.size() <= targets_named && all_writable)
        for (const auto& stack : stacks) out += " " + stack.value;
    return voice.command(out);
}

std::string next_step(const Report& report, const std::vector<StackView>& views,
                      const Voice& voice) {
    if (report.discovering_stacks || report.pull.state == PullState::closed) return {};
    const NextStep step(report, views, voice);
    return step.text();
}

}  // namespace slipway
