#include "handlers/runs/worker/tools/terraform/commands.hpp"

#include <doctest/doctest.h>

#include "handlers/runs/worker/tools/terraform/installed.hpp"

namespace slipway {
namespace {

TEST_CASE("the first error is told without frame, banner and repetition") {
    CHECK(terraform::first_error("╷\n│ Error: Missing name\n│ \n│   on main.tf line 1:\n│    1: "
                                 "x\n│ \n│ Say a name.\n╵\n") ==
          "Missing name\n\n  on main.tf line 1:\n   1: x\n\nSay a name.");
    CHECK(terraform::first_error(
              "╷\n│ Warning: old\n│ text\n╵\n\nError: first\n\n\n\nmore\n\nError: second\n") ==
          "first\n\nmore\n(1 more error)");
    CHECK(terraform::first_error(
              "Error: Terraform encountered problems during initialisation, including\n"
              "Error: real\nError: real\n") == "real");
    CHECK(terraform::first_error("panic: no error\n\nlast line\n") == "panic: no error\nlast line");
    CHECK(terraform::first_error("") == "");
    std::string many = "Error: long\n";
    for (int i = 0; i < 100; ++i) many += "line\n";
    CHECK(terraform::first_error(many, 3) == "long\nline\nline\n…");
}

TEST_CASE(
    "the lock that another process holds is told in the error, by each backend in its own way") {
    CHECK(
        terraform::lock_id(
            "╷\n│ Error: Error acquiring the state lock\n│ \n│ Error message: x\n│ Lock Info:\n"
            "│   ID:        1f-2 \n│   Path:      s3/x\n│   Operation: OperationTypeApply\n╵\n") ==
        "1f-2");
    CHECK(
        terraform::lock_id(
            "Error message: HTTP remote state already locked:\nID=a0-b1\nLock Info:\n  ID:  d6-88\n"
            "  Operation: untaint\n") == "a0-b1");
    CHECK(terraform::lock_id("Lock Info:\n  ID:  d6-88\n  Operation: OperationTypePlan\n") == "");
    CHECK(terraform::lock_id("Error: No such resource instance\n") == "");
    CHECK(terraform::tells_of_change("aws_x.y: Creating...\n"));
    CHECK_FALSE(
        terraform::tells_of_change("Acquiring state lock. This may take a few moments...\n"));
}

TEST_CASE("lines that tell how far a plan is carry no values") {
    CHECK(terraform::progress("aws_x.y[\"a\"]: Refreshing state... [id=secret]").value() ==
          "aws_x.y[\"a\"]: Refreshing state...");
    CHECK(terraform::progress("data.aws_x.y: Read complete after 1s [id=x]").value() ==
          "data.aws_x.y: Read complete");
    CHECK_FALSE(terraform::progress("  ~ output = \"secret\" -> (known after apply)"));
    CHECK_FALSE(terraform::progress(""));
}

TEST_CASE("a state that would be lost with the run is noticed") {
    auto trouble = [](const char* backend, const char* workspace = "default") {
        return !terraform::state_problem(*parse_json(backend), workspace).empty();
    };
    CHECK(trouble("null"));
    CHECK(trouble(R"({"backend":{"type":"local","config":{"path":null}}})"));
    CHECK(trouble(R"({"backend":{"type":"local","config":{"path":"x.tfstate"}}})"));
    CHECK(trouble(R"({"backend":{"type":"local","config":{"path":"/workspace/x"}}})"));
    CHECK(trouble(R"({"backend":{"type":"local","config":{"path":"/state/x"}}})", "blue"));
    CHECK_FALSE(trouble(R"({"backend":{"type":"local","config":{"path":"/state/x"}}})"));
    CHECK_FALSE(
        trouble(R"({"backend":{"type":"local","config":{"workspace_dir":"/state"}}})", "blue"));
    CHECK_FALSE(trouble(R"({"backend":{"type":"s3","config":{}}})"));
}

TEST_CASE("a tool is chosen among what is installed, the newest that fits") {
    const std::vector<InstalledTool> installed{
        {ToolKind::terraform, "/a/terraform", *parse_version("1.5.7")},
        {ToolKind::terraform, "/b/terraform", *parse_version("1.11.4")},
        {ToolKind::opentofu, "/c/tofu", *parse_version("1.12.6")}};
    CHECK(choose_tool(ToolKind::terraform, "", installed)->program == "/b/terraform");
    CHECK(choose_tool(ToolKind::terraform, "~> 1.5.0", installed)->program == "/a/terraform");
    CHECK(choose_tool(ToolKind::opentofu, ">= 1.6", installed)->program == "/c/tofu");
    const auto none = choose_tool(ToolKind::opentofu, "~> 1.10.0", installed);
    REQUIRE_FALSE(none);
    CHECK(none.error().message ==
          "the stack wants OpenTofu ~> 1.10.0, but installed on the worker: Terraform 1.5.7 "
          "(/a/terraform), Terraform 1.11.4 (/b/terraform), OpenTofu 1.12.6 (/c/tofu)");
    const std::vector<InstalledTool> unreleased{
        {ToolKind::opentofu, "/d/tofu", *parse_version("1.13.0-dev")},
        {ToolKind::terraform, "/a/terraform", *parse_version("1.5.7")},
        {ToolKind::terraform, "/e/terraform", *parse_version("1.12.0-rc1")}};
    CHECK(choose_tool(ToolKind::opentofu, "", unreleased)->program == "/d/tofu");
    CHECK(choose_tool(ToolKind::opentofu, "1.13.0-dev", unreleased)->program == "/d/tofu");
    CHECK_FALSE(choose_tool(ToolKind::opentofu, ">= 1.6", unreleased));
    CHECK(choose_tool(ToolKind::terraform, "", unreleased)->program == "/a/terraform");
    CHECK(choose_tool(ToolKind::opentofu, "", {}).error().message ==
          "the stack wants OpenTofu, but installed on the worker: none is");
}

TEST_CASE("a line of an apply tells that one resource is done, and other lines do not") {
    const auto text = [](std::string_view line) {
        const auto done = terraform::done(line);
        return done ? done->address + (done->destroyed ? " destroyed" : " made") : std::string();
    };
    CHECK(text("aws_x.y: Creation complete after 2s [id=1]") == "aws_x.y made");
    CHECK(text("m.a[\"b: c\"].d: Modifications complete after 0s [id=1]") ==
          "m.a[\"b: c\"].d made");
    CHECK(text("aws_x.y: Destruction complete after 0s") == "aws_x.y destroyed");
    CHECK(text("aws_x.y (deposed object 1a): Destruction complete after 0s") ==
          "aws_x.y (deposed 1a) destroyed");
    CHECK(text("aws_x.y: Creating...").empty());
    CHECK(text("aws_x.y: Still creating... [10s elapsed]").empty());
}

TEST_CASE("a command that was refused for another reason had the lock, or it is not known") {
    CHECK(terraform::lock_is_free("│ Error: No such resource instance\n│\n"));
    CHECK_FALSE(terraform::lock_is_free("│ Error: Error acquiring the state lock\n"));
    CHECK_FALSE(terraform::lock_is_free("│ Error: Error loading the state: no route to host\n"));
}

TEST_CASE("commands are argument vectors, and what may be shown of outputs is what nobody hides") {
    CHECK(terraform::init(true).back() == "-lockfile=readonly");
    CHECK(terraform::init(false).back() == "-no-color");
    CHECK(terraform::plan("/workspace/out/plan", terraform::PlanAim::destroy).back() == "-destroy");
    CHECK(terraform::plan("/workspace/out/plan", terraform::PlanAim::drift).back() ==
          "-refresh-only");
    CHECK(terraform::cli_configuration({}) ==
          "disable_checkpoint = true\nprovider_installation {\n  direct {\n  }\n}\n");
    const terraform::ProviderMirror mirror{"/m \"x\"", {"registry.terraform.io/acme/dns"}};
    CHECK(terraform::cli_configuration({mirror, {"/empty", {}}}) ==
          R"(disable_checkpoint = true
provider_installation {
  filesystem_mirror {
    path    = "/m \"x\""
    include = ["registry.terraform.io/acme/dns"]
  }
  direct {
    exclude = ["registry.terraform.io/acme/dns"]
  }
}
)");
    const auto outputs = *parse_json(
        R"({"a":{"sensitive":false,"value":[1]},"b":{"sensitive":true,"value":2},"c":{"value":3},
            "db_password":{"sensitive":false,"value":"x"}})");
    const auto read = terraform::read_outputs(outputs);
    CHECK(read.values.dump() == R"({"a":[1]})");
    CHECK(read.sensitive == std::vector<std::string>{"b", "c", "db_password"});
}

}  // namespace
}  // namespace slipway
