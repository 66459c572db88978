// Workflows of an atlantis.yaml. What init and plan are given more is passed on where it is one of
// a few harmless options; any other step would be a command of somebody's, and none is ever run.
#include <algorithm>
#include <array>
#include <optional>

#include "service/catalog/detail/atlantis.hpp"

namespace slipway::catalog {

namespace {

// Options that say what to plan with, and not what becomes of the plan.
constexpr std::array init_options{"-backend-config"};
constexpr std::array plan_options{"-var",     "-var-file",     "-parallelism",
                                  "-refresh", "-lock-timeout", "-compact-warnings"};
// What Slipway sets itself, or what makes no difference here.
constexpr std::array without_effect{"-input", "-no-color", "-reconfigure",
                                    "-lock",  "-get",      "-upgrade"};
constexpr std::array takes_value{"-backend-config", "-var", "-var-file", "-parallelism",
                                 "-lock-timeout"};

template <class List>
bool contains(const List& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

// $WORKSPACE and the like, as Atlantis fills them in; nullopt: there is one that is not known here.
std::optional<std::string> filled_in(std::string_view text, const Stack& stack) {
    const auto prefix = stack.repository.text() + "/";
    const std::array<std::pair<std::string_view, std::string>, 3> known{{
        {"WORKSPACE", stack.workspace},
        {"REPO_REL_DIR", stack.directory},
        {"PROJECT_NAME", stack.id.value.substr(prefix.size())},
    }};
    std::string out;
    while (!text.empty()) {
        if (text[0] != '$') {
            out += text[0];
            text.remove_prefix(1);
            continue;
        }
        text.remove_prefix(1);
        const bool braces = text.starts_with('{');
        if (braces) text.remove_prefix(1);
        const auto length =
            std::min(text.find_first_not_of(
                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz0123456789"),
                     text.size());
        const auto name = text.substr(0, length);
        text.remove_prefix(length);
        if (braces && !text.starts_with('}')) return std::nullopt;
        if (braces) text.remove_prefix(1);
        const auto at = std::find_if(known.begin(), known.end(),
                                     [&](const auto& one) { return one.first == name; });
        if (at == known.end()) return std::nullopt;
        out += at->second;
    }
    return out;
}

class WorkflowReader {
  public:
    WorkflowReader(Stack& stack, AtlantisReading& reading) : stack_(stack), reading_(reading) {}

    // What is not understood of it, as half a sentence, with its place; "": all is.
    std::string trouble;
    Place place;

    void read(const Yaml& workflow) {
        MapReader reader(workflow, "a workflow", reading_.findings);
        read_stage(reader.find("plan"), "plan");
        read_stage(reader.find("apply"), "apply");
        if (const Yaml* node = reader.find("policy_check"))
            reading_.ignores(node->place, "`policy_check` of a workflow: policies are Slipway's");
        for (const char* key : {"import", "state_rm"})
            if (const Yaml* node = reader.find(key))
                reading_.ignores(node->place, "`" + std::string(key) +
                                                  "` of a workflow: there is no such command");
    }

  private:
    void fail(const Place& where, std::string why) {
        if (trouble.empty()) trouble = std::move(why), place = where;
    }

    void read_stage(const Yaml* stage, std::string_view name) {
        if (!stage) return;
        MapReader reader(*stage, "`" + std::string(name) + "` of a workflow", reading_.findings);
        const Yaml* steps = reader.find("steps");
        if (!steps) return;
        if (steps->kind != Yaml::Kind::list) return reader.report("steps", "is a list of steps");
        bool does_it = false;
        for (const auto& step : steps->list) does_it = read_step(step, name) || does_it;
        if (!does_it)
            fail(steps->place, "its `" + std::string(name) + "` has no step " + std::string(name));
    }

    // Whether it is the step that the stage is for.
    bool read_step(const Yaml& step, std::string_view stage) {
        const bool is_map = step.kind == Yaml::Kind::map && step.map.size() == 1;
        const std::string name = is_map ? step.map.front().key : step.scalar;
        if (!is_map && step.kind != Yaml::Kind::scalar) {
            reading_.findings.add(step.place, "a step is a word, or a map with one key");
        } else if (name == "env") {
            fail(step.place, "it sets environment variables by `env`");
        } else if (name == "run" || name == "multienv") {
            fail(step.place, "it has a `" + name + "` step");
        } else if (name != "init" && name != stage) {
            fail(step.place, "it has a step that Slipway does not know");
        } else if (is_map) {
            read_arguments(step.map.front().value, name);
        }
        return name == stage;
    }

    void read_arguments(const Yaml& node, const std::string& step) {
        MapReader reader(node, "the step " + step, reading_.findings);
        auto arguments = reader.texts("extra_args");
        if (arguments.empty()) return;
        reading_.check_allowed(node, "extra_args", "variables");
        const auto where = reader.place_of("extra_args");
        for (std::size_t i = 0; i < arguments.size(); ++i) {
            auto text = arguments[i];
            const auto option = std::string(dashes(text.substr(0, text.find('='))));
            const bool joined = text.find('=') != text.npos;
            if (option == "-upgrade")
                reading_.differs_once(where,
                                      "`-upgrade` of init is not passed on: the lock file says "
                                      "which providers run");
            if (contains(without_effect, option)) {
                if (option == "-lock" && !joined && i + 1 < arguments.size()) ++i;
                continue;
            }
            const bool known = step == "init"   ? contains(init_options, option)
                               : step == "plan" ? contains(plan_options, option)
                                                : option == "-parallelism";
            if (!known) return fail(where, "it gives " + step + " `" + printable(option) + "`");
            std::string whole = option + (joined ? text.substr(text.find('=')) : "");
            if (!joined && contains(takes_value, option)) {
                if (++i == arguments.size())
                    return fail(where, "it gives " + step + " `" + option + "` without a value");
                whole += "=" + arguments[i];
            }
            if (step == "apply") continue;  // how many at once is the worker's to say
            auto filled = filled_in(whole, stack_);
            if (!filled) return fail(where, "it uses a variable of Atlantis's in `" + option + "`");
            (step == "init" ? stack_.init_arguments : stack_.plan_arguments)
                .push_back(std::move(*filled));
        }
    }

    // "--var" is "-var".
    static std::string_view dashes(std::string_view option) {
        return option.starts_with("--") ? option.substr(1) : option;
    }
    static std::string printable(const std::string& text) {
        const bool is_option = !text.empty() && text.size() < 40 &&
                               text.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == text.npos;
        return is_option ? text : "something else";
    }

    Stack& stack_;
    AtlantisReading& reading_;
};

}  // namespace

void read_atlantis_workflow(const std::string& name, const Place& place, Stack& stack,
                            AtlantisReading& reading) {
    const Yaml* workflow = reading.workflows ? reading.workflows->find(name) : nullptr;
    if (!workflow && name == "default") return;
    std::string trouble = "the file does not say what it is";
    auto where = place;
    if (workflow) {
        WorkflowReader reader(stack, reading);
        reader.read(*workflow);
        trouble = reader.trouble;
        if (!trouble.empty()) where = reader.place;
    }
    if (trouble.empty()) return;
    stack.mode = Mode::observe;
    stack.init_arguments.clear();
    stack.plan_arguments.clear();
    const auto prefix = stack.repository.text() + "/";
    reading.differs(where, "stack " + stack.id.value.substr(prefix.size()) +
                               " is planned by a plain init and plan, and never applied: its "
                               "workflow " +
                               name + " is not understood, for " + trouble +
                               "; describe the stack in .slipway.yaml to apply it");
}

}  // namespace slipway::catalog
