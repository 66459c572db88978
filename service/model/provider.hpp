// Providers by their addresses, HOST/NAMESPACE/TYPE, as directories and lock files name them.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "service/model/stack.hpp"

namespace slipway {

// A source as a configuration or a person writes it: "null", "hashicorp/null",
// "host/hashicorp/null". The tool says whose registry is meant where none is named. "": it is not a
// provider's name.
std::string provider_address(std::string_view source, ToolKind tool);
// Whether it is a source, whichever tool is meant.
bool is_provider_source(std::string_view source);
// Whether it is an address, in full.
bool is_provider_address(std::string_view address);
// Part of the tool itself.
bool is_builtin_provider(std::string_view address);

struct LockedProvider {
    std::string address;
    std::string version;
    std::vector<std::string> hashes;  // "h1:…", "zh:…"
    bool operator==(const LockedProvider&) const = default;
};
// Of a lock file as the tools write it, line by line; what is written otherwise is not seen.
std::vector<LockedProvider> locked_providers(std::string_view lock_file);

// What a stack's providers are compared with. A record, kept under providers_key().
struct ProviderBasis {
    // Of the tracked branch: the newest one whose plan ran no unknown provider; at first the base
    // of the stack's first run. Not the branch's tip: a merge past the check must not make known
    // what it brought along.
    CommitSha commit;
    std::vector<std::string> used;     // addresses, by the plan of that commit
    std::vector<std::string> allowed;  // sources that an administrator allowed for the stack
    bool operator==(const ProviderBasis&) const = default;
    static void fields(auto& self, auto&& f) {
        f("commit", self.commit);
        f("used", self.used);
        f("allowed", self.allowed);
    }
};

}  // namespace slipway
