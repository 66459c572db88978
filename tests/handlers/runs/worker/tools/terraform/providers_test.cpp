// Installed providers, their hashes, and the one cache that all runs read.
#include "handlers/runs/worker/tools/terraform/providers.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "handlers/runs/worker/run_inputs.hpp"
#include "handlers/runs/worker/tools/terraform/inputs.hpp"
#include "handlers/runs/worker/tree_hash.hpp"
#include "service/base/result.hpp"
#include "tests/support/scratch.hpp"

namespace slipway {
namespace {

namespace fs = std::filesystem;

const std::string dns = "registry.terraform.io/acme/dns";

void write_file(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

std::string read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(file)), {});
}

std::vector<LockedProvider> lock(const std::string& hash) { return {{dns, "1.0.0", {hash}}}; }

// What init leaves where it downloaded one.
struct Run {
    Scratch scratch;
    fs::path data = scratch.path / "data";
    fs::path package() const {
        for (const auto& entry : fs::directory_iterator(data / "providers" / dns / "1.0.0"))
            return entry.path();
        return {};
    }
    explicit Run(const std::string& program = "") {
        fs::create_directories(data);
        if (!program.empty())
            write_file(data / "providers" / dns / "1.0.0/linux_amd64/terraform-provider-dns",
                       program);
    }
    std::vector<InstalledProvider> installed(const fs::path& cache = {},
                                             const std::vector<std::string>& mirrors = {}) {
        return installed_providers(data, cache, mirrors);
    }
};

TEST_CASE("a package's hash is the one that the tools write into lock files") {
    // As a real `terraform init` wrote it for this very program.
    Scratch scratch;
    write_file(scratch.path / "p/terraform-provider-fake_v1.0.0",
               "#!/bin/sh\necho MARKER-RAN\nexit 1\n");
    CHECK(package_hash(scratch.path / "p") == "h1:u8+Q8ic9NYD5sY4nKFXR1YxiN0FcMmwzLLexH2/xQzc=");
    fs::create_symlink("/etc/passwd", scratch.path / "p/link");
    CHECK_FALSE(package_hash(scratch.path / "p"));
    CHECK_FALSE(package_hash(scratch.path / "absent"));
}

TEST_CASE(
    "a module's hash sees names, contents, executable bits and links, and no link out of it") {
    Scratch scratch;
    const auto module = scratch.path / "m";
    write_file(module / "main.tf", "a");
    const auto first = content_hash(module);
    REQUIRE(first);
    CHECK(content_hash(module) == first);
    fs::permissions(module / "main.tf", fs::perms::owner_exec, fs::perm_options::add);
    const auto executable = content_hash(module);
    CHECK(executable != first);
    fs::create_symlink("main.tf", module / "b.tf");
    CHECK(content_hash(module) != executable);
    fs::create_symlink("../secret", module / "out");
    CHECK_FALSE(content_hash(module));
}

TEST_CASE("what version control keeps beside a module is removed and does not count") {
    Scratch scratch;
    write_file(scratch.path / "modules/modules.json", "{}");
    write_file(scratch.path / "modules/vpc/main.tf", "a");
    write_file(scratch.path / "modules/vpc/.git/index", "one");
    const auto before = module_inputs(scratch.path);
    REQUIRE(before.size() == 1);
    CHECK(before[0].name == "vpc");
    CHECK_FALSE(before[0].digest.empty());
    CHECK_FALSE(fs::exists(scratch.path / "modules/vpc/.git"));
    write_file(scratch.path / "modules/vpc/sub/.git", "gitdir: elsewhere");
    CHECK(module_inputs(scratch.path) == before);
    write_file(scratch.path / "modules/vpc/main.tf", "b");
    CHECK(module_inputs(scratch.path) != before);
}

