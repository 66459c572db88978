// Plans and applies with a real Terraform or OpenTofu, a gateway in memory, and only resources that
// are built into the tool. Without either program the tests say so aloud and skip.
#include "handlers/runs/worker/perform.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "handlers/runs/gateway/source.hpp"
#include "handlers/runs/worker/environment.hpp"
#include "handlers/runs/worker/journal.hpp"
#include "handlers/runs/worker/tools/terraform/commands.hpp"
#include "handlers/runs/worker/tools/terraform/installed.hpp"
#include "handlers/runs/worker/workspace.hpp"
#include "service/base/codec.hpp"
#include "service/base/result.hpp"
#include "service/process/run_user.hpp"
#include "service/process/sandbox.hpp"
#include "tests/support/memory_gateway.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/scratch.hpp"

namespace slipway {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using Outcome = PhaseResult::Outcome;

std::string read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(file)), {});
}

void write_file(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

std::optional<InstalledTool> any_tool() {
    asio::io_context io;
    auto installed = run_task(io, installed_tools());
    if (installed.empty()) {
        MESSAGE("skipped: neither terraform nor tofu is on PATH");
        return std::nullopt;
    }
    return installed.front();
}

bool sandbox_works() {
    static const std::string trouble = [] {
        asio::io_context io;
        return run_task(io, probe_sandbox(SandboxConfig{})).trouble;
    }();
    if (!trouble.empty())
        MESSAGE("runs without a sandbox: bubblewrap does not work here: " << trouble);
    return trouble.empty();
}

SandboxConfig::Network network_that_works() {
    static const auto network = [] {
        asio::io_context io;
        return run_task(io, probe_sandbox(SandboxConfig{})).network;
    }();
    return network;
}

// A stack in a directory, its state beside it, and a worker's options.
struct Stage {
    fs::path root;
    MemoryGateway gateway;
    WorkerOptions options;
    FixedClock clock{1'000'000};
    asio::io_context io;
    StopSwitch stop;
    Work work;
    std::vector<std::string> sources;

    explicit Stage(const InstalledTool& tool) {
        char name[] = "/var/tmp/slipway-perform-XXXXXX";
        root = mkdtemp(name);
        fs::create_directories(root / "state");
        fs::create_directories(root / "data");
        options.scratch = root / "data/scratch";
        options.plugin_cache = root / "data/plugins";
        options.journal = root / "data/journal";
        options.hidden = {root / "data", root / "data.key"};
        options.sandbox.writable = {(root / "state").string()};
        options.sandbox.kind =
            sandbox_works() ? SandboxConfig::Kind::bubblewrap : SandboxConfig::Kind::none;
        options.sandbox.network = network_that_works();
        options.tools = SLIPWAY_BINARY_DIR "/tool_copies";  // of all tests, since they are large
        if (options.sandbox.kind == SandboxConfig::Kind::bubblewrap)
            give_writable_directories(options.sandbox);
        options.digest_key = Secret("digest key");
        options.spec_key = Secret("spec key");
        work.spec.run = RunId("run-1");
        work.spec.stack = StackId("payments");
        work.spec.tool = tool.kind;
        work.lease = {JobId("perform/run-1/plan"), 7};
    }
    ~Stage() { remove_tree(root); }

    std::string backend() const {
        return "terraform {\n  backend \"local\" {\n    path = \"" +
               (root / "state/s.tfstate").string() + "\"\n  }\n}\n";
    }
    void source(const std::map<std::string, std::string>& files) {
        remove_tree(root / "source");
        for (const auto& [path, text] : files) write_file(root / "source" / path, text);
        work.spec.source = gateway.keep(pack_source(root / "source"));
        sources.push_back(work.spec.source.value);
    }
    PhaseResult go() {
        work.spec.signature = spec_signature(work.spec, options.spec_key);
        return run_task(io, perform(gateway, work, options, clock, stop), 60s);
    }
    PhaseResult plan(const std::string& main) {
        source({{"main.tf", main}});
        work.spec.phase = Phase::plan;
        return go();
    }
    PhaseResult apply(const PhaseResult& planned) {
        work.spec.phase = Phase::apply;
        work.spec.plan_file = planned.plan_file;
        work.spec.plan_digest = planned.plan_digest;
        work.spec.planned_inputs = planned.inputs;
        return go();
    }
    Plan plan_of(const PhaseResult& result) {
        auto plan = decode<Plan>(std::string_view(gateway.blobs.at(result.plan_document.value)));
        REQUIRE(plan);
        return *plan;
    }
    const std::string& log() { return gateway.logs[work.spec.run.value]; }
    // Everything that left the worker, but for sealed bytes.
    std::string everything() {
        std::string out;
        for (const auto& [id, bytes] : gateway.blobs)
            if (std::find(sources.begin(), sources.end(), id) == sources.end()) out += bytes + "\n";
        for (const auto& [run, text] : gateway.logs) out += text + "\n";
        return out;
    }
};

TEST_CASE("a plan is made, read and sealed, and applied as it is") {
    auto tool = any_tool();
    if (!tool) return;
    Stage stage(*tool);
    const auto main = stage.backend() + R"(
        resource "terraform_data" "a" { input = "hello" }
        output "greeting" { value = terraform_data.a.output }
        output "hidden" {
          value     = "in-the-dark"
          sensitive = true
        }
        output "leak" { value = "told in-the-dark, too" })";
    const auto planned = stage.plan(main);
    CAPTURE(planned.error);
    CAPTURE(stage.log());
    REQUIRE(planned.outcome == Outcome::planned);
    CHECK(planned.tool_version == tool->version.text());
    CHECK(planned.plan_digest == sha256_hex(stage.gateway.sealed.at(planned.plan_file.value)));
    CHECK(planned.change_digest.size() == 64);
    CHECK(planned.started_at_ms == 1'000'000);
    const auto plan = stage.plan_of(planned);
    CHECK(plan.counts.create == 1);
    CHECK(plan.changes.at(0).address == "terraform_data.a");
    CHECK(stage.log().find("will be created") != std::string::npos);
    CHECK(stage.gateway.blobs.at(planned.tool_document.value).starts_with("{\"format_version\""));
    CHECK_FALSE(fs::exists(stage.root / "state/s.tfstate"));
    CHECK(fs::is_empty(stage.options.scratch));

    const auto applied = stage.apply(planned);
    CAPTURE(applied.error);
    REQUIRE(applied.outcome == Outcome::applied);
    CHECK(stage.gateway.begun == std::vector<std::string>{planned.plan_digest});
    // Of the plan: source, plan file, two documents. Of the apply: source, plan file, outputs.
    CHECK(stage.gateway.leases == std::vector<Lease>(7, stage.work.lease));
    CHECK(stage.gateway.blobs.at(applied.outputs.value) == R"({"greeting":"hello"})");
    CHECK(applied.sensitive_outputs == std::vector<std::string>{"hidden", "leak"});
    CHECK(read_file(stage.root / "state/s.tfstate").find("hello") != std::string::npos);
    CHECK(applied.change_digest == planned.change_digest);
    CHECK(stage.log().find("Apply complete!") != std::string::npos);

    const auto again = stage.plan(main);
    CHECK(again.outcome == Outcome::planned);
    CHECK_FALSE(stage.plan_of(again).counts.any());
    stage.work.spec.destroy = true;
    CHECK(stage.plan_of(stage.plan(main)).counts.remove == 1);
}

