// Why a run is as it is: the tree of every decision, what would change it, and what the policies
// were asked, so that they can be asked again.
#include "handlers/api/access.hpp"
#include "handlers/api/routes.hpp"
#include "handlers/api/run_lookup.hpp"
#include "policies/kept_input.hpp"
#include "service/model/stack_lock.hpp"
#include "service/wording/numbers.hpp"
#include "service/wording/reasons.hpp"
#include "service/wording/report.hpp"
#include "service/wording/run_words.hpp"

namespace slipway {

namespace {

constexpr int newest_looked_at = 100;

// The run that goes first in the stack's lane, where that is another.
Task<std::optional<Ahead>> run_ahead(ApiContext& context, Run run) {
    if (run.kind != RunKind::tracked || run.state != RunState::queued) co_return std::nullopt;
    const auto members = co_await context.queue.lane(stack_lane(run.stack));
    if (members.empty() || members.front() == run.id.value) co_return std::nullopt;
    const auto first = co_await load<Run>(context.queue, run_key(RunId(members.front())));
    if (!first.version) co_return std::nullopt;
    Ahead out;
    out.run = first.value.id;
    if (first.value.pull != run.pull) out.pull = first.value.pull;
    out.state = first.value.state;
    co_return out;
}

Task<StackReport> report_of(ApiContext& context, Run run) {
    StackReport stack;
    stack.stack = run.stack;
    stack.directory = run.settings.directory;
    stack.push = run.push;
    stack.renamed_from = run.renamed_from;
    auto standing = co_await standing_on_pull(context, run);
    stack.approval = std::move(standing.approval);
    stack.outdated = standing.outdated;
    stack.ahead = co_await run_ahead(context, run);
    const auto lock = co_await load<StackLock>(context.queue, lock_key(run.stack));
    if (holds(lock.value, context.clock.now_ms())) stack.lock = lock.value;
    stack.run = std::move(run);
    co_return stack;
}

Task<HttpResponse> explain(ApiContext& context, Run run) {
    const auto stack = co_await report_of(context, run);
    const auto all = explained(stack);
    Json approval = encode(stack.approval);
    approval.set("missing", encode(texts_of(stack.approval.missing)));
    Json body = Json::object({{"run", Json(run.id.value)},
                              {"stack", Json(run.stack.value)},
                              {"state", Json(word(run.state))},
                              {"reason", Json(reason_text(run))},
                              {"text", Json(explanation_text(all))},
                              {"push", encode(run.push)},
                              {"plan", encode(plan_of(run).decision)},
                              {"approval", std::move(approval)}});
    const auto data = explained_json(all);
    for (const auto& [name, value] : data.members()) body.set(name, value);
    co_return json_response(200, body);
}

Task<HttpResponse> explain_run(ApiContext& context, HttpRequest request) {
    auto found = co_await find_run(context, request.parameters["id"]);
    if (auto* none = std::get_if<HttpResponse>(&found)) co_return std::move(*none);
    co_return co_await explain(context, std::move(std::get<Stored<Run>>(found).value));
}

// Of a stack the run of its branch that is not over, else the newest run.
Task<std::optional<Run>> run_of_stack(ApiContext& context, StackId stack) {
    const auto listed = co_await context.queue.list(runs_index(stack), 0, newest_looked_at);
    std::vector<std::string> keys;
    for (const auto& [id, score] : listed) keys.push_back(run_key(RunId(id)));
    const auto records = co_await context.queue.read_many(keys);
    std::optional<Run> newest;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!records[i].version) continue;
        auto run = decoded_record<Run>(keys[i], records[i]);
        const bool open = run.kind == RunKind::tracked && !is_terminal(run.state);
        if (open) co_return std::move(run);
        if (!newest) newest = std::move(run);
    }
    co_return newest;
}

// `of`: a stack, or a run as in /api/v1/runs/{id}.
Task<HttpResponse> explain_any(ApiContext& context, HttpRequest request) {
    const auto of = request.query["of"];
    auto run = co_await run_of_stack(context, StackId(of));
    if (run) co_return co_await explain(context, std::move(*run));
    auto found = co_await find_run(context, of);
    if (std::holds_alternative<Stored<Run>>(found))
        co_return co_await explain(context, std::move(std::get<Stored<Run>>(found).value));
    auto none = std::move(std::get<HttpResponse>(found));
    const bool may_be_run = of.find_first_not_of("0123456789abcdefABCDEF") == of.npos;
    if (none.status == 404 && !may_be_run)
        co_return problem_response(404, "Not found", run_words::no_run_or_stack(of));
    co_return none;
}

// The newest decision of the kind whose input was kept; "": none.
BlobId kept_of(const Run& run, const ApprovalDecision& approval, PolicyKind kind) {
    if (kind == PolicyKind::push) return run.push.input;
    if (kind == PolicyKind::plan) return plan_of(run).decision.input;
    if (!approval.input.empty()) return approval.input;
    for (auto at = run.history.rbegin(); at != run.history.rend(); ++at)
        if (at->vote && at->vote->approval && !at->vote->input.empty()) return at->vote->input;
    return {};
}

Task<HttpResponse> show_input(ApiContext& context, HttpRequest request) {
    auto found = co_await find_run(context, request.parameters["id"]);
    if (auto* none = std::get_if<HttpResponse>(&found)) co_return std::move(*none);
    const auto& run = std::get<Stored<Run>>(found).value;
    const auto kind = parse_word<PolicyKind>(request.parameters["kind"]);
    if (!kind || *kind > PolicyKind::approval)
        co_return problem_response(400, "Bad request", run_words::no_such_kind());
    const auto standing = co_await standing_on_pull(context, run);
    const auto input = kept_of(run, standing.approval, *kind);
    std::string document;
    const auto sink = [&document](std::string_view piece) { document += piece; };
    const bool there = !input.empty() && context.blobs && context.blobs->get_sealed(input, sink);
    auto kept = there ? find_kept(document, run.stack) : std::nullopt;
    if (!kept) co_return problem_response(404, "Not found", run_words::nothing_kept(word(*kind)));
    co_return json_response(200, *kept);
}

}  // namespace

void add_explain_routes(Router& router, ApiContext& context) {
    const auto reading = [&](const char* path, ApiHandler handler) {
        router.add("GET", path, for_role(context, Role::reader, handler));
    };
    reading("/api/v1/explain", explain_any);
    reading("/api/v1/runs/{id}/explain", explain_run);
    reading("/api/v1/runs/{id}/inputs/{kind}", show_input);
}

}  // namespace slipway
