// Addresses of resources: module.net["a.b"].aws_instance.web[0], taken apart. A key may hold dots
// and brackets, which part nothing.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace slipway::cost {

struct ModuleStep {
    std::string name;
    std::string key;  // "[0]", "[\"a.b\"]", or empty

    bool operator==(const ModuleStep&) const = default;
};

using ModulePath = std::vector<ModuleStep>;

struct Address {
    ModulePath modules;
    bool is_data = false;
    std::string type, name, key;
};

// The dotted parts, each with its key: {"module", "net[\"a.b\"]", "aws_instance", "web[0]"}.
std::vector<std::string> dotted_parts(std::string_view address);
Address parse_address(std::string_view address);
// "net.db": what a module is called in the configuration, which knows no keys.
std::string names_of(const ModulePath& modules);
// "web[0]" → "web" and "[0]".
ModuleStep step_of(std::string_view part);

}  // namespace slipway::cost
