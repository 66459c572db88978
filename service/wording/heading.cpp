#include "service/wording/heading.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "service/wording/gone.hpp"
#include "service/wording/handed_over.hpp"
#include "service/wording/locks.hpp"
#include "service/wording/markup.hpp"
#include "service/wording/numbers.hpp"
#include "service/wording/reasons.hpp"
#include "service/wording/tally.hpp"

namespace slipway {

namespace {

constexpr std::size_t paths_named = 3;

class Heading : Tally {
  public:
    using Tally::Tally;

    // What is destroyed is said whatever else there is to say.
    Headline headline() const {
        auto out = situation();
        if (report_.discovering_stacks) return out;
        if (report_.pull.state != PullState::closed || any_tracked())
            append_clause(out.rest, danger_in_numbers(views_));
        return out;
    }

  private:
    static Headline with_colon(std::string rest) {
        return {Headline::Lead::colon, std::move(rest)};
    }
    static Headline is(std::string rest) { return {Headline::Lead::is, std::move(rest)}; }
    static Headline does(std::string rest) { return {Headline::Lead::verb, std::move(rest)}; }

    Headline situation() const {
        if (report_.discovering_stacks)
            return is("finding out which stacks this pull request concerns");
        if (report_.pull.state == PullState::closed && !any_tracked())
            return with_colon("closed without a merge, nothing was applied");
        if (const auto lost = names(Standing::unknown); !lost.empty())
            return does("does not know how " +
                        (lost.size() == 1 ? "the apply of " + lost[0]
                                          : std::to_string(lost.size()) + " applies") +
                        " ended");
        if (auto bad = failures_after_the_merge(); !bad.empty()) return with_colon(bad);
        if (auto at_work = work()) return *at_work;
        if (!report_.conflicts.empty()) return conflicts();
        if (!report_.configuration.empty())
            return does("cannot plan: the configuration has " +
                        number_of(report_.configuration.size(), "mistake"));
        if (auto no = refused(); !no.empty()) return with_colon(no);
        if (const auto left = those(Standing::gone); !left.empty())
            return with_colon(gone_sentence(left, voice_));
        if (auto still = standstills()) return *still;
        return changes();
    }

    std::string failed(Standing standing, const std::string& noun) const {
        const auto some = names(standing);
        if (some.empty()) return {};
        if (some.size() == 1) return noun + " of " + some[0] + " failed";
        return number_of(some.size(), noun) + " failed";
    }

    std::string refused() const {
        std::string out;
        append_clause(out, failed(Standing::plan_failed, "plan"));
        if (const auto some = names(Standing::denied); !some.empty())
            append_clause(out, plans_of(some) + " denied by policy");
        if (const auto some = names(Standing::unjudged); !some.empty())
            append_clause(out, plans_of(some) + " not judged: a policy failed");
        if (const auto some = names(Standing::rejected); !some.empty())
            append_clause(out, subject(some) + was_or_were(some.size()) + "rejected");
        if (const auto some = names(Standing::unknown_provider); !some.empty())
            append_clause(out, subject(some) + (some.size() == 1 ? " needs" : " need") +
                                   " a provider that " + voice_.name(report_.pull.base_branch) +
                                   " does not use");
        return out;
    }

    // An apply that failed is said at once, whatever else is going on.
    std::string failures_after_the_merge() const {
        if (!any_tracked()) return {};
        std::string out = failed(Standing::apply_failed, "apply");
        append_clause(out, refused());
        if (out.empty()) return {};
        if (const auto some = names(Standing::applied); !some.empty())
            append_clause(out, subject(some) + was_or_were(some.size()) + "applied");
        if (const auto some = names(Standing::applying); !some.empty())
            append_clause(out, subject(some) + is_or_are(some.size()) + "being applied");
        return out;
    }

    std::optional<Headline> work() const {
        const auto planning = count(Standing::planning), queued = count(Standing::queued);
        const auto applying = count(Standing::applying);
        if (planning + queued + applying == 0) return std::nullopt;
        if (planning + applying == 0 && queued == followers(views_, voice_).size())
            return std::nullopt;
        const auto done = names(Standing::applied);
        const auto confirmed = static_cast<std::size_t>(
            std::count_if(views_.begin(), views_.end(), [](const StackView& v) {
                return v.standing == Standing::applying && v->run->state == RunState::confirmed;
            }));
        if (confirmed > 0 && confirmed == planning + queued + applying && done.empty())
            return with_colon(subject(names(Standing::applying)) +
                              (confirmed == 1 ? " is confirmed and waits for a worker"
                                              : " are confirmed and wait for a worker"));
        if (applying > 0 || !done.empty()) {
            const auto all = planning + queued + applying + done.size();
            std::string out = "applying " + (all == 1 ? busy_name() : number_of(all, "stack"));
            if (done.size() == 1) out += " (" + done[0] + " is done)";
            if (done.size() > 1) out += " (" + std::to_string(done.size()) + " are done)";
            return is(out);
        }
        if (planning == 0 && queued == views_.size())
            return with_colon(
                subject(names(Standing::queued)) + is_or_are(queued) + "queued" +
                (queued == 1 && views_[0]->ahead ? " " + behind_text(*views_[0]->ahead) : ""));
        return is("planning " +
                  (views_.size() == 1 ? busy_name() : number_of(views_.size(), "stack")) +
                  progress(planning + queued));
    }

