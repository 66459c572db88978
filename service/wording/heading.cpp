#include "service/wording/heading.hpp"

#include <algorithm>
#include <set>

#include "service/wording/gone.hpp"
#include "service/wording/markup.hpp"
#include "service/wording/numbers.hpp"

namespace slipway {

namespace {

constexpr std::size_t paths_named = 3;

class Heading {
  public:
    Heading(const Report& report, const std::vector<StackView>& views, const Voice& voice)
        : report_(report), views_(views), voice_(voice) {}

    // What is destroyed is said whatever else there is to say.
    std::string text() const {
        auto out = situation();
        if (report_.discovering_stacks) return out;
        if (report_.pull.state != PullState::closed || any_tracked())
            append_clause(out, danger_in_numbers(views_));
        return out;
    }

  private:
    std::string situation() const {
        if (report_.discovering_stacks)
            return "Slipway is finding out which stacks this pull request concerns";
        if (report_.pull.state == PullState::closed && !any_tracked())
            return "Slipway: closed without a merge, nothing was applied";
        if (const auto lost = names(Standing::unknown); !lost.empty())
            return "Slipway does not know how " +
                   (lost.size() == 1 ? "the apply of " + lost[0]
                                     : std::to_string(lost.size()) + " applies") +
                   " ended";
        if (auto bad = failures_after_the_merge(); !bad.empty()) return "Slipway: " + bad;
        if (auto at_work = work(); !at_work.empty()) return at_work;
        if (!report_.conflicts.empty()) return conflicts();
        if (!report_.configuration.empty())
            return "Slipway cannot plan: the configuration has " +
                   number_of(report_.configuration.size(), "mistake");
        if (auto no = refused(); !no.empty()) return "Slipway: " + no;
        if (const auto left = gone(Standing::gone); !left.empty())
            return "Slipway: " + gone_sentence(left, voice_);
        if (auto still = standstills(); !still.empty()) return still;
        return changes();
    }

    std::vector<StackView> gone(Standing standing) const {
        std::vector<StackView> out;
        for (const auto& view : views_)
            if (view.standing == standing) out.push_back(view);
        return out;
    }

    std::vector<std::string> names(Standing standing) const {
        std::vector<std::string> out;
        for (const auto& view : views_)
            if (view.standing == standing) out.push_back(voice_.name(view->stack.value));
        return out;
    }
    std::size_t count(Standing standing) const {
        return static_cast<std::size_t>(
            std::count_if(views_.begin(), views_.end(),
                          [&](const StackView& v) { return v.standing == standing; }));
    }
    bool any_tracked() const {
        return std::any_of(views_.begin(), views_.end(),
                           [](const StackView& v) { return is_tracked(*v.report); });
    }
    // One is named, more are counted.
    static std::string subject(const std::vector<std::string>& some) {
        return some.size() == 1 ? some[0] : number_of(some.size(), "stack");
    }
    static std::string plans_of(const std::vector<std::string>& some) {
        return some.size() == 1 ? "plan of " + some[0] : number_of(some.size(), "plan");
    }
    static std::string is_or_are(std::size_t count) { return count == 1 ? " is " : " are "; }
    static std::string was_or_were(std::size_t count) { return count == 1 ? " was " : " were "; }
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

