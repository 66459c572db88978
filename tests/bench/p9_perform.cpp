// P9, the worker's part: perform() of a plan (source blob to documents, in the sandbox) against the
// same by hand: unpack, init, plan to a file, show as JSON, without a sandbox. For one resource and
// for a thousand.
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "handlers/runs/gateway/source.hpp"
#include "handlers/runs/worker/perform.hpp"
#include "handlers/runs/worker/tools/terraform/installed.hpp"
#include "service/process/sandbox.hpp"
#include "tests/bench/rounds.hpp"
#include "tests/support/memory_gateway.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/scratch.hpp"

using namespace slipway;
namespace fs = std::filesystem;

namespace {

std::string stack_of(int resources) {
    std::string out;
    for (int i = 0; i < resources; ++i)
        out += "resource \"terraform_data\" \"r" + std::to_string(i) +
               "\" {\n  input = { name = \"n" + std::to_string(i) +
               "\", size = " + std::to_string(i) + " }\n}\n";
    return out;
}

void must(bool holds, const std::string& what) {
    if (holds) return;
    std::fprintf(stderr, "%s\n", what.c_str());
    std::exit(2);
}

double ratio_for(const InstalledTool& tool, SandboxConfig::Network network, int resources,
                 int rounds) {
    Scratch scratch;
    fs::create_directories(scratch.path / "source");
    std::ofstream(scratch.path / "source/main.tf") << stack_of(resources);
    MemoryGateway gateway;
    Work work;
    work.spec.run = RunId("bench");
    work.lease = {JobId("perform/bench/plan"), 1};
    work.spec.tool = tool.kind;
    const auto tar = gathered(pack_source(scratch.path / "source"));
    std::ofstream(scratch.path / "source.tar", std::ios::binary) << tar;
    work.spec.source = gateway.keep(tar);
    WorkerOptions options;
    options.scratch = scratch.path / "runs";
    options.digest_key = Secret("key");
    options.tools = scratch.path / "tools";
    options.sandbox.network = network;
    SystemClock clock;
    asio::io_context io;

    auto ours = [&] {
        auto result = run_task(io, perform(gateway, work, options, clock, StopSwitch()),
                               std::chrono::seconds(300));
        must(result.outcome == PhaseResult::Outcome::planned, result.error);
    };
    const auto program = tool.program.string();
    const auto by_hand = "rm -rf " + (scratch.path / "hand").string() + " && mkdir " +
                         (scratch.path / "hand").string() + " && cd " +
                         (scratch.path / "hand").string() + " && tar -xf ../source.tar && " +
                         program + " init -input=false -no-color >/dev/null && " + program +
                         " plan -input=false -no-color -out=p >/dev/null && " + program +
                         " show -json p >shown";
    auto hand = [&] { must(std::system(by_hand.c_str()) == 0, "by hand it failed"); };
    const auto measured = bench::in_turn(rounds, ours, hand);
    std::printf("%4d resources: %.0f ms, by hand %.0f ms\n", resources, measured.measured * 1000,
                measured.yardstick * 1000);
    return measured.ratio();
}

}  // namespace

int main() {
    std::signal(SIGPIPE, SIG_IGN);
    ::setenv("CHECKPOINT_DISABLE", "1", 1);
    ::setenv("TF_CLI_CONFIG_FILE", "/dev/null", 1);
    asio::io_context io;
    const auto installed = run_task(io, installed_tools());
    must(!installed.empty(), "neither terraform nor tofu is on PATH");
    const auto network = run_task(io, probe_sandbox(SandboxConfig{})).network;
    const double small = ratio_for(installed.front(), network, 1, 9);
    const double large = ratio_for(installed.front(), network, 1000, 5);
    const int first = bench::verdict("P9 one resource", small, 1.25);
    const int second = bench::verdict("P9 a thousand resources", large, 1.05);
    return first | second;
}