// What a step that is started ahead rests on. A named pipe tells when the tool has come to its
// configuration.
TEST_CASE("each tool reads its configuration before it looks at anything of the run") {
    any_tool();
    asio::io_context io;
    for (const auto& tool : run_task(io, installed_tools())) {
        CAPTURE(tool.program);
        Scratch scratch;
        const auto pipe = scratch.path / "configuration";
        REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
        fs::create_directories(scratch.path / "source");
        std::atomic<bool> ended{false};
        std::thread configuration([&] {
            for (bool first = true; !ended; first = false) {
                const int fd = ::open(
                    pipe.c_str(), O_WRONLY);  // once the tool opens it; some look before they read
                if (first)
                    write_file(scratch.path / "source/main.tf",
                               "resource \"terraform_data\" \"late\" {}\n");
                ::close(fd);
            }
        });
        Command command;
        command.argv = {fs::canonical(tool.program).string(), "plan", "-input=false", "-no-color"};
        command.directory = scratch.path / "source";
        command.environment = terraform::variables(scratch.path / "data");
        auto base = base_variables(scratch.path);
        command.environment.merge(base);
        command.environment["TF_CLI_CONFIG_FILE"] = pipe.string();
        const auto planned = run_task(io, run(std::move(command)));
        ended = true;
        ::close(::open(pipe.c_str(), O_RDONLY | O_NONBLOCK));
        configuration.join();
        CHECK(planned.error_output == "");
        CHECK(planned.output.find("terraform_data.late") != std::string::npos);
    }
}

TEST_CASE("R4: an apply whose plan file is not the approved one does not start") {
    auto tool = any_tool();
    if (!tool) return;
    Stage stage(*tool);
    const auto main = stage.backend() + "resource \"terraform_data\" \"a\" { input = \"x\" }\n";
    auto planned = stage.plan(main);
    REQUIRE(planned.outcome == Outcome::planned);
    struct {
        const char* what;
        std::string digest;
        BlobId file;
        const char* error;
    } cases[] = {
        {"another file", planned.plan_digest, stage.gateway.keep("other bytes"),
         "not the one that was approved"},
        {"another digest", std::string(64, 'a'), planned.plan_file,
         "not the one that was approved"},
        {"no digest", "", planned.plan_file, "not the one that was approved"},
        {"no file", planned.plan_digest, BlobId(std::string(64, 'b')), "not there any more"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.what);
        auto forged = planned;
        forged.plan_digest = c.digest;
        forged.plan_file = c.file;
        const auto result = stage.apply(forged);
        CHECK(result.outcome == Outcome::failed);
        CHECK(result.error.find(c.error) != std::string::npos);
    }
    CHECK(stage.gateway.begun.empty());
    SUBCASE("nor one that may not begin any more") {
        stage.gateway.may_begin = false;
        const auto result = stage.apply(planned);
        CHECK(result.outcome == Outcome::not_begun);
        CHECK(result.error == "nothing was applied: approvals are missing");
        CHECK_FALSE(result.begun);
        CHECK_FALSE(fs::exists(stage.root / "state/s.tfstate"));
        CHECK_FALSE(Journal(stage.options.journal).find(planned.plan_digest));
    }
    SUBCASE("nor one without the service's signature, or too late") {
        stage.work.spec.phase = Phase::apply;
        stage.work.spec.plan_file = planned.plan_file;
        stage.work.spec.plan_digest = planned.plan_digest;
        stage.work.spec.signature = std::string(64, '0');
        auto forged = run_task(
            stage.io, perform(stage.gateway, stage.work, stage.options, stage.clock, stage.stop));
        CHECK(forged.error.find("not signed") != std::string::npos);
        stage.work.spec.expires_at_ms = 999'999;
        CHECK(stage.go().error.find("expired") != std::string::npos);
    }
    CHECK_FALSE(fs::exists(stage.root / "state/s.tfstate"));
}

TEST_CASE("an apply that would lose its state does not start") {
    auto tool = any_tool();
    if (!tool) return;
    for (const std::string backend : {"", "terraform {\n  backend \"local\" {}\n}\n"}) {
        CAPTURE(backend);
        Stage stage(*tool);
        const auto planned = stage.plan(backend + "resource \"terraform_data\" \"a\" {}\n");
        REQUIRE(planned.outcome == Outcome::planned);
        const auto applied = stage.apply(planned);
        CHECK(applied.outcome == Outcome::failed);
        CHECK(applied.error.find("nothing was applied") != std::string::npos);
        CHECK(stage.gateway.begun.empty());
    }
}

TEST_CASE("a state that the sandbox hides is neither planned against as if it were none nor lost") {
    auto tool = any_tool();
    if (!tool || !sandbox_works()) return;
    Stage stage(*tool);
    const auto main = stage.backend() + "resource \"terraform_data\" \"a\" {}\n";
    const auto state = (stage.root / "state").string();
    stage.options.sandbox.writable.clear();
    const auto blind = stage.plan(main);
    CHECK(blind.outcome == Outcome::failed);
    CHECK(blind.error.find("keeps its state in " + state +
                           ", which runs may not read: add it to") != std::string::npos);
    CHECK(blind.error.find("--writable " + state) != std::string::npos);

    stage.options.sandbox.readable = {state};
    const auto planned = stage.plan(main);
    REQUIRE(planned.outcome == Outcome::planned);
    const auto applied = stage.apply(planned);
    CHECK(applied.outcome == Outcome::failed);
    CHECK(applied.error.find("which runs may not write") != std::string::npos);
    CHECK(stage.gateway.begun.empty());
}

