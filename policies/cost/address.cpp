#include "policies/cost/address.hpp"

namespace slipway::cost {

std::vector<std::string> dotted_parts(std::string_view address) {
    std::vector<std::string> parts(1);
    bool in_quotes = false;
    int brackets = 0;
    for (std::size_t i = 0; i < address.size(); ++i) {
        const char c = address[i];
        if (in_quotes && c == '\\' && i + 1 < address.size()) {
            parts.back() += c;
            parts.back() += address[++i];
            continue;
        }
        if (c == '"') in_quotes = !in_quotes;
        if (!in_quotes && c == '[') ++brackets;
        if (!in_quotes && c == ']') --brackets;
        if (c == '.' && !in_quotes && brackets == 0)
            parts.emplace_back();
        else
            parts.back() += c;
    }
    return parts;
}

ModuleStep step_of(std::string_view part) {
    const auto bracket = part.find('[');
    if (bracket == part.npos) return {std::string(part), ""};
    return {std::string(part.substr(0, bracket)), std::string(part.substr(bracket))};
}

Address parse_address(std::string_view address) {
    Address out;
    const auto parts = dotted_parts(address);
    std::size_t i = 0;
    for (; i + 1 < parts.size() && parts[i] == "module"; i += 2)
        out.modules.push_back(step_of(parts[i + 1]));
    if (i < parts.size() && parts[i] == "data") {
        out.is_data = true;
        ++i;
    }
    if (i < parts.size()) out.type = parts[i];
    if (i + 1 < parts.size()) {
        auto step = step_of(parts[i + 1]);
        out.name = std::move(step.name);
        out.key = std::move(step.key);
    }
    return out;
}

std::string names_of(const ModulePath& modules) {
    std::string out;
    for (const auto& step : modules) out += (out.empty() ? "" : ".") + step.name;
    return out;
}

}  // namespace slipway::cost
