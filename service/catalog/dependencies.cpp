// What a stack says of those that it depends on: the order, and the outputs that it reads of them.
#include <algorithm>
#include <cctype>

#include "service/catalog/detail/reading.hpp"
#include "service/model/stack_outputs.hpp"

namespace slipway::catalog {

namespace {

bool is_output_name(std::string_view name) {
    return !name.empty() && name.size() <= 200 &&
           !std::isdigit(static_cast<unsigned char>(name[0])) && name[0] != '-' &&
           std::all_of(name.begin(), name.end(), [](unsigned char c) {
               return c < 128 && (std::isalnum(c) || c == '_' || c == '-');
           });
}

// {vpc_id: TF_VAR_vpc_id} of the dependency that was read last.
void read_references(MapReader& how, const std::string& upstream, ReadStack& out,
                     Findings& findings) {
    const bool always = how.boolean("always").value_or(false);
    const Yaml* node = how.find("outputs");
    if (!node) {
        if (always)
            how.report(
                "always",
                "says when outputs are handed over: list them under `outputs`, or remove it");
        return;
    }
    if (node->kind != Yaml::Kind::map || node->map.empty())
        return how.report("outputs",
                          "says which variable gets which output: {vpc_id: TF_VAR_vpc_id}");
    for (const auto& entry : node->map) {
        const auto& variable = entry.value.scalar;
        const auto where = entry.value.place.line ? entry.value.place : entry.place;
        if (!is_output_name(entry.key)) {
            findings.add(entry.place, "`" + entry.key + "` is not the name of an output");
        } else if (entry.value.kind != Yaml::Kind::scalar || variable.empty()) {
            findings.add(where, "the output " + entry.key + " of " + upstream +
                                    " goes to one environment variable, as TF_VAR_" + entry.key);
        } else if (auto trouble = variable_trouble(variable); !trouble.empty()) {
            findings.add(where, trouble);
        } else {
            ReadStack::Reference read;
            read.dependency = out.depends_on.size() - 1;
            read.reads = {StackId(upstream), entry.key, variable, always};
            read.place = where;
            out.references.push_back(std::move(read));
        }
    }
}

// Each variable has one source.
void check_references(const ReadStack& read, Findings& findings) {
    std::map<std::string, const ReadStack::Reference*> by_variable;
    for (const auto& one : read.references) {
        const auto& reads = one.reads;
        if (read.stack.variables.contains(reads.variable))
            findings.add(one.place, reads.variable +
                                        " is set under `variables`, too; remove it there, or the "
                                        "output here");
        const auto [known, is_new] = by_variable.emplace(reads.variable, &one);
        if (is_new) continue;
        const auto& other = known->second->reads;
        findings.add(one.place, reads.variable + " gets " + name_of(other.stack, other.output) +
                                    " already; give " + name_of(reads.stack, reads.output) +
                                    " a variable of its own");
    }
}

}  // namespace

void read_dependencies(MapReader& reader, ReadStack& out, Findings& findings) {
    const Yaml* node = reader.find("depends_on");
    if (!node) return;
    if (node->kind == Yaml::Kind::list) {
        for (const auto& item : node->list)
            if (item.kind == Yaml::Kind::scalar && !item.scalar.empty())
                out.depends_on.emplace_back(item.scalar, item.place);
            else
                findings.add(item.place, "`depends_on` names stacks");
    } else if (node->kind == Yaml::Kind::map) {
        for (const auto& entry : node->map) {
            MapReader how(entry.value, "the dependency on " + entry.key, findings);
            out.depends_on.emplace_back(entry.key, entry.place);
            read_references(how, entry.key, out, findings);
        }
    } else {
        reader.report("depends_on", "is a map or a list of stacks");
    }
    check_references(out, findings);
}

}  // namespace slipway::catalog