TEST_CASE("T32: sensitive values leave the worker only sealed") {
    auto tool = any_tool();
    if (!tool) return;
    Stage stage(*tool);
    ::setenv("SLIPWAY_TEST_TOKEN", "worker-token-51", 1);
    stage.options.environment_names = {"SLIPWAY_TEST_TOKEN"};
    Variable from_worker;
    from_worker.source = Variable::Source::worker_environment;
    from_worker.value = "SLIPWAY_TEST_TOKEN";
    Variable literal;
    literal.value = "literal-password-52";
    stage.work.spec.variables = {{"TF_VAR_token", from_worker}, {"TF_VAR_db_password", literal}};
    auto main = [&](const std::string& note) {
        return stage.backend() + R"(
        variable "token" { sensitive = true }
        variable "db_password" {}
        variable "in_code" {
          sensitive = true
          default   = "default-in-code-53"
        }
        resource "terraform_data" "a" {
          input = {
            token   = var.token
            default = var.in_code
            note    = ")" +
               note + R"("
            inner   = sensitive("marked-by-function-54")
            encoded = base64encode("user:${var.token}")
          }
          provisioner "local-exec" {
            command = "printf 'worker-'; sleep 0.3; printf token; sleep 0.3; echo -51; echo $TF_VAR_token | base64; echo default-in-code-53 >&2"
          }
        }
        resource "terraform_data" "b" { input = var.db_password }
        output "leaked" { value = nonsensitive("x${var.in_code}y") }
        output "plain" { value = "may be seen" })";
    };
    const auto planned = stage.plan(main("first"));
    CAPTURE(planned.error);
    REQUIRE(planned.outcome == Outcome::planned);
    const auto applied = stage.apply(planned);
    CAPTURE(applied.error);
    REQUIRE(applied.outcome == Outcome::applied);
    // Now the state holds them in attributes that nobody marked (output).
    const auto again = stage.plan(main("second"));
    REQUIRE(again.outcome == Outcome::planned);
    CHECK(stage.plan_of(again).counts.update == 1);

    const auto left = stage.everything() + encode(planned).dump() + encode(applied).dump();
    for (const std::string secret :
         {"worker-token-51", "literal-password-52", "default-in-code-53", "marked-by-function-54",
          "d29ya2VyLXRva2Vu", "dXNlcjp3b3JrZXItdG9rZW4tNTE"}) {
        CAPTURE(secret);
        CHECK(left.find(secret) == std::string::npos);
    }
    CHECK(left.find("may be seen") != std::string::npos);
    CHECK(left.find("second") != std::string::npos);
    CHECK(read_file(stage.root / "state/s.tfstate").find("default-in-code-53") !=
          std::string::npos);
}

TEST_CASE(
    "R2: a run gets the variables of its phase only, and the worker's only where it lists them") {
    auto tool = any_tool();
    if (!tool) return;
    Stage stage(*tool);
    ::setenv("SLIPWAY_TEST_TOKEN", "worker-token-51", 1);
    Variable apply_only;
    apply_only.value = "APPLY-SECRET";
    apply_only.phase = VariablePhase::apply;
    Variable both;
    both.value = "for both";
    stage.work.spec.variables = {{"TF_VAR_a", both}, {"APPLY_TOKEN", apply_only}};
    const auto main = stage.backend() + R"(
        variable "a" {}
        resource "terraform_data" "a" {
          input = var.a
          provisioner "local-exec" { command = "echo token=$APPLY_TOKEN." }
        })";
    const auto planned = stage.plan(main);
    REQUIRE(planned.outcome == Outcome::planned);
    REQUIRE(stage.apply(planned).outcome == Outcome::applied);
    CHECK(stage.log().find("token=***.") != std::string::npos);

    Variable unlisted;
    unlisted.source = Variable::Source::worker_environment;
    unlisted.value = "SLIPWAY_TEST_TOKEN";
    stage.work.spec.variables = {{"TF_VAR_a", unlisted}};
    CHECK(stage.plan(main).error.find("does not list under worker.environment") !=
          std::string::npos);
}

TEST_CASE("R2: planned code can read the state and not write it") {
    auto tool = any_tool();
    if (!tool || !sandbox_works()) return;
    Stage stage(*tool);
    const auto planned = stage.plan(stage.backend() + "resource \"terraform_data\" \"a\" {}\n");
    REQUIRE(stage.apply(planned).outcome == Outcome::applied);
    const auto before = read_file(stage.root / "state/s.tfstate");
    const auto again = stage.plan(stage.backend() + "resource \"terraform_data\" \"b\" {}\n");
    CHECK(again.outcome == Outcome::planned);
    CHECK(stage.plan_of(again).counts.remove == 1);
    CHECK(read_file(stage.root / "state/s.tfstate") == before);
    CHECK_FALSE(fs::exists(stage.root / "state/.s.tfstate.lock.info"));
}