    // " (2 done, 1 failed)"
    std::string progress(std::size_t busy) const {
        std::string out;
        const auto add = [&](std::size_t number, std::string_view what) {
            if (number > 0)
                out +=
                    (out.empty() ? " (" : ", ") + std::to_string(number) + " " + std::string(what);
        };
        const auto bad = count(Standing::plan_failed);
        const auto no = count(Standing::denied) + count(Standing::unjudged);
        const auto left = count(Standing::not_planned) + count(Standing::ended);
        add(views_.size() - busy - bad - no - left, "done");
        add(bad, "failed");
        add(no, "denied");
        add(left, "not planned");
        return out.empty() ? out : out + ")";
    }

    std::string busy_name() const {
        for (const auto& view : views_)
            if (is_busy(view.standing)) return voice_.name(view->stack.value);
        return {};
    }

    Headline conflicts() const {
        std::vector<std::string> paths;
        for (const auto& path : report_.conflicts) paths.push_back(voice_.code(path));
        return with_colon("this cannot be merged with " + voice_.name(report_.pull.base_branch) +
                          ": conflicts in " + list_of(paths, paths_named));
    }

    std::optional<Headline> standstills() const {
        if (const auto left = names(Standing::not_planned); !left.empty()) return not_planned(left);
        std::string out = ended();
        append_clause(out, waiting_for_confirmation());
        append_clause(out, locked());
        if (out.empty()) return std::nullopt;
        if (const auto some = followers(views_, voice_); !some.empty())
            append_clause(out, subject(some) + (some.size() == 1 ? " follows" : " follow"));
        if (const auto some = names(Standing::applied); !some.empty())
            append_clause(out, subject(some) + was_or_were(some.size()) + "applied");
        return with_colon(out);
    }

    // With the reason, where all have the same.
    Headline not_planned(const std::vector<std::string>& left) const {
        std::set<std::string> reasons;
        for (const auto& view : views_)
            if (view.standing == Standing::not_planned)
                reasons.insert(not_planned_text(view->not_planned));
        const std::string why = reasons.size() == 1 && !reasons.begin()->empty()
                                    ? ", because " + voice_.said(*reasons.begin())
                                    : "";
        if (left.size() == 1) return does("did not plan " + left[0] + why);
        if (left.size() == views_.size())
            return does("planned none of " + number_of(left.size(), "stack") + why);
        return does("did not plan " + std::to_string(left.size()) + " of " +
                    number_of(views_.size(), "stack") + why);
    }

    std::string ended() const {
        const StackView* one = nullptr;
        std::size_t number = 0;
        for (const auto& view : views_)
            if (view.standing == Standing::ended) one = &view, ++number;
        if (number == 0) return {};
        if (number > 1)
            return number_of(number, any_tracked() ? "apply" : "plan") + " did not come to an end";
        const std::string how(word((*one)->run->state));
        const auto name = voice_.name((*one)->stack.value);
        return (is_tracked(*one->report) ? name : "the plan of " + name) + " was " + how;
    }

    std::string waiting_for_confirmation() const {
        const auto some = names(Standing::unconfirmed);
        if (some.empty()) return {};
        std::size_t approvals = 0, held = 0;
        for (const auto& view : views_) {
            approvals += lacks_approval(view);
            held += is_held(view);
        }
        if (auto whole = whole_stacks({Standing::unconfirmed});
            !whole.names.empty() && whole.names.size() == some.size())
            return whole.text("destroying ") + (some.size() == 1
                                                    ? " waits for confirmation by name"
                                                    : " wait for confirmation by name");
        if (held == some.size()) return subject(some) + " may not be applied yet";
        if (some.size() > 1)
            return number_of(some.size(), "stack") + (approvals == 0 ? " wait for confirmation"
                                                      : approvals == some.size()
                                                          ? " wait for approval"
                                                          : " wait for approval or confirmation");
        if (approvals)
            return some[0] + " waits for " + number_of(missing_approvals(views_), "approval");
        std::string out = some[0] + " waits for confirmation";
        for (const auto& view : views_)
            if (view.standing == Standing::unconfirmed && !view->run->reason.empty())
                out += ", because " + voice_.said(reason_text(*view->run));
        return out;
    }

