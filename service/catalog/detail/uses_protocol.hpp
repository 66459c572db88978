// The wire to slipway-hcl; service/catalog/hcl/protocol.go says the same on the other side.
//
//   frame    = length (4 bytes, big endian) JSON-text
//   question = frame {"id": n, "directories": {directory: {file name: text}}}
//   answer   = frame {"id": n, "directories": {directory: facts}} or {"id": n, "failure": sentence}
//   facts    = {calls: [{name, source, file, line}], paths: [{base, path, template, strict}],
//               unknown: sentence, resources: [{address, file, line}], required: {terraform,
//               opentofu}, providers: [source]}
//
// A path's base is "module" (the directory itself) or "root" (the directory where the tool runs).
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "service/base/result.hpp"
#include "service/model/stack.hpp"

namespace slipway::catalog {

using DirectoryTexts = std::map<std::string, std::string>;  // file name → text

struct DirectoryReading {
    struct Call {
        std::string name;
        std::string source;
        Place place;  // the file without its directory
    };
    struct NamedPath {
        std::string path;
        bool from_root = false;
        bool is_template = false;
        bool strict = false;
    };
    std::vector<Call> calls;
    std::vector<NamedPath> paths;
    std::vector<std::pair<std::string, Place>> resources;
    std::string unknown;
    std::map<std::string, std::string> required;  // tool → version constraint
    std::vector<std::string> providers;
};

std::string uses_question(std::int64_t id,
                          const std::map<std::string, DirectoryTexts>& directories);
Result<std::map<std::string, DirectoryReading>> uses_answer(std::string_view text, std::int64_t id);

inline constexpr std::size_t uses_answer_limit = 64u << 20;

// What Terraform and OpenTofu read in a directory: .tf, .tf.json, .tofu, .tofu.json, and no
// editor's copies.
bool is_configuration(std::string_view file_name);

// Whether a template calls a function that reads files.
bool template_reads_files(std::string_view text);

// `relative` seen from `directory`, tidy; nullopt where it leaves the repository.
std::optional<std::string> path_from(std::string_view directory, std::string_view relative);

}  // namespace slipway::catalog