TEST_CASE("R1: a program that a run starts finds nothing of the service") {
    auto tool = any_tool();
    if (!tool || !sandbox_works()) return;
    Stage stage(*tool);
    ::setenv("SLIPWAY_TEST_SECRET", "ENVIRONMENT-OF-SERVICE", 1);
    write_file(stage.root / "data/blobs/plan", "PLAN-OF-SOMEBODY");
    write_file(stage.root / "data.key", "KEY-OF-SERVICE");
    write_file(stage.root / "data/scratch/other-run/source/secret", "SOURCE-OF-SOMEBODY");
    const auto root = stage.root.string();
    // The words are made in the sandbox, so that the script itself does not hold them.
    write_file(stage.root / "hostile.sh",
               "cat /proc/*/environ | tr '\\0' '\\n'\n"
               "cat " +
                   root + "/data/blobs/* " + root + "/data.key " + root +
                   "/data/scratch/*/source/*\n"
                   "ls -laR " +
                   root +
                   "/data /run /root /home\n"
                   "ln -s / everything; cat everything" +
                   root +
                   "/data.key\n"
                   "cat /proc/1/root" +
                   root +
                   "/data.key; cat /proc/self/mountinfo | grep -c redis\n"
                   "ps aux; kill -0 " +
                   std::to_string(getpid()) +
                   " && echo SERVICE-OF-PROCESS\n"
                   "echo reached the end\n");
    stage.source({{"main.tf", stage.backend() + R"(
        resource "terraform_data" "a" {
          provisioner "local-exec" { command = "sh ./hostile.sh 2>&1 || true" }
        })"},
                  {"hostile.sh", read_file(stage.root / "hostile.sh")}});
    stage.work.spec.phase = Phase::plan;
    const auto planned = stage.go();
    REQUIRE(planned.outcome == Outcome::planned);
    CHECK(planned.sandbox == sandbox_level(stage.options.sandbox));
    const auto applied = stage.apply(planned);
    REQUIRE(applied.outcome == Outcome::applied);
    CAPTURE(stage.log());
    CHECK(stage.log().find("reached the end") != std::string::npos);
    for (const char* no :
         {"-OF-SERVICE", "-OF-SOMEBODY", "-OF-PROCESS", "SLIPWAY_TEST_SECRET", "perform_tests"})
        CHECK(stage.log().find(no) == std::string::npos);
}

// A program that stands in for the tool, so that hostile code can run while it "plans", as a
// provider or an external data source would.
struct StandIn {
    fs::path directory;
    std::string path = std::getenv("PATH");
    InstalledTool tool;

    explicit StandIn(const std::string& plan, const std::string& show,
                     const std::string& init = "true") {
        char name[] = "/var/tmp/slipway-tool-XXXXXX";
        directory = mkdtemp(name);
        const auto program = directory / "terraform-99.1";
        write_file(
            program,
            "#!/bin/sh\n[ \"$1\" = version ] || configuration=$(cat $TF_CLI_CONFIG_FILE)\n"
            "case \"$1\" in\n"
            "version) echo '{\"terraform_version\":\"99.1.0\"}' ;;\n"
            "init) mkdir -p $TF_DATA_DIR/modules/m; echo honest > $TF_DATA_DIR/modules/m/binary;"
            " echo locked > .terraform.lock.hcl; " +
                init +
                " ;;\n"
                "plan) for word; do case $word in -out=*) out=${word#-out=};; esac; done\n" +
                plan + "\nexit 2 ;;\nshow) " + show + " ;;\nesac\n");
        fs::permissions(program, fs::perms(0755));
        ::setenv("PATH", (directory.string() + ":" + path).c_str(), 1);
        tool = {ToolKind::terraform, program, *parse_version("99.1.0")};
    }
    ~StandIn() {
        ::setenv("PATH", path.c_str(), 1);
        fs::remove_all(directory);
    }
};

TEST_CASE("R3: what the planned code does cannot reach what is shown") {
    if (!sandbox_works()) return;
    StandIn stand_in(
        "echo plan > $out; echo evil > $TF_DATA_DIR/modules/m/binary; mv $TF_DATA_DIR "
        "/workspace/gone;"
        "echo evil > $TF_CLI_CONFIG_FILE; echo evil > .terraform.lock.hcl; echo evil > "
        "$HOME/.terraformrc;"
        "(sleep 1; echo evil > $out) & ",
        "printf '{\"format_version\":\"1.2\",\"variables\":{},\"timestamp\":\"'; cat $3 "
        ".terraform.lock.hcl"
        " $TF_DATA_DIR/modules/m/binary $HOME/.terraformrc 2>/dev/null | tr '\\n' ' ';"
        " printf '%s ' \"$configuration\" | tr '\\n' ' ';"
        " find /workspace -type f | sort | tr '\\n' ' '; printf '\"}'");
    Stage stage(stand_in.tool);
    stage.work.spec.version = "99.1.0";
    const auto planned = stage.plan("");
    CAPTURE(planned.error);
    CAPTURE(stage.log());
    REQUIRE(planned.outcome == Outcome::planned);
    const auto document = *parse_json(stage.gateway.blobs.at(planned.tool_document.value));
    CHECK(document["timestamp"].text() ==
          "plan locked honest disable_checkpoint = true provider_installation {   direct {   } } "
          "/workspace/out/plan /workspace/source/.terraform.lock.hcl ");
    CHECK(stage.gateway.sealed.at(planned.plan_file.value) == "plan\n");
    const RunInput lock_file{InputKind::lock_file, "", sha256_hex("locked\n")};
    CHECK(std::count(planned.inputs.begin(), planned.inputs.end(), lock_file) == 1);
}

TEST_CASE("R4: an apply does not begin with another value of the worker than its plan had") {
    auto tool = any_tool();
    if (!tool) return;
    Stage stage(*tool);
    stage.options.environment_names = {"SLIPWAY_TEST_VALUE"};
    Variable of_worker;
    of_worker.source = Variable::Source::worker_environment;
    of_worker.value = "SLIPWAY_TEST_VALUE";
    of_worker.phase = VariablePhase::apply;
    ::setenv("SLIPWAY_TEST_VALUE", "the first value", 1);
    stage.work.spec.apply_variables = {{"TF_VAR_x", of_worker}};
    const auto planned = stage.plan(stage.backend() + "resource \"terraform_data\" \"a\" {}\n");
    CAPTURE(planned.error);
    REQUIRE(planned.outcome == Outcome::planned);
    stage.work.spec.apply_variables.clear();
    stage.work.spec.variables = {{"TF_VAR_x", of_worker}};
    ::setenv("SLIPWAY_TEST_VALUE", "the second value", 1);
    const auto other = stage.apply(planned);
    CHECK(other.outcome == Outcome::failed);
    CHECK(other.error ==
          "variable `TF_VAR_x` has another value since the plan; nothing was applied, plan again");
    CHECK(stage.gateway.begun.empty());
    ::setenv("SLIPWAY_TEST_VALUE", "the first value", 1);
    CHECK(stage.apply(planned).outcome == Outcome::applied);
    ::unsetenv("SLIPWAY_TEST_VALUE");
    CHECK(stage.everything().find("the first value") == std::string::npos);
}

