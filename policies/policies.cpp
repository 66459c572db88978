#include "policies/policies.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "policies/engine/judged.hpp"
#include "policies/engine/library.hpp"
#include "policies/kept_input.hpp"
#include "service/base/digest.hpp"

namespace slipway {

namespace {

Policy default_policy(PolicyKind kind) {
    const std::string path = std::string(word(kind)) + "/default.rego";
    return {"default", kind, {}, {"library/" + path, 0, 0}, std::string(library_policy(path))};
}

std::vector<Policy> of_kind(const std::vector<Policy>& policies, PolicyKind kind) {
    std::vector<Policy> out;
    std::ranges::copy_if(policies, std::back_inserter(out),
                         [&](const Policy& policy) { return policy.kind == kind; });
    return out;
}

std::shared_ptr<const RegoSet> rego_set(std::vector<Policy> policies,
                                        const std::map<std::string, std::string>& library) {
    Json all = Json::array();
    for (const auto& policy : policies) {
        all.push(word(policy.kind));
        all.push(policy.place.file);
        all.push(policy.text);
    }
    for (const auto& [path, text] : library) {
        all.push(path);
        all.push(text);
    }
    return std::make_shared<const RegoSet>(
        RegoSet{sha256_hex(all.dump()), std::move(policies), library});
}

std::string digest_of(const RegoSet& own, const RegoSet& untrusted) {
    return untrusted.policies.empty() ? own.digest : sha256_hex(own.digest + untrusted.digest);
}

std::shared_ptr<const RegoSet> own_set(const PolicySet& set, PolicyKind kind) {
    auto policies = of_kind(set.policies, kind);
    if (policies.empty() && kind != PolicyKind::plan) policies.push_back(default_policy(kind));
    return rego_set(std::move(policies), set.library);
}

Replay replayed(const KeptInput& kept, const std::vector<Judged>& judged, std::string digest) {
    Replay out;
    out.policy_set = std::move(digest);
    const auto take = [&out](auto decision, std::string_view outcome) {
        out.outcome = outcome;
        out.findings = std::move(decision.findings);
        out.why = std::move(decision.why);
    };
    if (kept.kind == PolicyKind::push) {
        PushQuestion question;
        question.stack = kept.stack;
        question.because = kept.because;
        auto decision = decide(question, judged);
        const auto outcome = decision.failed ? std::string_view("error") : word(decision.action);
        take(std::move(decision), outcome);
    } else if (kept.kind == PolicyKind::plan) {
        auto decision = decide(PlanQuestion(), judged);
        const auto outcome = word(decision.verdict);
        take(std::move(decision), outcome);
    } else {
        ApprovalQuestion question;
        question.stack = kept.stack;
        question.reviews = kept.reviews;
        question.older = kept.older;
        auto decision = decide(question, judged);
        out.missing = decision.missing;
        const auto outcome = word(decision.approval);
        take(std::move(decision), outcome);
    }
    return out;
}

bool hidden(const std::filesystem::path& path) {
    return path.filename().string().starts_with('.') && path.filename() != "." &&
           path.filename() != "..";
}

// The Rego files of a directory by their path in it.
std::map<std::string, std::string> rego_files(const std::filesystem::path& directory) {
    namespace fs = std::filesystem;
    std::error_code error;
    fs::recursive_directory_iterator at(directory, error), end;
    if (error)
        throw Failure("cannot read " + directory.string() + ": " + error.message(), Retry::never);
    std::map<std::string, std::string> files;
    for (; at != end; at.increment(error)) {
        if (error)
            throw Failure("cannot read " + directory.string() + ": " + error.message(),
                          Retry::never);
        if (hidden(at->path())) {
            if (at->is_directory()) at.disable_recursion_pending();
            continue;
        }
        if (!at->is_regular_file() || at->path().extension() != ".rego") continue;
        std::ifstream in(at->path(), std::ios::binary);
        std::string text((std::istreambuf_iterator<char>(in)), {});
        if (!in) throw Failure("cannot read " + at->path().string(), Retry::never);
        files[at->path().lexically_relative(directory).generic_string()] = std::move(text);
    }
    return files;
}

std::string where(const std::filesystem::path& directory, const Json& at) {
    std::string text = (directory / at["file"].text()).lexically_normal().generic_string();
    for (const char* count : {"line", "column"})
        if (at[count].int_or(0) > 0) text += ":" + std::to_string(at[count].int_or(0));
    return text;
}

std::string coverage_lines(const std::filesystem::path& directory, const Json& coverage) {
    std::string text;
    for (const auto& [path, file] : coverage["files"].members()) {
        std::string missing;
        for (const auto& range : file["not_covered"].items()) {
            const auto from = range["start"]["row"].int_or(0), to = range["end"]["row"].int_or(0);
            missing += (missing.empty() ? ", not " : ", ") + std::to_string(from);
            if (to != from) missing += "-" + std::to_string(to);
        }
        text += (directory / path).lexically_normal().generic_string() + ": " +
                std::to_string(static_cast<int>(file["coverage"].double_or(0))) + " % covered" +
                missing + "\n";
    }
    return text;
}

PolicyTestResult test_result(const std::filesystem::path& directory, const Json& report) {
    PolicyTestResult result;
    result.passed = static_cast<int>(report["passed"].int_or(0));
    result.failed = static_cast<int>(report["failed"].int_or(0));
    result.skipped = static_cast<int>(report["skipped"].int_or(0));
    result.coverage = report["coverage"];
    for (const auto& error : report["errors"].items())
        result.text += where(directory, error) + ": " + error["message"].text() + "\n";
    for (const auto& test : report["tests"].items()) {
        if (test["outcome"].string_or("") != "failed") continue;
        result.text += where(directory, test) + ": " + test["name"].text() +
                       " failed: " + test["message"].text() + "\n";
        if (auto output = test["output"].text(); !output.empty()) {
            if (output.back() != '\n') output += '\n';
            result.text += output;
        }
    }
    result.text += coverage_lines(directory, result.coverage);
    result.text +=
        std::to_string(result.passed) + " passed, " + std::to_string(result.failed) + " failed";
    if (result.skipped) result.text += ", " + std::to_string(result.skipped) + " skipped";
    result.text += "\n";
    return result;
}

class RegoPolicies : public Policies {
  public:
    RegoPolicies(asio::any_io_executor executor, const std::string& program, PolicyLimits limits)
        : own_(make_opa_engine(executor, program)),
          untrusted_engine_(make_opa_engine(executor, program)),
          limits_(limits) {}

