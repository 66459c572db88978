// The directories of a tree that Terraform reads, and those that are modules of others. Only the
// lines that name a local module are looked for: this reading is done for every look at a branch.
#include <algorithm>
#include <set>

#include "service/catalog/atlantis.hpp"
#include "service/catalog/detail/uses_protocol.hpp"

namespace slipway {

namespace {

using namespace catalog;

constexpr std::size_t most_files = 5'000;

std::string_view trimmed_left(std::string_view text) {
    const auto at = text.find_first_not_of(" \t");
    return at == text.npos ? std::string_view() : text.substr(at);
}

// The "../modules/net" of a line `source = "../modules/net"`; "": it has none.
std::string_view local_source(std::string_view line) {
    line = trimmed_left(line);
    if (!line.starts_with("source")) return {};
    line = trimmed_left(line.substr(6));
    if (!line.starts_with('=')) return {};
    line = trimmed_left(line.substr(1));
    if (!line.starts_with("\"./") && !line.starts_with("\"../")) return {};
    line.remove_prefix(1);
    return line.substr(0, line.find('"'));
}

}  // namespace

TerraformDirectories terraform_directories(
    const std::vector<std::string>& files,
    const std::function<std::optional<std::string>(const std::string&)>& read) {
    std::set<std::string> all, named, tofu;
    std::size_t looked_at = 0;
    for (const auto& file : files) {
        const auto slash = file.rfind('/');
        const auto name = slash == file.npos ? file : file.substr(slash + 1);
        const auto directory = slash == file.npos ? "." : file.substr(0, slash);
        const bool is_hidden = file.starts_with('.') || file.find("/.") != file.npos;
        if (is_hidden || !is_configuration(name)) continue;
        all.insert(directory);
        if (name.ends_with(".tofu") || name.ends_with(".tofu.json")) tofu.insert(directory);
        if (++looked_at > most_files) continue;
        const auto text = read(file);
        if (!text) continue;
        for (std::size_t from = 0; from < text->size();) {
            const auto to = std::min(text->find('\n', from), text->size());
            const auto source = local_source(std::string_view(*text).substr(from, to - from));
            from = to + 1;
            if (source.empty()) continue;
            if (auto path = path_from(directory, source)) named.insert(std::move(*path));
        }
    }
    TerraformDirectories out;
    out.all.assign(all.begin(), all.end());
    out.tofu.assign(tofu.begin(), tofu.end());
    std::set_intersection(all.begin(), all.end(), named.begin(), named.end(),
                          std::back_inserter(out.modules));
    return out;
}

}  // namespace slipway
