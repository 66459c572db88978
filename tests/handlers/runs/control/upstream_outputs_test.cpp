#include "handlers/runs/control/upstream_outputs.hpp"

#include <algorithm>
#include <random>
#include <set>

#include "service/model/unneeded.hpp"
#include "tests/support/control_bench.hpp"

using namespace slipway;

namespace {

using Kind = AttributeChange::Kind;

const OutputReference vpc{StackId("net"), "vpc_id", "TF_VAR_vpc_id"};

Run run_of(RunKind kind, std::vector<OutputReference> reads = {vpc}) {
    Run run;
    run.id = RunId("a1");
    run.kind = kind;
    run.stack = run.settings.id = StackId("app");
    run.settings.references = std::move(reads);
    return run;
}

StackOutputs kept(std::string values, std::vector<std::string> sensitive = {}) {
    StackOutputs out;
    out.run = RunId("n1");
    out.values = std::move(values);
    out.sensitive = std::move(sensitive);
    out.at_ms = 100;
    return out;
}

std::shared_ptr<const Plan> plan_with(Kind kind, std::string json = "") {
    Plan plan;
    plan.outputs_after = {{"vpc_id", {kind, std::move(json)}}};
    return std::make_shared<Plan>(std::move(plan));
}

// "json from", or the sentence that refuses it.
std::string given(RunKind kind, const UpstreamState& upstream) {
    try {
        const auto one = given_output(run_of(kind), vpc, upstream);
        CHECK(one.stack == vpc.stack);
        CHECK(one.output == vpc.output);
        CHECK(one.variable == vpc.variable);
        return one.json + " " + std::string(word(one.from));
    } catch (const Failure& failure) {
        CHECK(failure.retry() == Retry::never);
        return failure.what();
    }
}

const std::string named = "the output net.vpc_id, which app gets as TF_VAR_vpc_id, ";

}  // namespace

TEST_CASE("a run of the branch gets what the upstream's state holds, or fails and says why") {
    UpstreamState upstream;
    const auto now = [&] { return given(RunKind::tracked, upstream); };
    CHECK(now() == named + "is not known: no run of net has finished yet; apply that stack first");
    upstream.kept = kept(R"({"vpc_id":"vpc-1"})");
    CHECK(now() == "\"vpc-1\" state");
    upstream.planned = nullptr;
    upstream.ended_at_ms = 100;
    CHECK(now() == "\"vpc-1\" state");
    upstream.ended_at_ms = 101;  // an apply whose outputs nobody stored
    CHECK(now().starts_with(named + "was not seen after the last apply of net"));
    upstream.ended_at_ms = 0;
    upstream.kept->unseen = {"vpc_id"};
    CHECK(now().starts_with(named + "was not seen after the last apply of net"));
    upstream.kept = kept(R"({"other":1})");
    CHECK(now() == named + "does not exist: the state of net has no such output");
    upstream.kept = kept(R"({"vpc_id":null})");
    CHECK(now() == named + "does not exist: the state of net has no such output");
    upstream.kept = kept("{}", {"vpc_id"});
    CHECK(now().starts_with(named + "is sensitive"));
}

TEST_CASE("a plan on a pull request gets what is planned there, else what is, else a placeholder") {
    UpstreamState upstream;
    const auto now = [&] { return given(RunKind::proposed, upstream); };
    CHECK(now() == " unknown");
    upstream.planned = plan_with(Kind::value, "\"vpc-2\"");
    CHECK(now() == "\"vpc-2\" planned");
    upstream.planned = plan_with(Kind::known_after_apply);
    CHECK(now() == " unknown");
    upstream.planned = plan_with(Kind::sensitive);
    CHECK(now().starts_with(named + "is sensitive"));
    upstream.kept = kept(R"({"vpc_id":"vpc-1"})");
    upstream.planned = plan_with(Kind::known_after_apply);
    CHECK(now() == "\"vpc-1\" before");
    upstream.planned = plan_with(Kind::value, "\"vpc-2\"");
    CHECK(now() == "\"vpc-2\" planned");
    Plan other;
    other.outputs_after = {{"zone", {Kind::value, "1"}}};
    upstream.planned = std::make_shared<Plan>(other);
    CHECK(now().starts_with(named + "is not among the outputs that the plan of net"));
    upstream.planned = nullptr;
    CHECK(now() == "\"vpc-1\" state");
    upstream.kept = kept("{}");
    CHECK(now() == named + "does not exist: the state of net has no such output");
    upstream.on_pull = true;  // its plan failed: it may bring the output
    CHECK(now() == " unknown");
}

TEST_CASE("texts go into a variable as they are, everything else as JSON") {
    GivenOutput one{StackId("net"), "id", "ID", "\"a b\"", OutputFrom::state};
    CHECK(value_of(one) == "a b");
    one.json = "[1,\"x\"]";
    CHECK(value_of(one) == "[1,\"x\"]");
    one.json = "true";
    CHECK(value_of(one) == "true");
    one.from = OutputFrom::unknown;
    CHECK(value_of(one) == "known-after-net-is-applied");
}

