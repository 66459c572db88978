#include "policies/cost/organisation_costs.hpp"

namespace slipway::cost {

namespace {

void read_discount_list(const std::string& text, const std::string& path, Discounts& out,
                        Findings& findings) {
    auto parsed = parse_yaml(text, path);
    if (const auto* error = std::get_if<YamlError>(&parsed))
        findings.add(error->place, error->message);
    else
        out = read_discounts(std::get<Yaml>(parsed), findings);
}

}  // namespace

OrganisationCosts read_organisation_costs(const std::map<std::string, std::string>& files,
                                          Findings& findings) {
    OrganisationCosts out;
    std::shared_ptr<TypeLibrary> own;
    const auto types = [&]() -> TypeLibrary& {
        if (!own) own = std::make_shared<TypeLibrary>(built_in_types());
        return *own;
    };
    for (const auto& [path, text] : files) {
        const auto name = path.substr(path.rfind('/') + 1);
        if (name == "usage.yaml")
            out.usage = UsageFile::read(text, path, findings);
        else if (name == "discounts.yaml")
            read_discount_list(text, path, out.discounts, findings);
        else if (name == "free.yaml")
            types().add_free(text, path, findings);
        else
            types().add(text, path, findings);
    }
    if (own) own->check(findings);
    // The built-in ones live as long as the program.
    if (own)
        out.types = std::move(own);
    else
        out.types = {std::shared_ptr<void>(), &built_in_types()};
    return out;
}

}  // namespace slipway::cost
