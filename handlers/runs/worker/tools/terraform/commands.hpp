// Terraform and OpenTofu: what to call, and how to read what they print beside the plan.
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "handlers/runs/worker/tools/tool_driver.hpp"
#include "service/base/json.hpp"

namespace slipway::terraform {

inline constexpr std::string_view lock_file_name = ".terraform.lock.hcl";

Arguments init(bool has_lock_file);
Arguments select_workspace(const std::string& name);
// What a plan is for: what the source asks for, the end of all that is managed, or what differs
// between the state and what is there.
enum class PlanAim { change, destroy, drift };
// Without the state's lock: a plan changes no state and must block nobody.
Arguments plan(const std::string& out, PlanAim aim);
Arguments show(const std::string& plan_file);
Arguments apply(const std::string& plan_file);
Arguments output();
Arguments force_unlock(const std::string& lock_id);
// Changes nothing, but wants the state's lock first: who holds it is told in the error.
Arguments want_lock();
// The id of the lock that somebody else holds, as the error of a refused command tells it; "": it
// does not.
std::string lock_id(std::string_view error_output);
// Whether the refused command had the lock.
bool lock_is_free(std::string_view error_output);
// Output of an apply that has begun to change something.
bool tells_of_change(std::string_view output);
// The resource of a line such as "aws_x.y: Creation complete after 2s [id=…]".
std::optional<DoneResource> done(std::string_view line);

struct ProviderMirror {
    std::string path;
    std::vector<std::string> addresses;  // of the providers that it holds
};
// Where the tool finds its things; `data` as seen inside. Its CLI configuration is the command's
// held input: Terraform and OpenTofu read it before they look at anything else.
std::map<std::string, std::string> variables(const std::filesystem::path& data);

// Its configuration file: no phoning home, and where providers come from: what a mirror holds from
// there, everything else from its registry, nothing from the repository or from directories that
// the tool would look into by itself (rule R3).
std::string cli_configuration(const std::vector<ProviderMirror>& mirrors);

// The first error that it printed, without frame and banner, at most `lines` lines; how many more
// there are. Where it printed none: the last lines.
std::string first_error(std::string_view error_output, std::size_t lines = 24);

// "null_resource.x: Refreshing state..." of a line of a plan that tells how far it is. nullopt: a
// line that may hold values.
std::optional<std::string> progress(std::string_view line);

// Where the state would be lost with the run's directory, as a sentence; "": it is kept elsewhere.
// `backend`: what init wrote about the backend, a null where there is none.
std::string state_problem(const Json& backend, std::string_view workspace);
// The file, or the workspaces' directory, of a backend that keeps states at an absolute path here;
// "" where it keeps them elsewhere or with the run.
std::string state_path(const Json& backend, std::string_view workspace);

// What `output -json` says.
ToolOutputs read_outputs(const Json& outputs);

}  // namespace slipway::terraform
