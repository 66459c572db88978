// What the files that read an atlantis.yaml share.
#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "service/catalog/atlantis.hpp"
#include "service/catalog/detail/reading.hpp"

namespace slipway::catalog {

// Everything that is said of the file, as it is read.
struct AtlantisReading {
    const AtlantisSource& source;
    Findings& findings;
    AtlantisNotes notes = {};
    const Yaml* workflows = nullptr;
    std::set<std::string> told = {};  // notes that hold for the whole file, each once

    bool may_set(std::string_view key) const;
    // A finding where the organisation does not let the repository set what the key is here.
    void check_allowed(const Yaml& node, std::string_view key, std::string_view ours);
    void differs(const Place& place, std::string message);
    void differs_once(const Place& place, const std::string& message);
    void ignores(const Place& place, std::string message);
};

struct AtlantisProject {
    ReadStack read;
    int order_group = 0;
    Place order_place;
};

// One entry of `projects`: a stack, none where it does not go into the default branch, or several
// where its `dir` is a pattern.
std::vector<AtlantisProject> read_atlantis_project(const Yaml& node, AtlantisReading& reading);
// One that discovery found.
AtlantisProject discovered_project(const std::string& directory, const Place& place,
                                   AtlantisReading& reading);
// OpenTofu where the stack's directory has files that it alone reads.
void take_tofu(Stack& stack, AtlantisReading& reading);
// What every project begins with.
Stack atlantis_prototype(const AtlantisReading& reading);

// What the project's workflow adds to it; where it holds more than init, plan and apply, the stack
// is only observed.
void read_atlantis_workflow(const std::string& name, const Place& place, Stack& stack,
                            AtlantisReading& reading);

// A pattern of .dockerignore, seen from `directory`, as one or more of ours from the root with the
// same `!`; empty: it leaves the repository.
std::vector<std::string> patterns_from_root(std::string_view directory, std::string_view pattern);

// Whether a branch is one that the expression between the slashes means; nullopt: it is more than
// names, `.*`, `|`, `^` and `$`.
std::optional<bool> branch_matches(std::string_view expression, std::string_view branch);

}  // namespace slipway::catalog
