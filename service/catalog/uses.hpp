// What a stack's directory uses outside itself: local modules (transitively) and literal paths in
// expressions, found by slipway-hcl, a small Go program around HashiCorp's own reader; remembered
// by git tree id. What it cannot know is `unknown`, which means: the whole tree.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "service/base/task.hpp"
#include "service/git/mirror.hpp"
#include "service/model/concerned.hpp"

namespace slipway {

// Where the reader found resources declared: address without index -> file and line.
struct Declarations {
    std::vector<std::pair<std::string, Place>> resources;
};

struct DirectoryFacts {
    Uses uses;
    Declarations declarations;
    // Of the terraform blocks, constraint syntax; "": none. A file x.tofu stands in the place of
    // x.tf for OpenTofu and does not exist for Terraform.
    std::map<std::string, std::string> required;  // by the tool's word
    std::string required_version(ToolKind tool) const {
        const auto at = required.find(std::string(word(tool)));
        return at == required.end() ? "" : at->second;
    }
    std::vector<std::string> providers;  // sources, as written ("hashicorp/null"), of the directory
                                         // and its local modules
    std::string why_unknown;             // what could not be followed, for people
};

class UsesReader {
  public:
    UsesReader(asio::any_io_executor executor, Pool& pool);
    ~UsesReader();
    // Many directories at once, in their order. A directory that does not exist uses nothing.
    Task<std::vector<DirectoryFacts>> read(std::shared_ptr<Repository> repository, TreeId tree,
                                           std::vector<std::string> directories);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace slipway
