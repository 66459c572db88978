#include "policies/cost/type_library.hpp"

#include <algorithm>

#include "service/base/result.hpp"

namespace slipway::cost {

namespace {

std::optional<Yaml> parsed(std::string_view text, const std::string& path, Findings& findings) {
    auto yaml = parse_yaml(text, path);
    if (const auto* error = std::get_if<YamlError>(&yaml)) {
        findings.add(error->place, error->message);
        return std::nullopt;
    }
    return std::get<Yaml>(std::move(yaml));
}

TypeLibrary read_built_in() {
    TypeLibrary library;
    Findings findings;
    for (const auto& [path, text] : type_texts()) {
        if (path.starts_with("free"))
            library.add_free(text, std::string(path), findings);
        else
            library.add(text, std::string(path), findings);
    }
    library.check(findings);
    if (!findings.empty()) throw Failure(findings.text(), Retry::never);
    return library;
}

}  // namespace

void TypeLibrary::add(std::string_view text, const std::string& path, Findings& findings) {
    const auto yaml = parsed(text, path, findings);
    if (!yaml) return;
    Findings own;
    auto file = read_type_file(*yaml, own);
    for (const auto& finding : own.all()) findings.add(finding.place, finding.message);
    if (!own.empty()) return;
    places_[file.name] = yaml->place;
    auto name = file.name;
    files_[name] = std::move(file);
}

void TypeLibrary::add_free(std::string_view text, const std::string& path, Findings& findings) {
    const auto yaml = parsed(text, path, findings);
    if (!yaml) return;
    MapReader reader(*yaml, "the list of what is free", findings);
    for (auto& type : reader.texts("types")) free_types_.insert(std::move(type));
    for (auto& provider : reader.texts("providers")) free_providers_.insert(std::move(provider));
}

void TypeLibrary::check(Findings& findings) const {
    for (const auto& [name, file] : files_)
        for (const auto& part : file.parts)
            if (!part.use.empty() && !files_.contains(part.use))
                findings.add(part.place, "there is no file of `" + part.use + "`");
}

const TypeFile* TypeLibrary::find(const std::string& name) const {
    const auto it = files_.find(name);
    return it == files_.end() ? nullptr : &it->second;
}

bool TypeLibrary::is_free(const std::string& type) const {
    return free_types_.contains(type) || free_providers_.contains(type.substr(0, type.find('_')));
}

std::map<std::string, std::string> TypeLibrary::usage_of(const TypeFile& file) const {
    auto keys = file.usage;
    std::set<const TypeFile*> seen{&file};
    std::vector<const TypeFile*> left{&file};
    while (!left.empty()) {
        const auto* next = left.back();
        left.pop_back();
        keys.insert(next->usage.begin(), next->usage.end());
        for (const auto& part : next->parts)
            if (const auto* used = find(part.use); used && seen.insert(used).second)
                left.push_back(used);
    }
    return keys;
}

std::vector<std::string> TypeLibrary::types() const {
    std::vector<std::string> out;
    for (const auto& [name, file] : files_)
        if (!file.is_part) out.push_back(name);
    return out;
}

const TypeLibrary& built_in_types() {
    static const TypeLibrary library = read_built_in();
    return library;
}

}  // namespace slipway::cost
