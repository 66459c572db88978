#include "service/wording/tally.hpp"

#include <algorithm>
#include <set>

#include "service/wording/heading.hpp"
#include "service/wording/numbers.hpp"

namespace slipway {

std::vector<StackView> Tally::those(Standing standing) const {
    std::vector<StackView> out;
    for (const auto& view : views_)
        if (view.standing == standing) out.push_back(view);
    return out;
}

std::vector<std::string> Tally::names(Standing standing) const {
    std::vector<std::string> out;
    for (const auto& view : those(standing)) out.push_back(voice_.name(view->stack.value));
    return out;
}

std::size_t Tally::count(Standing standing) const { return those(standing).size(); }

bool Tally::any_tracked() const {
    return std::any_of(views_.begin(), views_.end(),
                       [](const StackView& v) { return is_tracked(*v.report); });
}

bool Tally::all_observed() const {
    return std::all_of(views_.begin(), views_.end(), [](const StackView& view) {
        return view.standing != Standing::ready || is_observed(*view.report);
    });
}

std::string Tally::Whole::text(const std::string& doing) const {
    return doing + number_of(static_cast<std::size_t>(resources), "resource") + " in " +
           list_of(names);
}

Tally::Whole Tally::whole_stacks(const std::vector<Standing>& standings) const {
    Whole out;
    for (const auto& view : views_) {
        if (!view->run || !view->run->destroy || is_observed(*view.report)) continue;
        if (std::find(standings.begin(), standings.end(), view.standing) == standings.end())
            continue;
        out.names.push_back(voice_.name(view->stack.value));
        out.resources += plan_of(*view->run).counts.remove;
    }
    return out;
}

std::string Tally::subject(const std::vector<std::string>& some) {
    return some.size() == 1 ? some[0] : number_of(some.size(), "stack");
}

std::string Tally::plans_of(const std::vector<std::string>& some) {
    return some.size() == 1 ? "plan of " + some[0] : number_of(some.size(), "plan");
}

std::size_t missing_approvals(const std::vector<StackView>& views) {
    std::set<MissingApproval> distinct;
    for (const auto& view : views)
        if (view.standing == Standing::unapproved || lacks_approval(view))
            for (auto one : view->approval.missing) {
                one.not_by.clear();  // one review may still give it
                distinct.insert(std::move(one));
            }
    std::size_t sum = 0;
    for (const auto& one : distinct) sum += static_cast<std::size_t>(std::max(0, one.count));
    return sum;
}

}  // namespace slipway