    std::string work() const {
        const auto planning = count(Standing::planning), queued = count(Standing::queued);
        const auto applying = count(Standing::applying);
        if (planning + queued + applying == 0) return {};
        const auto done = names(Standing::applied);
        const auto confirmed = static_cast<std::size_t>(
            std::count_if(views_.begin(), views_.end(), [](const StackView& v) {
                return v.standing == Standing::applying && v->run->state == RunState::confirmed;
            }));
        if (confirmed > 0 && confirmed == planning + queued + applying && done.empty())
            return "Slipway: " + subject(names(Standing::applying)) +
                   (confirmed == 1 ? " is confirmed and waits for a worker"
                                   : " are confirmed and wait for a worker");
        if (applying > 0 || !done.empty()) {
            const auto all = planning + queued + applying + done.size();
            std::string out =
                "Slipway is applying " + (all == 1 ? busy_name() : number_of(all, "stack"));
            if (done.size() == 1) out += " (" + done[0] + " is done)";
            if (done.size() > 1) out += " (" + std::to_string(done.size()) + " are done)";
            return out;
        }
        if (planning == 0 && queued == views_.size())
            return "Slipway: " + subject(names(Standing::queued)) + is_or_are(queued) + "queued" +
                   (queued == 1 && views_[0]->ahead ? " " + behind_text(*views_[0]->ahead) : "");
        std::string out = "Slipway is planning " +
                          (views_.size() == 1 ? busy_name() : number_of(views_.size(), "stack"));
        std::string progress;
        const auto add = [&](std::size_t number, std::string_view what) {
            if (number == 0) return;
            if (!progress.empty()) progress += ", ";
            progress += std::to_string(number) + " " + std::string(what);
        };
        const auto bad = count(Standing::plan_failed),
                   no = count(Standing::denied) + count(Standing::unjudged);
        const auto left = count(Standing::not_planned) + count(Standing::ended);
        add(views_.size() - planning - queued - bad - no - left, "done");
        add(bad, "failed");
        add(no, "denied");
        add(left, "not planned");
        return progress.empty() ? out : out + " (" + progress + ")";
    }

    std::string busy_name() const {
        for (const auto& view : views_)
            if (is_busy(view.standing)) return voice_.name(view->stack.value);
        return {};
    }

    std::string conflicts() const {
        std::vector<std::string> paths;
        for (const auto& path : report_.conflicts) paths.push_back(voice_.code(path));
        return "Slipway: this cannot be merged with " + voice_.name(report_.pull.base_branch) +
               ": conflicts in " + list_of(paths, paths_named);
    }

    std::string standstills() const {
        const auto left = names(Standing::not_planned);
        if (!left.empty()) {
            std::set<std::string> reasons;
            for (const auto& view : views_)
                if (view.standing == Standing::not_planned) reasons.insert(view->not_planned);
            const std::string why = reasons.size() == 1 && !reasons.begin()->empty()
                                        ? ", because " + voice_.said(*reasons.begin())
                                        : "";
            if (left.size() == 1) return "Slipway did not plan " + left[0] + why;
            if (left.size() == views_.size())
                return "Slipway planned none of " + number_of(left.size(), "stack") + why;
            return "Slipway did not plan " + std::to_string(left.size()) + " of " +
                   number_of(views_.size(), "stack") + why;
        }
        std::string out = ended();
        append_clause(out, waiting_for_confirmation());
        if (out.empty()) return {};
        if (const auto some = names(Standing::applied); !some.empty())
            append_clause(out, subject(some) + was_or_were(some.size()) + "applied");
        return "Slipway: " + out;
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
        std::size_t approvals = 0;
        for (const auto& view : views_) approvals += lacks_approval(view);
        if (auto whole = whole_stacks({Standing::unconfirmed});
            !whole.names.empty() && whole.names.size() == some.size())
            return whole.text("destroying ") + (some.size() == 1
                                                    ? " waits for confirmation by name"
                                                    : " wait for confirmation by name");
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
                out += ", because " + voice_.said(view->run->reason);
        return out;
    }

    // Stacks of which all is destroyed, because their settings want that.
    struct Whole {
        std::vector<std::string> names;
        int resources = 0;
        std::string text(const std::string& doing) const {
            return doing + number_of(static_cast<std::size_t>(resources), "resource") + " in " +
                   list_of(names);
        }
    };
    Whole whole_stacks(const std::vector<Standing>& standings) const {
        Whole out;
        for (const auto& view : views_) {
            if (!view->run || !view->run->destroy || is_observed(*view.report)) continue;
            if (std::find(standings.begin(), standings.end(), view.standing) == standings.end())
                continue;
            out.names.push_back(voice_.name(view->stack.value));
            out.resources += view->run->counts.remove;
        }
        return out;
    }

