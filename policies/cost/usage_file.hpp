// How much of what is metered is used: the usage file, in the shape that Infracost's has. It says
// per type, per pattern of addresses and per address; the closer one wins, key by key.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "service/base/json.hpp"
#include "service/base/result.hpp"
#include "service/base/yaml_reader.hpp"

namespace slipway::cost {

class UsageFile {
  public:
    UsageFile() = default;
    // The error names file, line and column of each mistake, one a line.
    static Result<UsageFile> read(std::string_view text, const std::string& file);
    static UsageFile read(std::string_view text, const std::string& file, Findings& findings);

    // Everything that holds for a resource, as a map; a null where nothing does.
    Json of(const std::string& type, const std::string& address) const;
    // Of resource_usage, in the order of the file; patterns among them.
    std::vector<std::string> addresses() const;
    // What `more` says goes before what this says.
    void add(const UsageFile& more);
    bool empty() const { return types_.empty() && addresses_.empty(); }
    // Those of resource_usage that name no resource of `addresses`.
    std::vector<std::string> unused(const std::vector<std::string>& addresses) const;

  private:
    std::vector<std::pair<std::string, Json>> types_, addresses_;  // in the order of the file
};

// Whether the pattern, in which [*] is any key, is of this address.
bool usage_pattern_matches(std::string_view pattern, std::string_view address);

}  // namespace slipway::cost