    Task<PushDecision> decide_push(PolicySet set, PushQuestion question) override {
        auto asked = input_of(push_input(question), limits_.push, question.now_ms);
        auto judged = co_await judge(std::move(set), PolicyKind::push, std::move(asked));
        auto decision = decide(question, judged.policies);
        decision.policy_set = std::move(judged.digest);
        co_return decision;
    }

    Task<PlanDecision> decide_plan(PolicySet set, PlanQuestion question) override {
        Asked judged;
        if (question.document.is_object()) {
            auto asked = input_of(plan_input(question), limits_.plan, question.now_ms);
            asked->document = std::move(question.document);
            judged = co_await judge(std::move(set), PolicyKind::plan, std::move(asked));
        } else {
            judged = unreadable(std::move(set));
        }
        auto decision = decide(question, judged.policies);
        decision.policy_set = std::move(judged.digest);
        co_return decision;
    }

    Task<ApprovalDecision> decide_approval(PolicySet set, ApprovalQuestion question) override {
        auto asked = input_of(approval_input(question), limits_.approval, question.now_ms);
        auto judged = co_await judge(std::move(set), PolicyKind::approval, std::move(asked));
        auto decision = decide(question, judged.policies);
        decision.policy_set = std::move(judged.digest);
        co_return decision;
    }

