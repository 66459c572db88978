// What people ask for by a call: the same requests as by a comment, worked on as the same jobs.
#include "handlers/api/access.hpp"
#include "queue/store.hpp"
#include "service/base/digest.hpp"

namespace slipway {

namespace {

HttpResponse as_response(const Answer& answer) {
    if (answer.kind == Answer::Kind::done) {
        auto body = Json::object({{"text", Json(answer.text)}, {"counts", Json(answer.counts)}});
        if (!answer.run.empty()) body.set("run", Json(answer.run.value));
        return json_response(200, body);
    }
    const int status = answer.kind == Answer::Kind::refused ? 409 : 404;
    return problem_response(status, word(answer.kind), answer.text);
}

}  // namespace

// The request becomes a job like any comment's; its answer is waited for.
Task<HttpResponse> answer_to(ApiContext& context, Request wanted) {
    wanted.given_at_ms = context.clock.now_ms();
    auto job = make_job(jobs::api_command(random_id()), wanted);
    const auto key = answer_key(job.id);
    Commit commit;
    commit.jobs.push_back(std::move(job));
    co_await context.queue.commit(std::move(commit));

    constexpr std::chrono::milliseconds step{20}, patience{20'000};
    for (std::chrono::milliseconds waited{0}; waited < patience; waited += step) {
        auto answer = co_await load<Answer>(context.queue, key);
        if (answer.version) co_return as_response(answer.value);
        co_await sleep_for(step);
    }
    co_return problem_response(503, "No answer",
                               "nobody has taken the request up yet; it is not lost");
}

}  // namespace slipway