TEST_CASE("R3: what the tool starts cannot write into the tool, read it or take its descriptors") {
    auto tool = any_tool();
    if (!tool || !sandbox_works()) return;
    Stage stage(*tool);
    stage.source({{"main.tf", stage.backend() + R"(
        resource "terraform_data" "a" {
          provisioner "local-exec" { command = "python3 -B attack.py tool=$PPID 2>&1" }
        })"},
                  {"attack.py", read_file(SLIPWAY_SOURCE_DIR "/tests/service/process/attack.py")}});
    stage.work.spec.phase = Phase::plan;
    const auto planned = stage.go();
    REQUIRE(planned.outcome == Outcome::planned);
    const auto applied = stage.apply(planned);
    CAPTURE(stage.log());
    CHECK(applied.outcome == Outcome::applied);
    for (const char* line :
         {"tool.ptrace EPERM", "tool.process_vm_writev EPERM", "tool.pidfd_getfd EPERM",
          "tool.mem EACCES", "tool.environ EACCES", "tool.fd/1 EACCES", "unshare.user EPERM"}) {
        CAPTURE(line);
        CHECK(stage.log().find(line) != std::string::npos);
    }
}

TEST_CASE("a run that takes too much is stopped, and told of which limit and where it is set") {
    if (!sandbox_works()) return;
    const struct {
        const char* plan;
        const char* error;
    } cases[] = {
        {"python3 -c 'x = bytearray(70 << 20); import time; time.sleep(100)'",
         "the plan used more than 50 MB of memory and was stopped: raise sandbox.limits.memory_mb"},
        {"head -c 70000000 /dev/urandom >/dev/shm/x; sleep 100",
         "the plan used more than 50 MB of memory and was stopped: raise sandbox.limits.memory_mb"},
        {"head -c 70000000 /dev/urandom >x; sleep 100",
         "the plan wrote more than 60 MB into its workspace and was stopped: raise "
         "sandbox.limits.workspace_mb"},
        {"for i in $(seq 60); do sleep 100 & done; wait",
         "the plan started more than 40 processes and threads and was stopped: raise "
         "sandbox.limits.processes"},
    };
    for (const auto& one : cases) {
        CAPTURE(one.plan);
        StandIn stand_in(one.plan, "true");
        Stage stage(stand_in.tool);
        stage.work.spec.version = "99.1.0";
        stage.options.sandbox.memory_mb = 50;
        stage.options.sandbox.workspace_mb = 60;
        stage.options.sandbox.processes = 40;
        const auto planned = stage.plan("");
        CHECK(planned.outcome == Outcome::failed);
        CHECK(planned.error == one.error);
        CHECK(fs::is_empty(stage.options.scratch));
    }
}

TEST_CASE(
    "a run cannot have the service write where it should not: a link in place of the plan file of "
    "an apply") {
    if (!sandbox_works()) return;
    Scratch elsewhere;
    const auto target = elsewhere.path / "of-service";
    StandIn stand_in("echo plan > $out", R"(echo '{"format_version":"1.2"}')");
    Stage stage(stand_in.tool);
    stage.work.spec.version = "99.1.0";
    const auto planned = stage.plan("");
    REQUIRE(planned.outcome == Outcome::planned);
    // The same tool, whose init now leaves the link.
    StandIn hostile("true", R"(echo '{"format_version":"1.2"}')",
                    R"(echo '{"backend":{"type":"s3"}}' > $TF_DATA_DIR/terraform.tfstate; ln -s )" +
                        target.string() + " /workspace/out/plan");
    const auto applied = stage.apply(planned);
    CHECK(applied.outcome == Outcome::failed);
    CAPTURE(applied.error);
    CHECK(applied.error.find("something of the run stands in its place; nothing was applied") !=
          std::string::npos);
    CHECK_FALSE(fs::exists(target));
}

TEST_CASE("R2: code that runs while it is planned cannot write the state that it can read") {
    if (!sandbox_works()) return;
    Scratch state;
    write_file(state.path / "s.tfstate", "the state\n");
    const auto file = (state.path / "s.tfstate").string();
    StandIn stand_in("cat " + file + " > $out; echo evil >> " + file + "; rm -f " + file,
                     R"(echo '{"format_version":"1.2"}')");
    Stage stage(stand_in.tool);
    stage.options.sandbox.writable = {state.path.string()};
    stage.work.spec.version = "99.1.0";
    const auto planned = stage.plan("");
    CAPTURE(planned.error);
    REQUIRE(planned.outcome == Outcome::planned);
    CHECK(stage.gateway.sealed.at(planned.plan_file.value) == "the state\n");
    CHECK(read_file(file) == "the state\n");
}

TEST_CASE("R1: a link that a run leaves in place of its plan file is not followed") {
    for (const std::string plan :
         {"ln -s SECRET $out", "rm -rf /workspace/out; ln -s DIRECTORY /workspace/out",
          "mkfifo $out", "mkdir $out", "ln -s /dev/zero $out", ""}) {
        CAPTURE(plan);
        Scratch scratch;
        write_file(scratch.path / "plan", "KEY-OF-SERVICE");
        auto script = plan;
        for (const auto& [word, meaning] :
             {std::pair<std::string, std::string>{"SECRET", (scratch.path / "plan").string()},
              {"DIRECTORY", scratch.path.string()}})
            if (const auto at = script.find(word); at != script.npos)
                script.replace(at, word.size(), meaning);
        StandIn stand_in(script, "cat $3");
        Stage stage(stand_in.tool);
        stage.work.spec.version = "99.1.0";
        const auto planned = stage.plan("");
        CHECK(planned.outcome == Outcome::failed);
        CHECK(planned.error.find("not a plain file") != std::string::npos);
        CHECK(stage.gateway.sealed.empty());
    }
}

TEST_CASE("fault 43: a plan over its time is stopped, with the limit as the reason") {
    StandIn stand_in("trap '' INT; echo started >&2; sleep 100", "true");
    Stage stage(stand_in.tool);
    stage.work.spec.version = "99.1.0";
    stage.work.spec.limit_minutes = 0;
    const auto planned = stage.plan("");
    CHECK(planned.outcome == Outcome::timed_out);
    CHECK(planned.error.find("the plan took longer than") != std::string::npos);
}

