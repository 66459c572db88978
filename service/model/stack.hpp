// A stack: repository + branch + directory + tool + settings; the unit that is planned and applied.
#pragma once
#include <compare>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "service/model/id.hpp"
#include "service/model/repository.hpp"
#include "service/model/tool.hpp"
#include "service/model/words.hpp"

namespace slipway {

enum class ApplyWhen { on_merge, before_merge, never };
BOOST_DESCRIBE_ENUM(ApplyWhen, on_merge, before_merge, never)
enum class ApplyStart { automatic, confirmed };
BOOST_DESCRIBE_ENUM(ApplyStart, automatic, confirmed)

enum class Mode { apply, observe };
BOOST_DESCRIBE_ENUM(Mode, apply, observe)

// When a pull request that concerns the stack has it planned.
enum class PlanWhen { changed, asked };
BOOST_DESCRIBE_ENUM(PlanWhen, changed, asked)

// What becomes of what a stack manages when its file, its key or its directory goes away.
enum class OnDelete { forbid, orphan, destroy };
BOOST_DESCRIBE_ENUM(OnDelete, forbid, orphan, destroy)

enum class VariablePhase { plan, apply, both };
BOOST_DESCRIBE_ENUM(VariablePhase, plan, apply, both)

struct Variable {
    enum class Source { literal, worker_environment, worker_file };
    friend constexpr std::array<std::string_view, 3> words_of(Source) {
        return {"literal", "env", "file"};
    }
    std::string value;  // the text, or the name of what the worker resolves (rule C5)
    Source source = Source::literal;
    VariablePhase phase =
        VariablePhase::both;  // a worker's secret is for applies unless it says otherwise

    bool operator==(const Variable&) const = default;
    static void fields(auto& self, auto&& f) {
        f("value", self.value);
        f("source", self.source);
        f("phase", self.phase);
    }
};

// Where a text of configuration stands, for messages; line and column count from 1, 0: unknown.
struct Place {
    std::string file;
    int line = 0;
    int column = 0;

    auto operator<=>(const Place&) const = default;
    static void fields(auto& self, auto&& f) {
        f("file", self.file);
        f("line", self.line);
        f("column", self.column);
    }
};

// What a stack reads of one that it depends on.
struct OutputReference {
    StackId stack;  // the upstream
    std::string output;
    std::string variable;  // the environment variable that holds it
    bool always = false;   // it is planned after the upstream even where this has not changed

    bool operator==(const OutputReference&) const = default;
    static void fields(auto& self, auto&& f) {
        f("stack", self.stack);
        f("output", self.output);
        f("variable", self.variable);
        f("always", self.always);
    }
};

struct Stack {
    // What every change asks of every stack, in one cache line (tests/bench/p14_concerned.cpp).
    std::string directory = ".";  // relative, no ".."; "." is the root
    std::vector<std::string> also_triggered_by;
    // From an atlantis.yaml: the patterns stand in the place of the directory. The last one that
    // matches a file decides, and `!` before it says that the file does not count.
    bool only_triggered_by_these = false;

    StackId id;
    SpaceId space;
    RepositoryName repository;
    std::string branch = "main";
    ToolKind tool = default_tool;
    std::string configured_tool;  // the name of one that workers configure: "custom/NAME"
    std::string version;          // Terraform's constraint syntax; "": whatever is installed
    std::string workspace = "default";
    // Of an atlantis.yaml's workflow, for the tool's init and plan: -var-file=prod.tfvars.
    std::vector<std::string> init_arguments, plan_arguments;
    std::vector<std::string> labels;
    ApplyWhen apply_when = ApplyWhen::on_merge;
    ApplyStart apply_start = ApplyStart::confirmed;
    PlanWhen plan_when = PlanWhen::changed;
    bool needs_approval = false;  // whatever the policies say: a file of Atlantis's asks for one
    std::vector<StackId> depends_on;
    std::vector<OutputReference> references;  // outputs that it reads of those
    std::map<std::string, Variable> variables;
    int plan_limit_minutes = 30;
    int apply_limit_minutes = 120;
    std::string pool = "default";
    Mode mode = Mode::apply;
    OnDelete on_delete = OnDelete::forbid;  // `delete:` in its settings
    bool self_described = false;            // from the repository's own .slipway.yaml (rule C5)
    bool only_in_head = false;              // the tracked branch does not know it yet (rule C1)
    Place place;

    bool operator==(const Stack&) const = default;
    static void fields(auto& self, auto&& f) {
        f("id", self.id);
        f("space", self.space);
        f("repository", self.repository);
        f("branch", self.branch);
        f("directory", self.directory);
        f("tool", self.tool);
        f("configured_tool", self.configured_tool);
        f("version", self.version);
        f("workspace", self.workspace);
        f("init_arguments", self.init_arguments);
        f("plan_arguments", self.plan_arguments);
        f("labels", self.labels);
        f("also_triggered_by", self.also_triggered_by);
        f("only_triggered_by_these", self.only_triggered_by_these);
        f("apply_when", self.apply_when);
        f("apply_start", self.apply_start);
        f("plan_when", self.plan_when);
        f("needs_approval", self.needs_approval);
        f("depends_on", self.depends_on);
        f("references", self.references);
        f("variables", self.variables);
        f("plan_limit_minutes", self.plan_limit_minutes);
        f("apply_limit_minutes", self.apply_limit_minutes);
        f("pool", self.pool);
        f("mode", self.mode);
        f("delete", self.on_delete);
        f("self_described", self.self_described);
        f("only_in_head", self.only_in_head);
        f("place", self.place);
    }
};

}  // namespace slipway