    std::string changes() const {
        const auto whole =
            whole_stacks({Standing::ready, Standing::unapproved, Standing::considering});
        if (whole.names.empty()) return other_changes();
        auto out = "Slipway: " + whole.text("merging destroys ");
        const auto other = count(Standing::ready) + count(Standing::unapproved) +
                           count(Standing::considering) - whole.names.size();
        if (other) out += ", and changes " + number_of(other, "more stack");
        if (count(Standing::unapproved))
            out += ", waiting for " +
                   number_of(std::max<std::size_t>(1, missing_approvals(views_)), "approval");
        return out;
    }

    std::string other_changes() const {
        const auto unapproved = names(Standing::unapproved), ready = names(Standing::ready);
        const auto considering = names(Standing::considering);
        auto who = unapproved;
        who.insert(who.end(), ready.begin(), ready.end());
        who.insert(who.end(), considering.begin(), considering.end());
        const auto changing = who.size();
        const std::string verb = changing == 1 ? " changes" : " change";
        if (!unapproved.empty()) {
            const auto missing = std::max<std::size_t>(1, missing_approvals(views_));
            return "Slipway: " + subject(who) + verb + ", waiting for " +
                   number_of(missing, "approval");
        }
        if (!considering.empty())
            return "Slipway: " + subject(who) + verb + ", approvals are being looked at";
        if (const auto applied = names(Standing::applied); !applied.empty())
            return applied_in(applied);
        if (changing > 0)
            return "Slipway: " + subject(who) +
                   (all_observed() ? " would change, and is only observed" : verb + ready_for());
        if (const auto left = gone(Standing::orphaned); !left.empty())
            return left.size() == 1 ? "Slipway: " + gone_sentence(left, voice_)
                                    : "Slipway: what " + number_of(left.size(), "stack") +
                                          " managed stays unmanaged";
        if (report_.phase == PullPhase::merged)
            return count(Standing::untouched) == views_.size()
                       ? "Slipway: merged, nothing is applied yet"
                       : "Slipway: merged, nothing had to be applied";
        if (views_.empty()) return "Slipway: no stack is concerned";
        return "Slipway: no changes in " + subject(names(Standing::unchanged));
    }

    std::string applied_in(const std::vector<std::string>& applied) const {
        std::int64_t from = 0, to = 0;
        for (const auto& view : views_) {
            if (view.standing != Standing::applied) continue;
            const auto begun = entered_at_ms(*view->run, RunState::applying);
            from = from == 0 ? begun : std::min(from, begun);
            to = std::max(to, view->run->finished_at_ms);
        }
        return "Slipway applied " + subject(applied) + " in " + duration_text(to - from);
    }

    bool all_observed() const {
        return std::all_of(views_.begin(), views_.end(), [](const StackView& view) {
            return view.standing != Standing::ready || is_observed(*view.report);
        });
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

    const Report& report_;
    const std::vector<StackView>& views_;
    const Voice& voice_;
};

}  // namespace

void append_clause(std::string& out, const std::string& clause) {
    if (clause.empty()) return;
    if (!out.empty()) out += "; ";
    out += clause;
}

std::string heading(const Report& report, const std::vector<StackView>& views, const Voice& voice) {
    return Heading(report, views, voice).text();
}

std::size_t missing_approvals(const std::vector<StackView>& views) {
    std::set<std::string> distinct;
    for (const auto& view : views)
        if (view.standing == Standing::unapproved || lacks_approval(view))
            distinct.insert(view->approval.missing.begin(), view->approval.missing.end());
    std::size_t sum = 0;
    for (const auto& one : distinct) {
        std::size_t number = 0;
        for (char c : one) {
            if (c < '0' || c > '9' || number > 99) break;
            number = number * 10 + static_cast<std::size_t>(c - '0');
        }
        sum += std::max<std::size_t>(1, number);
    }
    return sum;
}

}  // namespace slipway
