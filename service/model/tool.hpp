// The tools that stacks are planned and applied with, as the service's side knows them: one line
// each. How a tool is called is its driver's to know (handlers/runs/worker/tools).
#pragma once
#include <array>
#include <string>
#include <string_view>

#include "service/model/words.hpp"

namespace slipway {

enum class ToolKind { terraform, opentofu, custom };
BOOST_DESCRIBE_ENUM(ToolKind, terraform, opentofu, custom)
inline constexpr ToolKind default_tool = ToolKind::opentofu;

struct ToolTraits {
    std::string_view title;      // for people
    std::string_view workflow;   // stack.terraform_workflow_tool of a policy's input
    std::string_view vendor;     // entity_vendor of a change there
    std::string_view registry;   // of providers that are named without a host; "": it has none
    bool reads_hcl = false;      // slipway-hcl knows which files a directory uses
    bool is_priced = false;      // its own plan document says what policies/cost reads
    bool is_configured = false;  // by each worker, under a name that the stack gives
};

constexpr ToolTraits traits_of(ToolKind kind) {
    constexpr std::array<ToolTraits, 3> tools = {{
        {"Terraform", "TERRAFORM_FOSS", "terraform", "registry.terraform.io", true, true, false},
        {"OpenTofu", "OPEN_TOFU", "terraform", "registry.opentofu.org", true, true, false},
        {"custom tool", "CUSTOM", "custom", "", false, false, true},
    }};
    return tools[static_cast<std::size_t>(kind)];
}

// As settings write it: "opentofu", "custom/ansible".
inline std::string tool_text(ToolKind kind, std::string_view configured) {
    std::string out(word(kind));
    if (!configured.empty()) out.append("/").append(configured);
    return out;
}

}  // namespace slipway
