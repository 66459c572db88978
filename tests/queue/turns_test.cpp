// Who is served when many wait: repositories in turns, whoever is excepted not at all.
#include "tests/queue/both_queues.hpp"

namespace slipway {
using namespace std::chrono_literals;

namespace {

Job of(std::string repository, std::string id, int priority = 0) {
    auto out = job(std::move(id), priority);
    out.repository = std::move(repository);
    return out;
}

template <class Where>
std::vector<std::string> claim_all(Fixture<Where>& t, Queue::Exceptions except = {}) {
    std::vector<std::string> out;
    for (;;) {
        auto claimed = t.get(t.queue().claim("service", "tester", 30s, 0ms, except));
        if (!claimed) return out;
        out.push_back(claimed->job.id.value);
    }
}

}  // namespace

TEST_CASE_TEMPLATE("repositories take turns, each in its own order", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    for (int i = 1; i <= 4; ++i) t.leave(of("hub/acme/loud", "loud" + std::to_string(i)));
    t.leave({of("hub/acme/quiet", "quiet1"), of("hub/acme/quiet", "quiet2")});
    CHECK(claim_all(t) == Words{"loud1", "quiet1", "loud2", "quiet2", "loud3", "loud4"});
}

TEST_CASE_TEMPLATE(
    "whoever comes while others wait is next, and gains nothing by coming again and again", Where,
    BOTH_QUEUES) {
    Fixture<Where> t;
    for (int i = 1; i <= 6; ++i) t.leave(of("hub/acme/b-loud", "loud" + std::to_string(i)));
    CHECK(t.claimed_id() == "loud1");
    CHECK(t.claimed_id() == "loud2");
    t.leave(of("hub/acme/a-quiet", "quiet1"));
    CHECK(t.claimed_id() == "quiet1");
    // Its turn is over: one at a time, it gets every other place and not each.
    Words order;
    for (int i = 2; i <= 3; ++i) {
        t.leave(of("hub/acme/a-quiet", "quiet" + std::to_string(i)));
        order.push_back(t.claimed_id());
        order.push_back(t.claimed_id());
    }
    std::sort(order.begin(), order.end());
    CHECK(order == Words{"loud3", "loud4", "quiet2", "quiet3"});
}

TEST_CASE_TEMPLATE("priorities count within a repository", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    t.leave({of("hub/acme/a", "a1"), of("hub/acme/a", "a-first", 1), of("hub/acme/b", "b1")});
    CHECK(claim_all(t) == Words{"a-first", "b1", "a1"});
}

TEST_CASE_TEMPLATE("who is excepted is passed over, keeps its turn and earns no other by waiting",
                   Where, BOTH_QUEUES) {
    Fixture<Where> t;
    t.leave({of("hub/acme/a", "a1"), of("hub/acme/a", "a2"), of("hub/acme/a", "a3"),
             of("hub/acme/b", "b1"), of("hub/acme/b", "b2"), of("hub/acme/b", "b3"),
             of("hub/other/c", "c1"), of("lab/other/d", "d1")});
    auto one = [&](Words names) {
        Queue::Exceptions except = [names] { return names; };
        auto claimed = t.get(t.queue().claim("service", "tester", 30s, 0ms, except));
        return claimed ? claimed->job.id.value : "";
    };
    CHECK(one({"hub/acme/a"}) == "b1");
    CHECK(one({"hub/acme/"}) == "c1");
    CHECK(one({"hub/"}) == "d1");
    CHECK(one({"hub/", "lab/"}) == "");
    // Alone for a while, b is three turns ahead; a returns where the others are.
    CHECK(one({"hub/acme/a"}) == "b2");
    CHECK(claim_all(t) == Words{"a1", "a2", "b3", "a3"});
}

TEST_CASE_TEMPLATE("a job without a repository is of that of the job that leaves it", Where,
                   BOTH_QUEUES) {
    Fixture<Where> t;
    t.leave(of("hub/acme/a", "event"));
    auto claimed = t.claim();
    REQUIRE(claimed);
    Commit commit;
    commit.holding = claimed->lease;
    commit.finish = true;
    commit.jobs = {job("follows"), of("hub/acme/b", "elsewhere")};
    commit.enter = {{"lane", "run", job("in a lane")}};
    CHECK(t.commit(commit) == Committed::done);
    std::map<std::string, std::string> found;
    while (auto next = t.claim()) found[next->job.id.value] = next->job.repository;
    CHECK(found == std::map<std::string, std::string>{{"elsewhere", "hub/acme/b"},
                                                      {"follows", "hub/acme/a"},
                                                      {"in a lane", "hub/acme/a"}});
}

TEST_CASE_TEMPLATE("a place in the queue counts those whose turn comes before", Where,
                   BOTH_QUEUES) {
    Fixture<Where> t;
    for (int i = 1; i <= 5; ++i) t.leave(of("hub/acme/loud", "loud" + std::to_string(i)));
    t.leave({of("hub/acme/quiet", "quiet1"), of("hub/acme/quiet", "quiet2")});
    const auto place = [&](const char* id) { return t.get(t.queue().place_in_queue(JobId(id))); };
    CHECK(place("loud1") == 0);
    CHECK(place("quiet1") == 1);
    CHECK(place("loud2") == 2);
    CHECK(place("quiet2") == 3);
    CHECK(place("loud3") == 4);
    CHECK(place("loud5") == 6);
    CHECK(t.get(t.queue().status()).waiting["service"] == 7);
}

TEST_CASE_TEMPLATE("whoever waits for a job looks again when it is told to", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    t.leave(of("hub/acme/a", "a"));
    Words except = {"hub/acme/a"};
    auto wait_for_it = [&]() -> Task<std::optional<ClaimedJob>> {
        Queue::Exceptions current = [&] { return except; };
        co_return co_await t.queue().claim("service", "tester", 30s, 20s, current);
    };
    auto free_it = [&]() -> Task<void> {
        for (int turn = 0; turn < 50; ++turn) co_await sleep_for(1ms);  // the claim has looked
        except.clear();
        t.queue().look_again();
    };
    spawn(t.io.get_executor(), free_it());
    const auto began = std::chrono::steady_clock::now();
    auto claimed = t.get(wait_for_it());
    REQUIRE(claimed);
    CHECK(claimed->job.id.value == "a");
    CHECK(std::chrono::steady_clock::now() - began < 800ms);  // the poll is a second
}

}  // namespace slipway
