#include "service/app/serve_check.hpp"

#include <unistd.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <iostream>
#include <set>

#include "queue/probe.hpp"
#include "service/app/engine.hpp"
#include "service/app/forges.hpp"
#include "service/base/sealing.hpp"
#include "service/net/http_client.hpp"
#include "service/process/process.hpp"
#include "service/process/sandbox.hpp"

namespace slipway {

namespace {

namespace fs = std::filesystem;
using enum CheckVerdict;

bool may(const fs::path& path, int how) { return ::access(path.c_str(), how) == 0; }

// Where nothing is yet: whether it could be made.
CheckedPart check_to_be_made(const std::string& part, const fs::path& path) {
    fs::path above = fs::absolute(path).parent_path();
    std::error_code error;
    while (!fs::exists(above, error) && above.has_relative_path()) above = above.parent_path();
    if (may(above, W_OK | X_OK)) return {good, part, path.string() + " will be made"};
    return {wrong, part,
            path.string() + " cannot be made: this user may not write " + above.string() +
                "; make it, and give it to the user of the service"};
}

Task<void> check_organisation(const Config& config, std::vector<CheckedPart>& out,
                              std::shared_ptr<const Organisation>& found) {
    const std::string part = "organisation";
    if (config.organisation.empty()) {
        out.push_back({good, part, "none; repositories describe their own stacks"});
        co_return;
    }
    auto loaded = load_organisation(config.organisation);
    found = std::make_shared<const Organisation>(std::move(loaded.organisation));
    auto findings = std::move(loaded.findings);
    auto executor = co_await this_executor();
    auto engine = make_policies(executor);
    const auto faults = co_await faults_of_tree(*engine, found);
    findings.insert(findings.end(), faults.begin(), faults.end());
    for (const auto& finding : findings) out.push_back({wrong, part, finding.text()});
    for (const auto& warning : loaded.warnings) out.push_back({advice, part, warning.text()});
    if (findings.empty())
        out.push_back({good, part,
                       config.organisation.string() + " has " +
                           std::to_string(found->stacks.size()) + " stacks and " +
                           std::to_string(found->policies.size()) + " policies"});
}

Task<CheckedPart> check_redis(const Config& config) {
    const std::string part = "redis";
    if (config.redis_url.empty()) {
        if (auto program = find_program("redis-server"))
            co_return CheckedPart{good, part, "a private one: " + program->string()};
        co_return CheckedPart{wrong, part,
                              "redis-server is not on PATH: install it (Debian: apt install "
                              "redis-server), or set `redis`"};
    }
    CheckedPart out{good, part, config.redis_url + " answers"};
    try {
        RedisAddress address{config.redis_url, config.redis_password};
        co_await probe_redis(std::move(address));
    } catch (const Failure& failure) {
        out = {wrong, part,
               config.redis_url + ": " + failure.what() +
                   "; start it, or correct `redis` in the configuration"};
    }
    co_return out;
}

Task<CheckedPart> check_sandbox(const Config& config) {
    const std::string part = "sandbox";
    SandboxLevel level;
    std::string trouble;
    try {
        level = co_await probe_sandbox(config.sandbox);
        trouble = level.trouble;
    } catch (const Failure& failure) {
        trouble = failure.what();
    }
    if (!trouble.empty()) co_return CheckedPart{wrong, part, trouble};
    if (level.name == "none")
        co_return CheckedPart{advice, part, "runs are not sandboxed: `kind: none` is configured"};
    co_return CheckedPart{good, part,
                          level.name + (level.network == SandboxConfig::Network::isolated
                                            ? ", with a network of each run's own"
                                            : ", with the network of this machine")};
}

// "" for a forge without an API.
std::string api_of(const ForgeConfig& forge) {
    return std::visit(
        [](const auto& own) {
            if constexpr (requires { own.api_url; })
                return own.api_url;
            else
                return std::string();
        },
        forge.own);
}

// "" or why nobody answers there.
Task<std::string> trouble_of_reaching(HttpClient& http, std::string url) {
    HttpCall call;
    call.url = std::move(url);
    call.limit = std::chrono::seconds(10);
    std::string trouble;
    try {
        co_await http.send(std::move(call));
    } catch (const Failure& failure) {
        trouble = failure.what();
    }
    co_return trouble;
}

Task<CheckedPart> check_forge(HttpClient& http, Forge& forge) {
    const auto& config = forge.config();
    CheckedPart out{good, "forge " + config.name, ""};
    if (const auto* builtin = std::get_if<BuiltinConfig>(&config.own)) {
        out.text = builtin->root.string();
        if (!may(builtin->root, W_OK | X_OK))
            out = {wrong, out.part,
                   "this user may not write " + builtin->root.string() +
                       ", where pull requests and hooks are kept; give it that right"};
        co_return out;
    }
    const auto trouble = co_await trouble_of_reaching(http, api_of(config));
    if (!trouble.empty()) {
        out.verdict = unknown;
        out.text = "its credentials could not be tried: " + trouble;
        co_return out;
    }
    try {
        SetupRequest about_us;  // of no repository
        const auto findings = co_await forge.set_up(about_us);
        for (const auto& finding : findings)
            out.text = api_of(config) + " takes the credentials, as " + finding.detail;
    } catch (const Failure& failure) {
        out.verdict = wrong;
        out.text = failure.what();
    }
    co_return out;
}

Task<void> check_forges(const Config& config, std::vector<CheckedPart>& out,
                        std::vector<std::string>& owners_folders) {
    if (config.forges.empty())
        out.push_back({advice, "forges",
                       "none is configured, so no pull request is ever heard of; add one under "
                       "`forges`"});
    const SystemClock clock;
    Pool pool{1};
    auto http = make_http_client();
    auto forges = make_forges(config, *http, pool, clock);
    bool is_told_from_outside = false;
    for (const auto& [name, forge] : forges) {
        auto part = co_await check_forge(*http, *forge);
        out.push_back(std::move(part));
        if (forge->traits().is_owners_folder)
            owners_folders.push_back(name);
        else
            is_told_from_outside = true;
    }
    if (is_told_from_outside && config.public_url.empty())
        out.push_back({advice, "public_url",
                       "is not set, so links on pull requests lead to http://" + config.listen +
                           "; set it to where people reach the service"});
}

Task<std::vector<CheckedPart>> check_all(const Config& config) {
    std::vector<CheckedPart> out{check_data(config.data),
                                 check_sealing_key(config.sealing_key, config.data)};
    std::shared_ptr<const Organisation> organisation;
    std::vector<std::string> owners_folders;
    co_await check_organisation(config, out, organisation);
    auto redis = co_await check_redis(config);
    out.push_back(std::move(redis));
    if (config.workers > 0) {
        auto sandbox = co_await check_sandbox(config);
        out.push_back(std::move(sandbox));
    }
    const auto worker = check_worker(config);
    out.insert(out.end(), worker.begin(), worker.end());
    co_await check_forges(config, out, owners_folders);
    if (!organisation) co_return out;
    const auto names = check_forge_names(*organisation, config, owners_folders);
    out.insert(out.end(), names.begin(), names.end());
    co_return out;
}

std::string_view mark(CheckVerdict verdict) {
    switch (verdict) {
        case good:
            return "ok       ";
        case advice:
            return "advice   ";
        case unknown:
            return "unknown  ";
        case wrong:
            break;
    }
    return "wrong    ";
}

}  // namespace

CheckedPart check_data(const fs::path& data) {
    const std::string part = "data";
    std::error_code error;
    if (!fs::exists(data, error)) return check_to_be_made(part, data);
    if (!fs::is_directory(data, error))
        return {wrong, part, data.string() + " is not a directory; let `data` name one"};
    if (!may(data, R_OK | W_OK | X_OK))
        return {
            wrong, part,
            "this user may not write " + data.string() + "; give it to the user of the service"};
    return {good, part, data.string()};
}

CheckedPart check_sealing_key(const fs::path& key, const fs::path& data) {
    const std::string part = "sealing_key";
    std::error_code error;
    const bool is_there = fs::exists(fs::symlink_status(key, error));
    const bool is_first = !fs::exists(data, error) || fs::is_empty(data, error);
    if (!is_there && is_first) return check_to_be_made(part, key);
    // Makes none: either it is there, or it is missing beside its data.
    auto read = SealingKey::load_beside(key, data);
    if (!read) return {wrong, part, read.error().message};
    return {good, part, key.string()};
}

std::vector<CheckedPart> check_worker(const Config& config) {
    std::vector<CheckedPart> out;
    for (const auto& [name, tool] : config.worker_tools) {
        std::set<std::string> programs;
        for (const auto* step : {&tool.prepare, &tool.plan, &tool.show, &tool.apply, &tool.destroy})
            if (!step->empty()) programs.insert(step->front());
        for (const auto& program : programs)
            if (!find_program(program))
                out.push_back({wrong, "worker",
                               "the tool custom/" + name + " starts " + program +
                                   ", which is no program here: install it, or correct the path"});
    }
    for (const auto& file : config.worker_environment)
        if (file.starts_with('/') && !may(file, R_OK))
            out.push_back({wrong, "worker",
                           "`environment` lists " + file +
                               ", which this user cannot read: make it readable, or take it out"});
    return out;
}

std::vector<CheckedPart> check_forge_names(const Organisation& organisation, const Config& config,
                                           const std::vector<std::string>& owners_folders) {
    std::vector<CheckedPart> out;
    std::set<std::string> unknown_forges, distrusting;
    for (const auto& stack : organisation.stacks) {
        const auto& forge = stack.repository.forge;
        if (config.forges.count(forge) == 0 && unknown_forges.insert(forge).second)
            out.push_back({advice, "forges",
                           "there is no " + forge + ", where stack " + stack.id.value +
                               " has its repository; add it under `forges`, or correct the stack"});
        const bool is_folder =
            std::find(owners_folders.begin(), owners_folders.end(), forge) != owners_folders.end();
        if (is_folder && !organisation.trusts_folder(stack.space) &&
            !organisation.policies_for(stack, PolicyKind::approval).empty() &&
            distrusting.insert(stack.space.value).second)
            out.push_back(
                {advice, "organisation",
                 "reviews on " + forge + " approve nothing for stack " + stack.id.value +
                     ": write `trust: folder` into " +
                     (stack.space.empty() ? "" : stack.space.value + "/") +
                     "space.yaml if everybody who can write that folder may speak for others"});
    }
    return out;
}

std::string checked_text(const std::vector<CheckedPart>& parts) {
    std::string out;
    for (const auto& one : parts)
        out += std::string(mark(one.verdict)) + one.part + ": " + one.text + "\n";
    return out;
}

int check_serving(const Config& config) {
    asio::io_context io;
    std::vector<CheckedPart> parts;
    std::exception_ptr error;
    asio::co_spawn(io, check_all(config), [&](std::exception_ptr e, std::vector<CheckedPart> all) {
        error = e;
        parts = std::move(all);
        io.stop();
    });
    io.run();
    if (error) std::rethrow_exception(error);
    std::cout << checked_text(parts);
    return std::any_of(parts.begin(), parts.end(),
                       [](const CheckedPart& one) { return one.verdict == wrong; })
               ? 1
               : 0;
}

}  // namespace slipway