    // The notices below have the note.
    std::string locked() const {
        const auto some = names(Standing::locked);
        if (some.empty()) return {};
        if (some.size() > 1) return number_of(some.size(), "stack") + " wait, because of a lock";
        for (const auto& view : views_) {
            if (view.standing != Standing::locked) continue;
            auto why = lock_ahead(view);
            why.text.clear();
            return some[0] + " waits, because " + voice_.said(reason_text(why));
        }
        return {};
    }

    Headline changes() const {
        const auto whole =
            whole_stacks({Standing::ready, Standing::unapproved, Standing::considering});
        if (whole.names.empty()) return other_changes();
        auto out = whole.text("merging destroys ");
        const auto other = count(Standing::ready) + count(Standing::unapproved) +
                           count(Standing::considering) - whole.names.size();
        if (other) out += ", and changes " + number_of(other, "more stack");
        if (count(Standing::unapproved)) out += waiting_for_approvals();
        return with_colon(out);
    }

    std::string waiting_for_approvals() const {
        const auto waiting = those(Standing::unapproved);
        if (std::all_of(waiting.begin(), waiting.end(), is_held))
            return ", and may not be applied yet";
        return ", waiting for " +
               number_of(std::max<std::size_t>(1, missing_approvals(views_)), "approval");
    }

    Headline other_changes() const {
        auto who = names(Standing::unapproved);
        for (const auto standing : {Standing::ready, Standing::considering})
            for (auto& name : names(standing)) who.push_back(std::move(name));
        const auto changing = who.size();
        const std::string verb = changing == 1 ? " changes" : " change";
        if (count(Standing::unapproved))
            return with_colon(subject(who) + verb + waiting_for_approvals());
        if (count(Standing::considering))
            return with_colon(subject(who) + verb + ", approvals are being looked at");
        if (const auto applied = names(Standing::applied); !applied.empty())
            return applied_in(applied);
        if (changing > 0)
            return with_colon(subject(who) + (all_observed() ? " would change, and is only observed"
                                                             : verb + ready_for()));
        return no_changes();
    }

    Headline no_changes() const {
        if (const auto left = those(Standing::orphaned); !left.empty())
            return with_colon(left.size() == 1 ? gone_sentence(left, voice_)
                                               : "what " + number_of(left.size(), "stack") +
                                                     " managed stays unmanaged");
        if (report_.phase == PullPhase::merged)
            return with_colon(count(Standing::untouched) == views_.size()
                                  ? "merged, nothing is applied yet"
                                  : "merged, nothing had to be applied");
        if (views_.empty()) return with_colon("no stack is concerned");
        if (const auto some = names(Standing::on_request); some.size() == views_.size())
            return with_colon("nobody has asked to plan " + subject(some));
        return with_colon("no changes in " + subject(names(Standing::unchanged)));
    }

    Headline applied_in(const std::vector<std::string>& applied) const {
        std::int64_t from = 0, to = 0;
        for (const auto& view : views_) {
            if (view.standing != Standing::applied) continue;
            const auto begun = entered_at_ms(*view->run, RunState::applying);
            from = from == 0 ? begun : std::min(from, begun);
            to = std::max(to, view->run->finished_at_ms);
        }
        return does("applied " + subject(applied) + " in " + duration_text(to - from));
    }

    std::string ready_for() const {
        std::size_t before_merge = 0, all = 0, warned = 0;
        for (const auto& view : views_) {
            if (view.standing != Standing::ready) continue;
            ++all;
            warned += warnings(*view.report);
            if (view->run->settings.apply_when == ApplyWhen::before_merge) ++before_merge;
        }
        std::string out = before_merge == all ? ", ready to apply" : ", ready to merge";
        if (report_.pull.draft) out = "; the pull request is still a draft";
        return warned ? out + " (" + number_of(warned, "warning") + ")" : out;
    }
};

}  // namespace

std::string Headline::text() const {
    switch (lead) {
        case Lead::colon:
            return "Slipway: " + rest;
        case Lead::is:
            return "Slipway is " + rest;
        case Lead::verb:
            break;
    }
    return "Slipway " + rest;
}

Headline headline(const Report& report, const std::vector<StackView>& views, const Voice& voice) {
    return Heading(report, views, voice).headline();
}

std::string heading(const Report& report, const std::vector<StackView>& views, const Voice& voice) {
    return headline(report, views, voice).text();
}

}  // namespace slipway