TEST_CASE(
    "R4: a value is an input by its content and its variable, and what is unknown is equal "
    "to nothing") {
    const Secret key("k");
    GivenOutput one{StackId("net"), "id", "ID", "\"a\"", OutputFrom::planned};
    const auto planned = inputs_of({one}, key);
    one.from = OutputFrom::state;
    CHECK(differences(planned, inputs_of({one}, key)).empty());
    auto changed = one;
    changed.json = "\"b\"";
    CHECK(text_of(differences(planned, inputs_of({changed}, key))) ==
          "the output `net.id` has another value");
    auto rewired = one;
    rewired.variable = "OTHER";
    CHECK(differences(planned, inputs_of({rewired}, key)).size() == 2);
    auto unknown = one;
    unknown.from = OutputFrom::unknown;
    unknown.json.clear();
    const auto provisional = inputs_of({unknown}, key);
    CHECK(text_of(differences(provisional, planned)) == "the output `net.id` has become known");
    CHECK_FALSE(differences(provisional, provisional).empty());
}

TEST_CASE("a run that is only there for its upstreams is not needed where none changed") {
    auto run = run_of(RunKind::tracked, {vpc, {StackId("dns"), "zone", "ZONE"}});
    run.only_for_upstream = true;
    Run net = run_of(RunKind::tracked, {});
    net.stack = StackId("net");
    net.state = RunState::finished;
    std::map<StackId, StackOutputs> all;
    all[StackId("net")] = kept(R"({"vpc_id":"vpc-1"})");
    all[StackId("dns")] = kept(R"({"zone":{"a":1}})");
    CHECK(unchanged_outputs(run, {net}, all) == "");  // it never was given anything
    auto& own = all[StackId("app")];
    own.given = {{StackId("net"), "vpc_id", "TF_VAR_vpc_id", "\"vpc-1\"", OutputFrom::state},
                 {StackId("dns"), "zone", "ZONE", R"({"a":1})", OutputFrom::state}};
    const std::string both = "net.vpc_id, dns.zone";
    CHECK(unchanged_outputs(run, {net}, all) == both);

    auto changed = all;
    changed[StackId("dns")] = kept(R"({"zone":{"a":2}})");
    CHECK(unchanged_outputs(run, {net}, changed) == "");
    changed[StackId("dns")] = kept("{}");  // gone: the run says so
    CHECK(unchanged_outputs(run, {net}, changed) == "");
    auto rewired = run;
    rewired.settings.references[1].variable = "OTHER";
    CHECK(unchanged_outputs(rewired, {net}, all) == "");
    auto always = run;
    always.settings.references[0].always = true;
    CHECK(unchanged_outputs(always, {net}, all) == "");
    net.state = RunState::skipped;  // did not run
    CHECK(unchanged_outputs(always, {net}, all) == both);
    run.only_for_upstream = false;
    CHECK(unchanged_outputs(run, {net}, all) == "");
}

TEST_CASE("what is kept of a stack is what the tool said, else what its plan knew") {
    Run run = run_of(RunKind::tracked);
    run.prepared.emplace();
    run.prepared->outputs = {{StackId("net"), "vpc_id", "V", "1", OutputFrom::state}};
    Plan plan;
    plan.outputs_after = {{"known", {Kind::value, "1"}},
                          {"later", {Kind::known_after_apply, ""}},
                          {"secret", {Kind::sensitive, ""}}};
    const auto said = outputs_after(run, &plan, AppliedOutputs{R"({"later":2})", {"secret"}}, 5);
    CHECK(said.values == R"({"later":2})");
    CHECK(said.sensitive == std::vector<std::string>{"secret"});
    CHECK(said.unseen.empty());
    CHECK(said.given == run.prepared->outputs);
    CHECK(said.at_ms == 5);
    const auto unseen = outputs_after(run, &plan, std::nullopt, 5);
    CHECK(unseen.values == R"({"known":1})");
    CHECK(unseen.sensitive == std::vector<std::string>{"secret"});
    CHECK(unseen.unseen == std::vector<std::string>{"later"});
    CHECK(outputs_after(run, nullptr, std::nullopt, 5).values == "{}");
}

TEST_CASE("C1: a stack that only a head describes is given nothing that another's state holds") {
    ControlBench bench;
    Commit commit;
    commit.records.push_back(
        save(outputs_key(StackId("net")), Stored<StackOutputs>{kept(R"({"vpc_id":"vpc-1"})"), 0}));
    REQUIRE(run_task(bench.io, bench.queue->commit(std::move(commit))) == Committed::done);
    auto run = run_of(RunKind::proposed);
    CHECK(run_task(bench.io, given_outputs(bench.context, run)).at(0).json == "\"vpc-1\"");
    run.settings.only_in_head = true;
    CHECK(run_task(bench.io, given_outputs(bench.context, run)).at(0).from == OutputFrom::unknown);
}