TEST_CASE("the tool's own error is reported, without banner and frame") {
    auto tool = any_tool();
    if (!tool) return;
    struct {
        std::string what;
        std::string main;
        const char* error;
    } cases[] = {
        {"syntax", "resource \"terraform_data\" {}\n", "Missing name for resource"},
        {"reference", "resource \"terraform_data\" \"a\" { input = var.none }\n",
         "Reference to undeclared input variable"},
        {"version", "terraform {\n  required_version = \"~> 0.1\"\n}\n", "Core version"},
        {"precondition",
         "resource \"terraform_data\" \"a\" {\n  lifecycle {\n    precondition {\n      condition "
         "= path.module == \"\"\n"
         "      error_message = \"The size must be even.\"\n    }\n  }\n}\n",
         "The size must be even."},
        {"variable", "variable \"x\" {}\n", "No value for required variable"},
    };
    for (const auto& c : cases) {
        // OpenTofu 1.12 obeys required_version in .tofu files alone.
        if (c.what == "version" && tool->kind == ToolKind::opentofu) continue;
        CAPTURE(c.what);
        Stage stage(*tool);
        const auto result = stage.plan(c.main);
        CAPTURE(result.error);
        CHECK(result.outcome == Outcome::failed);
        CHECK(result.error.find(c.error) != std::string::npos);
        CHECK(result.error.find("\n│") == std::string::npos);
        CHECK(result.error.find("Error:") == std::string::npos);
        CHECK(stage.log().find(c.error) != std::string::npos);
    }
}

TEST_CASE("what the specification asks for must be there") {
    auto tool = any_tool();
    if (!tool) return;
    struct {
        const char* what;
        std::function<void(Stage&)> change;
        const char* error;
    } cases[] = {
        {"version", [](Stage& s) { s.work.spec.version = "~> 0.3"; },
         "~> 0.3, but installed on the worker: "},
        {"constraint", [](Stage& s) { s.work.spec.version = "newest"; },
         "not a version constraint"},
        {"directory", [](Stage& s) { s.work.spec.directory = "stacks/none"; },
         "is not in the source"},
        {"escape", [](Stage& s) { s.work.spec.directory = "../.."; }, "leads out of the source"},
        {"workspace", [](Stage& s) { s.work.spec.workspace = "-upgrade"; },
         "not a valid workspace name"},
        {"source", [](Stage& s) { s.work.spec.source = BlobId("gone"); }, "not there any more"},
        {"variable", [](Stage& s) { s.work.spec.variables["TF_DATA_DIR"].value = "/x"; },
         "sets it itself"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.what);
        Stage stage(*tool);
        stage.source({{"main.tf", "resource \"terraform_data\" \"a\" {}\n"}});
        c.change(stage);
        const auto result = stage.go();
        CHECK(result.outcome == Outcome::failed);
        CHECK(result.error.find(c.error) != std::string::npos);
    }
}

TEST_CASE("a stack below a directory, with a module beside it and a workspace of its own") {
    auto tool = any_tool();
    if (!tool) return;
    Stage stage(*tool);
    stage.source({{"stacks/web/main.tf",
                   "terraform {\n  backend \"local\" {\n    workspace_dir = \"" +
                       (stage.root / "state/ws").string() +
                       "\"\n  }\n}\nmodule \"m\" {\n  source = \"../../modules/m\"\n}\n"},
                  {"modules/m/main.tf",
                   "resource \"terraform_data\" \"a\" { input = terraform.workspace }\n"}});
    stage.work.spec.directory = "stacks/web";
    stage.work.spec.workspace = "blue";
    const auto planned = stage.go();
    CAPTURE(planned.error);
    CAPTURE(stage.log());
    REQUIRE(planned.outcome == Outcome::planned);
    CHECK(stage.plan_of(planned).changes.at(0).address == "module.m.terraform_data.a");
    const auto applied = stage.apply(planned);
    CAPTURE(applied.error);
    CHECK(applied.outcome == Outcome::applied);
    CHECK(fs::exists(stage.root / "state/ws/blue/terraform.tfstate"));
}

TEST_CASE("fault 43: a plan that is stopped says so and leaves nothing behind") {
    StandIn stand_in("echo started >&2; exec sleep 100", "true");
    Stage stage(stand_in.tool);
    stage.work.spec.version = "99.1.0";
    stage.gateway.on_log = [&] {
        if (stage.log().find("started") != std::string::npos) stage.stop.stop();
    };
    const auto result = stage.plan("");
    CHECK(result.outcome == Outcome::stopped);
    CHECK(result.error == "the plan was stopped");
    CHECK(fs::is_empty(stage.options.scratch));
}

TEST_CASE(
    "a stopped apply gets one signal, writes down what it did, and says that it was stopped") {
    auto tool = any_tool();
    if (!tool) return;
    Stage stage(*tool);
    const auto planned = stage.plan(stage.backend() + R"(
        resource "terraform_data" "first" { input = "was made" }
        resource "terraform_data" "slow" {
          input = terraform_data.first.output
          provisioner "local-exec" { command = "echo provisioning; sleep 60" }
        })");
    REQUIRE(planned.outcome == Outcome::planned);
    stage.gateway.on_log = [&] {
        if (stage.log().find("provisioning") != std::string::npos) stage.stop.stop();
    };
    const auto applied = stage.apply(planned);
    CHECK(applied.outcome == Outcome::stopped);
    CHECK(read_file(stage.root / "state/s.tfstate").find("was made") != std::string::npos);
    CHECK_FALSE(fs::exists(stage.root / "state/.s.tfstate.lock.info"));
}

TEST_CASE(
    "fault 47: of an apply that was killed nobody knows what it did, and its plan is never begun "
    "again") {
    auto tool = any_tool();
    if (!tool) return;
    Stage stage(*tool);
    const auto count = (stage.root / "state/count").string();
    const auto planned = stage.plan(stage.backend() + R"(
        resource "terraform_data" "a" {
          provisioner "local-exec" { command = "echo x >> )" +
                                    count + R"(; kill -9 $PPID; sleep 5" }
        })");
    REQUIRE(planned.outcome == Outcome::planned);
    const auto applied = stage.apply(planned);
    CHECK(applied.outcome == Outcome::unknown);
    CHECK(applied.error.find("killed") != std::string::npos);
    auto entry = Journal(stage.options.journal).find(planned.plan_digest);
    REQUIRE(entry);
    CHECK(entry->run == stage.work.spec.run);
    CHECK(entry->fence == 7);
    CHECK(entry->pid > 0);
    CHECK(entry->ended_at_ms != 0);
    CHECK_FALSE(entry->result);
    CHECK_FALSE(still_runs(*entry));

    // The queue forgot that it began, and hands it out once more.
    const auto again = stage.apply(planned);
    CHECK(again.outcome == Outcome::unknown);
    CHECK(again.begun);
    CHECK(stage.gateway.begun.size() == 1);
    CHECK(read_file(count) == "x\n");
    CHECK(stage.log().find("a plan now still changes something") != std::string::npos);
}