TEST_CASE(
    "R3: the cache gives a run only what has a hash of its lock file, whatever else was brought") {
    Scratch shared;
    const auto cache = shared.path / "plugins";
    Run honest("honest"), evil("evil");
    const auto good = honest.installed().at(0), bad = evil.installed().at(0);
    keep_in_cache(
        cache, {bad},
        lock(bad.hash));  // as an unapproved pull request with a lock file of its own would
    keep_in_cache(cache, {good}, lock(good.hash));

    Run next;
    offer_cached(cache, lock(good.hash), next.data);
    CHECK(read_file(next.package() / "terraform-provider-dns") == "honest");
    const auto found = next.installed(cache);
    REQUIRE(found.size() == 1);
    CHECK(found[0].hash == good.hash);
    CHECK_FALSE(found[0].downloaded);

    Run other;
    offer_cached(cache, lock("h1:" + std::string(43, 'A') + "="), other.data);
    CHECK_FALSE(fs::exists(other.data / "providers"));
    offer_cached(cache, {{"../../" + dns, "1.0.0", {good.hash}}, {dns, "../1.0.0", {good.hash}}},
                 other.data);
    CHECK_FALSE(fs::exists(other.data / "providers"));
}

TEST_CASE("nothing enters the cache that the lock file has no hash of") {
    Scratch shared;
    const auto cache = shared.path / "plugins";
    Run run("program");
    keep_in_cache(cache, run.installed(), lock("h1:" + std::string(43, 'A') + "="));
    keep_in_cache(cache, run.installed(), {});
    CHECK_FALSE(fs::exists(cache));
}

TEST_CASE("a damaged entry of the cache is replaced when its package was downloaded again") {
    Scratch shared;
    const auto cache = shared.path / "plugins";
    Run run("program");
    const auto installed = run.installed();
    keep_in_cache(cache, installed, lock(installed[0].hash));
    Run next;
    offer_cached(cache, lock(installed[0].hash), next.data);
    const auto entry = fs::canonical(next.package());
    write_file(entry / "terraform-provider-dns", "damaged");
    keep_in_cache(cache, installed, lock(installed[0].hash));
    CHECK(read_file(entry / "terraform-provider-dns") == "program");
}

TEST_CASE(
    "R3: a provider comes from a download, the cache or a mirror that is configured, and from "
    "nowhere else") {
    Scratch elsewhere;
    write_file(elsewhere.path / "p/terraform-provider-dns", "x");
    Run run;
    fs::create_directories(run.data / "providers" / dns / "1.0.0");
    fs::create_symlink(elsewhere.path / "p", run.data / "providers" / dns / "1.0.0/linux_amd64");
    CHECK_THROWS_AS(run.installed(), Failure);
    CHECK(run.installed({}, {elsewhere.path.string()}).size() == 1);
    write_file(run.data / "providers/terraform-provider-x_1.0.0_linux_amd64.zip", "x");
    CHECK_THROWS_AS(run.installed({}, {elsewhere.path.string()}), Failure);
}

TEST_CASE("R3: beside a package lies nothing but the empty lock of its installation") {
    Run run("honest");
    const auto version = run.data / "providers" / dns / "1.0.0";
    write_file(version / "linux_amd64.lock", "");
    CHECK(run.installed().size() == 1);
    // No lock has content: this could be a program for something that trusts the name.
    write_file(version / "linux_amd64.lock", "#!/bin/sh");
    CHECK_THROWS_AS(run.installed(), Failure);
    fs::remove(version / "linux_amd64.lock");
    write_file(version / "other", "");
    CHECK_THROWS_AS(run.installed(), Failure);
}

TEST_CASE("what the lock file does not name, or names with other hashes, is said") {
    Run run("program");
    const auto installed = run.installed();
    CHECK(lock_trouble(installed, lock(installed[0].hash)).empty());
    CHECK(lock_trouble(installed, lock("zh:1234")).empty());  // of the archive, which init has seen
    CHECK(lock_trouble(installed, {}).find("does not name it") != std::string::npos);
    CHECK(lock_trouble(installed, lock("h1:other")).find("none of the hashes") !=
          std::string::npos);
}

