// The report as JSON, for programs: the facts as fields, and the sentences that people read.
#include "service/base/codec.hpp"
#include "service/wording/heading.hpp"
#include "service/wording/links.hpp"
#include "service/wording/numbers.hpp"
#include "service/wording/plan_cost.hpp"
#include "service/wording/reasons.hpp"
#include "service/wording/table.hpp"

namespace slipway {

namespace {

Json stack_document(const Report& report, const StackView& view) {
    Json out = Json::object({{"stack", Json(view->stack.value)},
                             {"directory", Json(view->directory)},
                             {"standing", Json(word(view.standing))},
                             {"text", Json(standing_text(report, view))},
                             {"observe", Json(is_observed(*view.report))},
                             {"new", Json(view->is_new)}});
    if (!view->not_planned.empty())
        out.set("not_planned", Json(not_planned_text(view->not_planned)));
    if (view->gone) out.set("gone", encode(*view->gone));
    if (!view->renamed_from.empty()) out.set("renamed_from", Json(view->renamed_from));
    if (view->place_in_queue) out.set("place_in_queue", Json(*view->place_in_queue));
    if (view->run) {
        const auto& run = *view->run;
        const auto& plan = plan_of(run);
        Json document = Json::object({{"id", Json(run.id.value)},
                                      {"kind", Json(kind_word(run))},
                                      {"state", Json(word(run.state))},
                                      {"reason", Json(reason_text(run))},
                                      {"plan_digest", Json(plan.digest)},
                                      {"counts", encode(plan.counts)},
                                      {"error", Json(run.error)}});
        if (const auto url = run_url(report, run.id); !url.empty()) document.set("url", Json(url));
        out.set("run", std::move(document));
        out.set("verdict", Json(word(plan.decision.verdict)));
        out.set("findings", encode(plan.decision.findings));
        if (plan.cost) out.set("cost", cost_json(*plan.cost));
    }
    if (view->plan) {
        out.set("changes", encode(view->plan->changes));
        out.set("outputs", encode(view->plan->outputs));
    }
    out.set("approval", Json::object({{"approval", Json(word(view->approval.approval))},
                                      {"missing", encode(texts_of(view->approval.missing))},
                                      {"approved_by", encode(view->approval.approved_by)}}));
    return out;
}

}  // namespace

Json report_json(const Report& report) {
    const Voice plain(Medium::terminal);
    const auto views = report.discovering_stacks ? std::vector<StackView>() : by_attention(report);
    Json stacks = Json::array();
    for (const auto& view : views) stacks.push(stack_document(report, view));
    return Json::object({{"pull", encode(report.pull)},
                         {"heading", Json(heading(report, views, plain))},
                         {"discovering_stacks", Json(report.discovering_stacks)},
                         {"conflicts", encode(report.conflicts)},
                         {"configuration", encode(lines_of(report.configuration))},
                         {"stacks", std::move(stacks)},
                         {"merging", Json(merging(report, views, plain))},
                         {"next_step", Json(next_step(report, views, plain))}});
}

}  // namespace slipway