TEST_CASE("an apply that ended before is reported as the journal says, without the tool") {
    auto tool = any_tool();
    if (!tool) return;
    Stage stage(*tool);
    const auto count = (stage.root / "state/count").string();
    const auto body =
        "resource \"terraform_data\" \"a\" {\n  input = \"x\"\n  provisioner \"local-exec\" { "
        "command = "
        "\"echo x >> " +
        count + "\" }\n}\noutput \"o\" { value = \"y\" }\n";
    const auto planned = stage.plan(stage.backend() + body);
    const auto applied = stage.apply(planned);
    CAPTURE(applied.error);
    CAPTURE(stage.log());
    REQUIRE(applied.outcome == Outcome::applied);
    const auto again = stage.apply(planned);
    CHECK(again.outcome == Outcome::applied);
    CHECK(again.outputs == applied.outputs);
    CHECK(stage.gateway.begun.size() == 1);
    CHECK(read_file(count) == "x\n");

    SUBCASE(
        "an entry that cannot be read, or has no end, is looked into by a plan: nothing left is "
        "applied") {
        SUBCASE("") { write_file(stage.options.journal / (planned.plan_digest + ".json"), "{"); }
        SUBCASE("") {
            auto entry = *Journal(stage.options.journal).find(planned.plan_digest);
            entry.ended_at_ms = 0;
            entry.result.reset();
            Journal(stage.options.journal).update(entry);
        }
        const auto found = stage.apply(planned);
        CHECK(found.outcome == Outcome::applied);
        CHECK(stage.log().find("a plan now changes nothing") != std::string::npos);
        CHECK(read_file(count) == "x\n");
    }
    SUBCASE("finding out is the same without an entry, and stays unknown where it fails") {
        fs::remove_all(stage.options.journal);
        stage.work.spec.phase = Phase::find_out;
        CHECK(stage.go().outcome == Outcome::applied);
        write_file(stage.root / "source/main.tf", "nonsense");
        stage.work.spec.source = stage.gateway.keep(pack_source(stage.root / "source"));
        const auto failed = stage.go();
        CHECK(failed.outcome == Outcome::unknown);
        CHECK_FALSE(failed.error.empty());
    }
    SUBCASE("an apply whose tool still runs is left alone") {
        auto entry = *Journal(stage.options.journal).find(planned.plan_digest);
        entry.ended_at_ms = 0;
        entry.result.reset();
        entry.pid = ::getpid();
        entry.pid_since = process_since(::getpid());
        Journal(stage.options.journal).update(entry);
        CHECK_THROWS_AS(stage.apply(planned), Failure);
    }
}

TEST_CASE("a lock that a dead apply left is released if the journal holds its id, and only then") {
    auto tool = any_tool();
    if (!tool) return;
    Stage stage(*tool);
    stage.options.sandbox.network = SandboxConfig::Network::shared;
    Command command;
    command.argv = {"python3", "-B",
                    std::string(SLIPWAY_SOURCE_DIR) + "/tests/support/state_server.py"};
    command.environment = {{"PATH", std::getenv("PATH")}};
    auto server = std::make_unique<Companion>(stage.io.get_executor(), command);
    const auto url =
        "http://127.0.0.1:" + std::to_string(std::stoi(run_task(stage.io, server->read(5))));
    const auto locked = [&] {
        Command ask;
        ask.argv = {"curl", "-sf", url + "/lock"};
        ask.environment = command.environment;
        return run_task(stage.io, run(ask)).output;
    };
    const auto body = "terraform {\n  backend \"http\" {\n    address = \"" + url +
                      "/s\"\n    lock_address = \"" + url + "/s\"\n    unlock_address = \"" + url +
                      "/s\"\n  }\n}\n";
    const auto go = stage.root / "state/go";
    const auto planned =
        stage.plan(body + R"(resource "terraform_data" "x" {
          provisioner "local-exec" { command = "until [ -e )" +
                   go.string() + R"( ]; do sleep 0.05; done; kill -9 $PPID; sleep 5" }
        })");
    REQUIRE(planned.outcome == Outcome::planned);
    const auto noted = [&] {
        const auto entry = Journal(stage.options.journal).find(planned.plan_digest);
        return entry ? entry->lock_id : "";
    };
    SUBCASE("it does") {
        std::thread killer([&] {
            const auto end = std::chrono::steady_clock::now() + 50s;
            while (noted().empty() && std::chrono::steady_clock::now() < end) usleep(10'000);
            write_file(go, "");
        });
        CHECK(stage.apply(planned).outcome == Outcome::unknown);
        killer.join();
        REQUIRE_FALSE(noted().empty());
        CHECK(locked().find(noted()) != std::string::npos);
        CHECK(stage.apply(planned).outcome == Outcome::unknown);
        CHECK(stage.log().find("that the apply left on the state was released") !=
              std::string::npos);
        CHECK(locked().empty());
    }
    SUBCASE("it does not") {
        write_file(go, "");
        CHECK(stage.apply(planned).outcome == Outcome::unknown);
        CHECK(noted().empty());
        CHECK(stage.apply(planned).outcome == Outcome::unknown);
        CHECK_FALSE(locked().empty());
    }
}

TEST_CASE("an apply that the journal cannot take does not start") {
    auto tool = any_tool();
    if (!tool) return;
    Stage stage(*tool);
    const auto planned = stage.plan(stage.backend() + "resource \"terraform_data\" \"a\" {}\n");
    write_file(stage.root / "data/journal", "a file in its place");
    const auto applied = stage.apply(planned);
    CHECK(applied.outcome == Outcome::failed);
    CHECK(applied.error.find("the journal of applies cannot be written") != std::string::npos);
    CHECK_FALSE(fs::exists(stage.root / "state/s.tfstate"));
}