    Task<std::vector<Finding>> check(PolicySet set) override {
        std::vector<Finding> findings;
        std::set<std::pair<Place, std::string>> seen;  // a fault of the library is everybody's
        if (set.policies.empty() &&
            !set.library.empty())  // also of the policies that stand in for none
            set.policies.push_back(default_policy(PolicyKind::push));
        for (auto* policies : {&set.policies, &set.untrusted}) {
            auto asked = rego_set(*policies, set.library);
            auto& engine = policies == &set.untrusted ? untrusted_engine_ : own_;
            const auto faults = co_await engine->load(asked);
            for (std::size_t i = 0; i < faults.size(); ++i)
                for (const auto& fault : faults[i])
                    if (seen.emplace(fault.place, fault.message).second)
                        findings.push_back(finding_of(asked->policies[i], fault));
        }
        co_return findings;
    }

    Task<PolicyTestResult> test(std::string directory, bool coverage) override {
        const std::filesystem::path at(directory);
        auto files = rego_files(at);
        const auto report = co_await own_->test(std::move(files), coverage);
        co_return test_result(at, report);
    }

    Task<Replay> replay(PolicySet set, std::shared_ptr<const KeptInput> kept) override {
        auto asked = input_of(kept->input, limit_of(kept->kind), kept->at_ms);
        const bool no_document = kept->kind == PolicyKind::plan && !kept->document.is_object();
        asked->document = kept->document;
        Asked judged;
        if (no_document)
            judged = unreadable(std::move(set));
        else
            judged = co_await judge(std::move(set), kept->kind, std::move(asked));
        co_return replayed(*kept, judged.policies, std::move(judged.digest));
    }

  private:
    struct Asked {
        std::vector<Judged> policies;
        std::string digest;
    };

    std::chrono::milliseconds limit_of(PolicyKind kind) const {
        if (kind == PolicyKind::plan) return limits_.plan;
        return kind == PolicyKind::push ? limits_.push : limits_.approval;
    }

    static std::shared_ptr<RegoInput> input_of(Json input, std::chrono::milliseconds limit,
                                               std::int64_t at_ms) {
        auto asked = std::make_shared<RegoInput>();
        asked->input = std::move(input);
        asked->limit = limit;
        asked->at_ms = at_ms;
        return asked;
    }

    Task<Asked> judge(PolicySet set, PolicyKind kind, std::shared_ptr<const RegoInput> input) {
        auto own = own_set(set, kind);
        auto untrusted = rego_set(of_kind(set.untrusted, kind), set.library);
        Asked asked;
        asked.digest = digest_of(*own, *untrusted);
        auto answers = co_await own_->evaluate(own, input);
        for (std::size_t i = 0; i < answers.size(); ++i)
            asked.policies.push_back({own->policies[i], std::move(answers[i]), false, {}});
        for (auto& one : asked.policies) one.read = reads_of(one.answer, *input);
        answers = co_await untrusted_engine_->evaluate(untrusted, input);
        for (std::size_t i = 0; i < answers.size(); ++i)
            asked.policies.push_back({untrusted->policies[i], std::move(answers[i]), true, {}});
        co_return asked;
    }

    // Without the plan document no rule would find anything to deny.
    static Asked unreadable(PolicySet set) {
        auto own = own_set(set, PolicyKind::plan);
        auto untrusted = rego_set(of_kind(set.untrusted, PolicyKind::plan), set.library);
        Asked asked{{}, digest_of(*own, *untrusted)};
        for (const auto* policies : {&own->policies, &untrusted->policies})
            for (const auto& policy : *policies) {
                PolicyAnswer answer;
                answer.faults.push_back({PolicyFault::Kind::engine,
                                         {policy.place.file, 1, 1},
                                         "there is no plan document that it could judge"});
                asked.policies.push_back({policy, std::move(answer), false, {}});
            }
        return asked;
    }

    std::unique_ptr<RegoEngine> own_, untrusted_engine_;
    PolicyLimits limits_;
};

}  // namespace

std::string policy_set_digest(const PolicySet& set, PolicyKind kind) {
    return digest_of(*own_set(set, kind), *rego_set(of_kind(set.untrusted, kind), set.library));
}

std::unique_ptr<Policies> make_policies(asio::any_io_executor executor, std::string program,
                                        PolicyLimits limits) {
    return std::make_unique<RegoPolicies>(executor, program, limits);
}

}  // namespace slipway
