// What a run gets of variables, and what it is refused.
#include "handlers/runs/worker/environment.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "service/base/result.hpp"
#include "tests/support/scratch.hpp"

namespace slipway {
namespace {

Variable variable(std::string value, Variable::Source source = Variable::Source::literal,
                  VariablePhase phase = VariablePhase::both) {
    Variable out;
    out.value = std::move(value);
    out.source = source;
    out.phase = phase;
    return out;
}

const ReadVariable reads_nothing = [](const std::string&) { return std::nullopt; };

TEST_CASE(
    "C5: the worker's variables and files are given only where its configuration lists them") {
    Scratch scratch;
    const auto file = (scratch.path / "token").string();
    std::ofstream(file) << "from-a-file\n";
    ReadVariable read = [](const std::string& name) -> std::optional<std::string> {
        if (name == "CLOUD_TOKEN") return "from-the-worker";
        return std::nullopt;
    };
    RunSpec spec;
    spec.variables["A"] = variable("CLOUD_TOKEN", Variable::Source::worker_environment);
    spec.variables["B"] = variable(file, Variable::Source::worker_file);
    spec.variables["C"] = variable("open");
    const auto given = run_environment(spec, {"CLOUD_TOKEN", file}, read);
    CHECK(given.variables.at("A") == "from-the-worker");
    CHECK(given.variables.at("B") == "from-a-file");
    CHECK(given.variables.at("C") == "open");
    REQUIRE(given.secrets.size() == 2);

    struct {
        Variable variable;
        const char* message;
    } refused[] = {
        {variable("OTHER", Variable::Source::worker_environment),
         "does not list under worker.environment"},
        {variable("/etc/shadow", Variable::Source::worker_file),
         "does not list under worker.environment"},
        {variable("UNSET", Variable::Source::worker_environment), "not set there"},
        {variable("/nowhere", Variable::Source::worker_file), "cannot be read"},
    };
    for (const auto& c : refused) {
        CAPTURE(c.message);
        RunSpec asks;
        asks.variables["X"] = c.variable;
        try {
            run_environment(asks, {"CLOUD_TOKEN", "UNSET", "/nowhere"}, read);
            FAIL("was given");
        } catch (const Failure& failure) {
            CHECK(std::string(failure.what()).find(c.message) != std::string::npos);
            CHECK(failure.retry() == Retry::never);
        }
    }
}

TEST_CASE("R2: a plan gets no variable of applies, an apply none of plans") {
    RunSpec spec;
    spec.variables["P"] = variable("p", Variable::Source::literal, VariablePhase::plan);
    spec.variables["A"] = variable("a", Variable::Source::literal, VariablePhase::apply);
    spec.variables["B"] = variable("b");
    using Names = std::map<std::string, std::string>;
    CHECK(run_environment(spec, {}, reads_nothing).variables == Names{{"P", "p"}, {"B", "b"}});
    spec.phase = Phase::apply;
    CHECK(run_environment(spec, {}, reads_nothing).variables == Names{{"A", "a"}, {"B", "b"}});
}

TEST_CASE("no variable changes where the tool looks for its own files, and names are names") {
    for (const char* name :
         {"TF_DATA_DIR", "TF_CLI_CONFIG_FILE", "TF_CLI_ARGS", "TF_CLI_ARGS_apply", "PATH", "HOME",
          "TF_WORKSPACE", "TF_PLUGIN_CACHE_DIR", "TF_SKIP_PROVIDER_VERIFY", "", "1X", "A-B", "A=B",
          "Ä"}) {
        CAPTURE(name);
        RunSpec spec;
        spec.variables[name] = variable("x");
        CHECK_THROWS_AS(run_environment(spec, {}, reads_nothing), Failure);
    }
    RunSpec spec;
    spec.variables["X"] = variable(std::string("a\0b", 3));
    CHECK_THROWS_AS(run_environment(spec, {}, reads_nothing), Failure);
}

TEST_CASE("a literal that is named like a secret is masked, and one too short for it is told") {
    RunSpec spec;
    spec.variables["TF_VAR_db_password"] = variable("hunter2");
    spec.variables["API_TOKEN"] = variable("abc");
    spec.variables["TF_VAR_region"] = variable("eu-central-1");
    const auto given = run_environment(spec, {}, reads_nothing);
    CHECK(given.secrets.size() == 2);
    CHECK(given.unmasked == std::vector<std::string>{"API_TOKEN"});
}

}  // namespace
}  // namespace slipway
