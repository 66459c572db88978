// The comment block `# METADATA` of a Rego file is YAML (openpolicyagent.org, "Annotations"); the
// catalogue reads one thing of it: which labels a stack must have for the policy to hold.
#include "service/catalog/detail/reading.hpp"
#include "service/model/glob.hpp"

namespace slipway::catalog {

namespace {

struct Block {
    std::string yaml;
    int first_line = 0;  // of the YAML, in the file
};

std::vector<Block> metadata_blocks(std::string_view text) {
    std::vector<Block> out;
    bool inside = false;
    int line_number = 0;
    for (std::size_t from = 0; from < text.size();) {
        std::size_t to = std::min(text.find('\n', from), text.size());
        std::string_view line = text.substr(from, to - from);
        from = to + 1;
        ++line_number;
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!line.starts_with('#')) {
            inside = false;
            continue;
        }
        line.remove_prefix(1);
        std::string_view trimmed = line;
        while (trimmed.starts_with(' ')) trimmed.remove_prefix(1);
        while (trimmed.ends_with(' ')) trimmed.remove_suffix(1);
        if (trimmed == "METADATA") {
            out.push_back({"", line_number + 1});
            inside = true;
        } else if (inside) {
            out.back().yaml.append(line).append("\n");  // indented alike, which YAML allows
        }
    }
    return out;
}

}  // namespace

std::optional<std::vector<std::string>> policy_labels(const Policy& policy, Findings& findings) {
    std::optional<std::vector<std::string>> labels;
    for (const auto& block : metadata_blocks(policy.text)) {
        auto in_file = [&](Place place) {
            place.line += block.first_line - 1;
            place.column += 1;  // the comment sign
            return place;
        };
        auto parsed = parse_yaml(block.yaml, policy.place.file);
        if (auto* error = std::get_if<YamlError>(&parsed)) {
            findings.add(in_file(error->place), "METADATA cannot be read: " + error->message);
            continue;
        }
        const auto& root = std::get<Yaml>(parsed);
        const Yaml* custom = root.find("custom");
        const Yaml* selector = custom ? custom->find("labels") : nullptr;
        if (!selector) continue;
        if (selector->kind != Yaml::Kind::list || selector->list.empty()) {
            findings.add(in_file(selector->place), "`labels` of METADATA is a list of patterns");
            continue;
        }
        if (!labels) labels.emplace();
        for (const auto& item : selector->list) {
            if (item.kind != Yaml::Kind::scalar || item.scalar.empty())
                findings.add(in_file(item.place), "`labels` of METADATA is a list of patterns");
            else if (auto trouble = glob_error(item.scalar); !trouble.empty())
                findings.add(in_file(item.place), "the pattern " + item.scalar + " " + trouble);
            else
                labels->push_back(item.scalar);
        }
    }
    return labels;
}

}  // namespace slipway::catalog