TEST_CASE("a mirror's providers are found, packed or not") {
    Scratch mirror;
    write_file(mirror.path / dns / "1.0.0/linux_amd64/terraform-provider-dns", "x");
    write_file(
        mirror.path / "registry.terraform.io/acme/net/terraform-provider-net_1.0.0_linux_amd64.zip",
        "x");
    write_file(mirror.path / "README.md", "x");
    CHECK(mirrored_providers(mirror.path) ==
          std::vector<std::string>{dns, "registry.terraform.io/acme/net"});
}

// --- values

struct Asked {
    RunSpec spec;
    std::vector<std::string> names{"CLOUD_TOKEN", "SESSION"}, identity;
    std::map<std::string, std::string> worker{{"CLOUD_TOKEN", "one-secret"}, {"SESSION", "first"}};
    Secret key{"key"};

    std::vector<RunInput> inputs() {
        const ReadVariable read = [this](const std::string& name) -> std::optional<std::string> {
            if (auto at = worker.find(name); at != worker.end()) return at->second;
            return std::nullopt;
        };
        const auto environment = run_environment(spec, names, read);
        return value_inputs(spec, environment, {names, identity, key, read});
    }
};

Variable of_worker(const std::string& name, VariablePhase phase) {
    Variable out;
    out.value = name;
    out.source = Variable::Source::worker_environment;
    out.phase = phase;
    return out;
}

TEST_CASE(
    "R4: values of the worker count under a keyed hash, those of the apply as well, literals "
    "elsewhere") {
    Asked asked;
    asked.spec.variables.emplace("TF_VAR_a", of_worker("CLOUD_TOKEN", VariablePhase::both));
    asked.spec.variables.emplace("TF_VAR_b", Variable{});
    asked.spec.apply_variables.emplace("TF_VAR_c", of_worker("SESSION", VariablePhase::apply));
    const auto before = asked.inputs();
    REQUIRE(before.size() == 2);
    for (const auto& input : before) CHECK(input.digest.size() == 64);
    CHECK(asked.inputs() == before);
    asked.worker["SESSION"] = "second";
    CHECK(
        differences(before, asked.inputs()) ==
        std::vector<InputDifference>{{InputKind::value, "TF_VAR_c", InputDifference::How::other}});
    asked.worker.erase("SESSION");
    CHECK(differences(before, asked.inputs()) ==
          std::vector<InputDifference>{
              {InputKind::value, "TF_VAR_c", InputDifference::How::undigested}});
}

TEST_CASE("of a variable that is declared as identity the name counts, not the value") {
    Asked asked;
    asked.identity = {"SESSION"};
    asked.spec.variables.emplace("AWS_SESSION_TOKEN", of_worker("SESSION", VariablePhase::both));
    const auto before = asked.inputs();
    asked.worker["SESSION"] = "second";
    CHECK(asked.inputs() == before);
    asked.spec.variables.clear();
    asked.spec.variables.emplace("AWS_SESSION_TOKEN",
                                 of_worker("CLOUD_TOKEN", VariablePhase::both));
    CHECK(asked.inputs() != before);
}

TEST_CASE(
    "an apply is compared with its plan in what both have; values of the plan alone are left out") {
    RunSpec spec;
    spec.phase = Phase::apply;
    spec.variables.emplace("B", of_worker("CLOUD_TOKEN", VariablePhase::apply));
    spec.planned_inputs = {{InputKind::setting, "tool", "terraform"},
                           {InputKind::files, ".", "1"},
                           {InputKind::variable, "A", "2"},
                           {InputKind::value, "A", "3"},
                           {InputKind::value, "B", "4"},
                           {InputKind::module, "vpc", "5"}};
    CHECK(
        differences_of_apply(spec, {{InputKind::module, "vpc", "5"}, {InputKind::value, "B", "4"}})
            .empty());
    CHECK(
        differences_of_apply(spec, {{InputKind::module, "vpc", "6"}, {InputKind::value, "B", "4"}})
            .size() == 1);
    CHECK(differences_of_apply(spec, {{InputKind::module, "vpc", "5"}}).size() == 1);
}

}  // namespace
}  // namespace slipway
