// A pull request as it is known: its summary check as it stands on the forge, and its stacks' runs.
#include <algorithm>

#include "handlers/api/access.hpp"
#include "handlers/api/routes.hpp"
#include "queue/store.hpp"
#include "service/base/codec.hpp"
#include "service/model/pull_record.hpp"
#include "service/wording/reasons.hpp"
#include "service/wording/run_words.hpp"

namespace slipway {

namespace {

constexpr int repositories_read = 10'000;

// Of one repository, or of each in which there is one of that number.
Task<std::vector<PullRecord>> find_pulls(Queue& queue, std::string repository, int number) {
    std::vector<std::string> names{repository};
    if (repository.empty()) {
        names.clear();
        const auto seen = co_await queue.list(repositories_index(), 0, repositories_read);
        for (const auto& [name, at_ms] : seen) names.push_back(name);
    }
    std::vector<std::string> keys;
    for (const auto& name : names)
        if (const auto parsed = RepositoryName::parse(name))
            keys.push_back(pull_key({*parsed, number}));
    const auto records = co_await queue.read_many(keys);
    std::vector<PullRecord> out;
    for (std::size_t i = 0; i < keys.size(); ++i)
        if (records[i].version) out.push_back(decoded_record<PullRecord>(keys[i], records[i]));
    co_return out;
}

Json public_stack(const PullStack& stack, const Run* run) {
    Json out = Json::object({{"stack", Json(stack.settings.id.value)},
                             {"not_planned", Json(not_planned_text(stack.not_planned))},
                             {"gone", Json(stack.gone.has_value())}});
    if (!run) return out;
    out.set("run", Json(run->id.value));
    out.set("kind", Json(kind_word(*run)));
    out.set("before_merge", Json(run->before_merge));
    out.set("state", Json(word(run->state)));
    out.set("awaits_consideration", Json(run->awaits_consideration));
    out.set("reason", Json(reason_text(*run)));
    return out;
}

Task<HttpResponse> tell(ApiContext& context, PullRecord record) {
    const auto posted = co_await load<PostedRecord>(context.queue, posted_key(record.pull.name));
    Json stacks = Json::array();
    for (const auto& stack : record.stacks) {
        const auto& id = stack.tracked.empty() ? stack.proposed : stack.tracked;
        const auto run = co_await load<Run>(context.queue, run_key(id));
        stacks.push(public_stack(stack, run.version ? &run.value : nullptr));
    }
    Json body = Json::object({{"repository", Json(record.pull.name.repository.text())},
                              {"number", encode(record.pull.name.number)},
                              {"state", Json(word(record.pull.state))},
                              {"head", Json(record.pull.head.value)},
                              {"looking", Json(record.discovering_stacks)},
                              {"summary", encode(posted.value.summary)},
                              {"stacks", std::move(stacks)}});
    co_return json_response(200, body);
}

Task<HttpResponse> show_pull(ApiContext& context, HttpRequest request) {
    const auto number = Json(Json::Number{request.parameters["number"]}).int_or(0);
    if (number < 1 || number > 1'000'000'000)
        co_return problem_response(400, "Bad request", run_words::no_such_number());
    const auto repository = request.query["repository"];
    auto pulls = co_await find_pulls(context.queue, repository, static_cast<int>(number));
    if (pulls.empty())
        co_return problem_response(404, "Not found",
                                   run_words::no_such_pull(static_cast<int>(number), repository));
    if (pulls.size() > 1) {
        std::vector<std::string> names;
        for (const auto& pull : pulls) names.push_back(pull.pull.name.repository.text());
        co_return problem_response(400, "Ambiguous",
                                   run_words::pull_in_several(static_cast<int>(number), names));
    }
    co_return co_await tell(context, std::move(pulls.front()));
}

}  // namespace

void add_pull_routes(Router& router, ApiContext& context) {
    router.add("GET", "/api/v1/pulls/{number}", for_role(context, Role::reader, show_pull));
}

}  // namespace slipway
