// All that is known about types: the built-in files, those of the organisation, and what is free.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policies/cost/type_file.hpp"

namespace slipway::cost {

struct TypeText {
    std::string_view path;  // "aws_instance.yaml"
    std::string_view text;
};
// The files of policies/cost/types, as text inside the program.
const std::vector<TypeText>& type_texts();

class TypeLibrary {
  public:
    // Without anything.
    TypeLibrary() = default;
    // A file whose type is known already replaces what was there: a user's goes before a built-in
    // one. Nothing is added where there are findings.
    void add(std::string_view text, const std::string& path, Findings& findings);
    // The list of what costs nothing: {providers: […], types: […]}.
    void add_free(std::string_view text, const std::string& path, Findings& findings);
    // After the last file: that each file a part uses is there.
    void check(Findings& findings) const;

    // Null where nobody described it.
    const TypeFile* find(const std::string& name) const;
    // Of a type, or of all types of its provider.
    bool is_free(const std::string& type) const;
    // The keys of the usage file that a type reads, also in what it uses: key → what it counts.
    std::map<std::string, std::string> usage_of(const TypeFile& file) const;
    std::vector<std::string> types() const;  // with a price of their own, sorted

  private:
    std::map<std::string, TypeFile> files_;
    std::map<std::string, Place> places_;
    std::set<std::string> free_types_, free_providers_;
};

// The built-in files, read once.
const TypeLibrary& built_in_types();

}  // namespace slipway::cost
