#include "handlers/runs/control/upstream_outputs.hpp"

#include <algorithm>

#include "service/base/digest.hpp"
#include "service/wording/output_trouble.hpp"

namespace slipway {

namespace {

using Kind = AttributeChange::Kind;

// The kernel takes 128 KB for one variable, its name included.
constexpr std::size_t largest_value = 100'000;

bool lists(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

[[noreturn]] void refuse(const Run& run, const OutputReference& reads, OutputTrouble trouble) {
    throw Failure(output_trouble(trouble, run.stack, reads), Retry::never);
}

// The value in the record; "": there is none.
std::string kept_value(const StackOutputs& kept, const std::string& output) {
    const auto values = parse_json(kept.values);
    if (!values || (*values)[output].is_null()) return "";
    return (*values)[output].dump();
}

GivenOutput with(GivenOutput given, OutputFrom from, std::string json = "") {
    given.from = from;
    given.json = std::move(json);
    return given;
}

const PlannedOutput* find_output(const Plan& plan, const std::string& name) {
    for (const auto& one : plan.outputs_after)
        if (one.name == name) return &one;
    return nullptr;
}

// As the upstream's plan on the pull request has it; nullopt: that does not say.
std::optional<GivenOutput> as_planned(const Run& run, const OutputReference& reads,
                                      const UpstreamState& upstream, const GivenOutput& given) {
    if (!upstream.planned) return std::nullopt;
    const auto* planned = find_output(*upstream.planned, reads.output);
    if (!planned) {
        // A plan of an older version of Slipway lists none.
        if (upstream.planned->outputs_after.empty() && upstream.kept) return std::nullopt;
        refuse(run, reads, OutputTrouble::not_planned);
    }
    if (planned->after.kind == Kind::sensitive) refuse(run, reads, OutputTrouble::sensitive);
    if (planned->after.kind == Kind::value)
        return with(given, OutputFrom::planned, planned->after.json);
    const auto before = upstream.kept ? kept_value(*upstream.kept, reads.output) : "";
    if (before.empty()) return with(given, OutputFrom::unknown);
    return with(given, OutputFrom::before, before);
}

}  // namespace

GivenOutput given_output(const Run& run, const OutputReference& reads,
                         const UpstreamState& upstream) {
    const GivenOutput given{reads.stack, reads.output, reads.variable, "", OutputFrom::state};
    if (auto planned = as_planned(run, reads, upstream, given)) return *planned;
    const bool only_planned = run.kind == RunKind::proposed;
    const auto& kept = upstream.kept;
    if (!kept) {
        if (only_planned) return with(given, OutputFrom::unknown);
        refuse(run, reads, OutputTrouble::never_seen);
    }
    if (lists(kept->sensitive, reads.output)) refuse(run, reads, OutputTrouble::sensitive);
    const bool unseen = lists(kept->unseen, reads.output) || kept->at_ms < upstream.ended_at_ms;
    if (unseen && !only_planned) refuse(run, reads, OutputTrouble::not_seen_yet);
    auto value = kept_value(*kept, reads.output);
    if (!value.empty()) return with(given, OutputFrom::state, std::move(value));
    if (only_planned && (unseen || upstream.on_pull)) return with(given, OutputFrom::unknown);
    refuse(run, reads, OutputTrouble::absent);
}

namespace {

// The upstream's plan on the pull request that the run belongs to.
Task<void> read_planned(ControlContext& context, const PullRecord& pull, const StackId& stack,
                        UpstreamState& out) {
    for (const auto& one : pull.stacks) {
        if (one.settings.id != stack) continue;
        out.on_pull = true;
        if (one.proposed.empty()) co_return;
        const auto run = co_await load<Run>(context.queue, run_key(one.proposed));
        if (run.value.state == RunState::finished && run.value.plan)
            out.planned = context.plans.get(run.value.plan->document);
    }
}

}  // namespace

Task<std::vector<GivenOutput>> given_outputs(ControlContext& context, const Run& run) {
    std::vector<GivenOutput> out;
    if (run.settings.references.empty()) co_return out;
    std::map<StackId, UpstreamState> states;
    for (const auto& reads : run.settings.references) {
        auto& state = states[reads.stack];
        // Rule C1: nobody has agreed yet that it may read them.
        if (state.kept || run.settings.only_in_head) continue;
        auto kept = co_await load<StackOutputs>(context.queue, outputs_key(reads.stack));
        if (kept.version) state.kept = std::move(kept.value);
    }
    if (run.kind == RunKind::proposed && run.pull) {
        const PullRequestName name{run.repository, *run.pull};
        const auto pull = co_await load<PullRecord>(context.queue, pull_key(name));
        for (auto& [stack, state] : states)
            co_await read_planned(context, pull.value, stack, state);
    }
    const auto upstreams = co_await load_runs(context.queue, run.waits_for);
    for (const auto& upstream : upstreams)
        if (const auto at = states.find(upstream.value.stack);
            at != states.end() && upstream.value.state == RunState::finished)
            at->second.ended_at_ms = upstream.value.finished_at_ms;
    for (const auto& reads : run.settings.references) {
        out.push_back(given_output(run, reads, states.at(reads.stack)));
        if (out.back().json.size() > largest_value) refuse(run, reads, OutputTrouble::too_large);
    }
    co_return out;
}

std::string value_of(const GivenOutput& given) {
    if (given.from == OutputFrom::unknown)
        return "known-after-" + given.stack.value + "-is-applied";
    const auto json = parse_json(given.json);
    return json && json->is_string() ? json->text() : given.json;
}

std::vector<RunInput> inputs_of(const std::vector<GivenOutput>& outputs, const Secret& key) {
    std::vector<RunInput> out;
    for (const auto& one : outputs) {
        const auto name = name_of(one.stack, one.output) + " as " + one.variable;
        const bool known = one.from != OutputFrom::unknown;
        out.push_back({InputKind::output, name,
                       known ? hmac_sha256_hex(key, "output\n" + name + "\n" + one.json) : ""});
    }
    return out;
}

std::string unchanged_outputs(const Run& run, const std::vector<Run>& upstreams,
                              const std::map<StackId, StackOutputs>& kept) {
    if (!run.only_for_upstream) return "";
    const auto own = kept.find(run.stack);
    if (own == kept.end()) return "";  // nothing was handed over yet
    const auto has_run = [&](const StackId& stack) {
        return std::any_of(upstreams.begin(), upstreams.end(), [&](const Run& one) {
            return one.stack == stack && one.state == RunState::finished;
        });
    };
    std::string names;
    for (const auto& reads : run.settings.references) {
        if (reads.always && has_run(reads.stack)) return "";
        const auto upstream = kept.find(reads.stack);
        const auto now = upstream == kept.end() ? "" : kept_value(upstream->second, reads.output);
        const auto& given = own->second.given;
        const bool same = std::any_of(given.begin(), given.end(), [&](const GivenOutput& one) {
            return one.stack == reads.stack && one.output == reads.output &&
                   one.variable == reads.variable && !now.empty() && one.json == now;
        });
        if (!same) return "";
        names += (names.empty() ? "" : ", ") + name_of(reads.stack, reads.output);
    }
    return names;
}

Task<std::string> read_unchanged_outputs(ControlContext& context, Run run,
                                         std::vector<Run> upstreams) {
    std::map<StackId, StackOutputs> kept;
    std::vector<StackId> asked{run.stack};
    for (const auto& reads : run.settings.references) asked.push_back(reads.stack);
    for (const auto& stack : asked) {
        auto found = co_await load<StackOutputs>(context.queue, outputs_key(stack));
        if (found.version) kept[stack] = std::move(found.value);
    }
    co_return unchanged_outputs(run, upstreams, kept);
}

StackOutputs outputs_after(const Run& run, const Plan* plan,
                           const std::optional<AppliedOutputs>& applied, std::int64_t now_ms) {
    StackOutputs out;
    out.run = run.id;
    out.at_ms = now_ms;
    if (run.prepared) out.given = run.prepared->outputs;
    if (applied) {
        out.values = applied->values;
        out.sensitive = applied->sensitive;
        return out;
    }
    Json values = Json::object();
    for (const auto& one : plan ? plan->outputs_after : std::vector<PlannedOutput>()) {
        if (one.after.kind == Kind::sensitive)
            out.sensitive.push_back(one.name);
        else if (auto value = parse_json(one.after.json); value && one.after.kind == Kind::value)
            values.set(one.name, std::move(*value));
        else
            out.unseen.push_back(one.name);
    }
    out.values = values.dump();
    return out;
}

}  // namespace slipway