TEST_CASE("a worker takes work, keeps its lease, reports and ends when asked") {
    auto tool = any_tool();
    if (!tool) return;
    Stage stage(*tool);
    stage.source({{"main.tf", stage.backend() + "resource \"terraform_data\" \"a\" {}\n"}});
    stage.options.slots = 2;
    for (int i = 0; i < 3; ++i) {
        auto work = stage.work;
        work.spec.run = RunId("run-" + std::to_string(i));
        work.lease.job = jobs::perform({work.spec.run, Phase::plan}).id;
        work.spec.signature = spec_signature(work.spec, stage.options.spec_key);
        stage.gateway.waiting.push_back(work);
    }
    write_file(stage.options.scratch / "left-behind/file", "by a worker that was killed");
    stage.options.tools = stage.root / "tools";  // which a worker empties when it starts
    auto worker = std::make_unique<Worker>(stage.gateway, stage.options, stage.clock);
    CHECK_FALSE(fs::exists(stage.options.scratch / "left-behind"));
    auto reported = [&] {
        std::lock_guard lock(stage.gateway.mutex);
        return stage.gateway.reported.size();
    };
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (reported() < 3 && std::chrono::steady_clock::now() < end) usleep(5'000);
    REQUIRE(reported() == 3);
    for (const auto& one : stage.gateway.reported) {
        CAPTURE(one.result.error);
        CHECK(one.result.outcome == Outcome::planned);
        CHECK(one.lease.fence == 7);
    }
    worker->drain();
    run_task(stage.io, worker->join());
    worker.reset();
    CHECK(fs::is_empty(stage.options.scratch));
}

// A worker at a piece of work whose tool says "started" and goes on until `go` is there.
struct AtWork {
    Stage stage;
    std::unique_ptr<Worker> worker;
    std::atomic<bool> started{false};

    explicit AtWork(const InstalledTool& tool, std::chrono::milliseconds lease = 30s)
        : stage(tool) {
        stage.options.lease = lease;
        stage.options.tools = stage.root / "tools";  // which a worker empties when it starts
    }
    void start() {
        stage.gateway.on_log = [this] {
            std::lock_guard lock(stage.gateway.mutex);
            started = stage.log().find("started") != std::string::npos;
        };
        stage.work.spec.signature = spec_signature(stage.work.spec, stage.options.spec_key);
        stage.gateway.waiting.push_back(stage.work);
        worker = std::make_unique<Worker>(stage.gateway, stage.options, stage.clock);
        const auto end = std::chrono::steady_clock::now() + 60s;
        while (!started && std::chrono::steady_clock::now() < end) usleep(1'000);
        REQUIRE(started);
    }
};

TEST_CASE("a worker that is drained gives its plan back, to be made again from the beginning") {
    StandIn stand_in("echo started >&2; exec sleep 100", "true");
    AtWork at(stand_in.tool);
    auto& stage = at.stage;
    stage.work.spec.version = "99.1.0";
    stage.work.lease = {JobId("perform/run-1/plan"), 7};
    stage.source({{"main.tf", ""}});
    at.start();
    at.worker->drain();
    run_task(stage.io, at.worker->join());
    at.worker.reset();
    CHECK(stage.gateway.reported.empty());
    REQUIRE(stage.gateway.given_back.size() == 1);
    CHECK(stage.gateway.given_back[0] == stage.work.lease);
}

TEST_CASE("work that ends while its lease is being renewed leaves its slot") {
    StandIn stand_in("echo started >&2; sleep 0.2; exit 1", "true");
    AtWork at(stand_in.tool, 60ms);
    auto& stage = at.stage;
    stage.work.spec.version = "99.1.0";
    stage.source({{"main.tf", ""}});
    stage.gateway.holds_renewals = true;
    at.start();
    const auto reported = [&] {
        std::lock_guard lock(stage.gateway.mutex);
        return stage.gateway.reported.size();
    };
    while (stage.gateway.renewals == 0 || reported() == 0) usleep(1'000);
    // The renewal is answered once the slot waits for it, or before: both must end.
    stage.gateway.holds_renewals = false;
    at.worker->drain();
    run_task(stage.io, at.worker->join(), 20s);
    at.worker.reset();
    CHECK(stage.gateway.renewals == 1);
}

TEST_CASE(
    "an apply that began goes on when its lease is lost or the worker drains, and its end is asked "
    "for") {
    auto tool = any_tool();
    if (!tool) return;
    AtWork at(*tool, 900ms);
    auto& stage = at.stage;
    stage.work.lease = {JobId("perform/run-1/apply"), 7};
    const auto go = stage.root / "state/go";
    const auto planned = stage.plan(stage.backend() + R"(
        resource "terraform_data" "slow" {
          input = "x"
          provisioner "local-exec" { command = "echo started; until [ -e )" +
                                    go.string() + R"( ]; do sleep 0.05; done" }
        })");
    REQUIRE(planned.outcome == Outcome::planned);
    stage.work.spec.phase = Phase::apply;
    stage.work.spec.plan_file = planned.plan_file;
    stage.work.spec.plan_digest = planned.plan_digest;
    stage.work.spec.planned_inputs = planned.inputs;
    at.start();
    CHECK(at.worker->applying() == std::vector<RunId>{RunId("run-1")});
    stage.gateway.renewal = Renewed::lost;
    stage.gateway.takes_reports = false;
    const int before = stage.gateway.renewals;
    const auto is_reported = [&] {
        std::lock_guard lock(stage.gateway.mutex);
        return !stage.gateway.reported.empty();
    };
    // With the second it has heard the first.
    while (stage.gateway.renewals < before + 2 && !is_reported()) usleep(1'000);
    at.worker->drain();
    write_file(go, "");
    run_task(stage.io, at.worker->join(), 60s);
    at.worker.reset();
    REQUIRE(stage.gateway.reported.size() == 1);
    CHECK(stage.gateway.reported[0].result.outcome == Outcome::applied);
    CHECK(stage.log().find("nterrupt") == std::string::npos);  // which the tool would say of a stop
    CHECK(stage.gateway.ends_asked == std::vector<RunId>{RunId("run-1")});
    CHECK(stage.gateway.given_back.empty());
    const auto entry = Journal(stage.options.journal).find(planned.plan_digest);
    REQUIRE((entry && entry->result));
    CHECK(entry->result->outcome == Outcome::applied);
}

}  // namespace
}  // namespace slipway