namespace {

// Stacks in a random graph, whose runs end as chance wants, over the real queue and releases.
struct Graph : ControlBench {
    std::mt19937 random;
    std::vector<Run> batch;
    std::map<StackId, std::string> values;                  // that each stack's state holds now
    std::map<StackId, std::map<StackId, std::string>> got;  // by a stack's last finished run

    explicit Graph(unsigned seed) : random(seed) {}
    int chance(int most) { return std::uniform_int_distribution<int>(0, most)(random); }

    void make_batch(const std::string& round, const std::vector<std::vector<int>>& edges) {
        batch.clear();
        for (std::size_t i = 0; i < edges.size(); ++i) {
            Run run;
            run.kind = RunKind::tracked;
            run.stack = run.settings.id = StackId("s" + std::to_string(i));
            run.id = RunId(round + run.stack.value);
            for (const int up : edges[i]) {
                const StackId upstream("s" + std::to_string(up));
                run.settings.depends_on.push_back(upstream);
                run.settings.references.push_back({upstream, "o", "V" + upstream.value});
            }
            run.only_for_upstream = round != "a" && !edges[i].empty();
            batch.push_back(std::move(run));
        }
        std::shuffle(batch.begin(), batch.end(), random);
        Commit commit;
        create_runs(commit, batch);
        REQUIRE(run_task(io, queue->commit(std::move(commit))) == Committed::done);
    }

    // Its upstreams are over, and it is given what they hold now.
    void plan_and_end(const RunId& id, bool may_fail) {
        auto stored = run_task(io, load<Run>(*queue, run_key(id)));
        auto& run = stored.value;
        for (const auto& upstream : run.waits_for)
            CHECK(is_terminal(this->run(upstream.value.c_str()).state));
        run.prepared.emplace();
        run.prepared->outputs = run_task(io, given_outputs(context, run));
        REQUIRE(run.prepared->outputs.size() == run.settings.references.size());
        std::map<StackId, std::string> sees;
        for (const auto& one : run.prepared->outputs) {
            CHECK(one.json == values.at(one.stack));
            sees[one.stack] = one.json;
        }
        const bool fails = may_fail && chance(5) == 0;
        run.state = fails ? RunState::failed : RunState::finished;
        run.finished_at_ms = clock.now_ms();
        Commit commit;
        store_run(commit, stored);
        if (!fails) {
            got[run.stack] = sees;
            values[run.stack] = std::to_string(chance(1));
            auto record = run_task(io, load<StackOutputs>(*queue, outputs_key(run.stack)));
            record.value =
                outputs_after(run, nullptr, AppliedOutputs{"{\"o\":" + values[run.stack] + "}", {}},
                              clock.now_ms());
            commit.records.push_back(save(outputs_key(run.stack), record));
        }
        REQUIRE(run_task(io, queue->commit(std::move(commit))) == Committed::done);
    }

    void play(bool may_fail) {
        for (;;) {
            auto claimed = run_task(io, queue->claim("service", "t", std::chrono::seconds(30),
                                                     std::chrono::milliseconds(0)));
            if (!claimed) return;
            const auto lease = claimed->lease;
            if (claimed->job.id.value.starts_with("release/"))
                run_task(io, release(context, std::move(*claimed)));
            else
                plan_and_end(job_payload<RunId>(claimed->job), may_fail);
            run_task(io, queue->finish(lease));
        }
    }

    // Each run of the batch is over, and skipped exactly where it had to be.
    void check_ends(const std::map<StackId, std::map<StackId, std::string>>& got_before) {
        for (const auto& made : batch) {
            const auto run = this->run(made.id.value.c_str());
            REQUIRE(is_terminal(run.state));
            bool broken = false, same = run.only_for_upstream;
            for (const auto& id : run.waits_for) {
                const auto upstream = this->run(id.value.c_str());
                broken =
                    broken || (upstream.state != RunState::finished && !was_unneeded(upstream));
            }
            for (const auto& reads : run.settings.references) {
                const auto before = got_before.find(run.stack);
                same = same && before != got_before.end() && values.contains(reads.stack) &&
                       before->second.at(reads.stack) == values.at(reads.stack);
            }
            CHECK((run.state == RunState::skipped) == (broken || same));
            if (run.state == RunState::skipped) CHECK(was_unneeded(run) == !broken);
        }
    }
};

}  // namespace

TEST_CASE("in random graphs runs keep the order, see the newest outputs, and run where needed") {
    for (unsigned seed = 1; seed <= 30; ++seed) {
        CAPTURE(seed);
        Graph graph(seed);
        std::vector<std::vector<int>> edges(static_cast<std::size_t>(3 + graph.chance(6)));
        for (std::size_t i = 0; i < edges.size(); ++i)
            for (std::size_t up = 0; up < i; ++up)
                if (graph.chance(2) == 0) edges[i].push_back(static_cast<int>(up));
        graph.make_batch("a", edges);  // all of it for the first time
        graph.play(false);
        graph.check_ends({});
        for (const std::string round : {"b", "c"}) {  // then only roots change by themselves
            const auto before = graph.got;
            graph.make_batch(round, edges);
            graph.play(true);
            graph.check_ends(before);
        }
    }
}
