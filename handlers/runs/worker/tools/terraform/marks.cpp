#include "handlers/runs/worker/tools/terraform/marks.hpp"

#include <map>
#include <set>
#include <string>

#include "handlers/runs/worker/tools/scrubber.hpp"

namespace slipway {

namespace {

const Json all_marked(true), nothing_marked(false);

void visit_change(Json& change, const Visit& visit, std::string_view name = "") {
    for (const char* side : {"before", "after"}) {
        if (!change.has(side)) continue;
        const Json& marks = change[std::string(side) + "_sensitive"];
        visit(change.at(side), is_named_like_a_secret(name) ? all_marked : marks);
    }
}

void visit_outputs(Json& outputs, const Visit& visit) {
    for (auto& [name, output] : outputs.edit_members())
        if (output.has("value"))
            visit(output.at("value"),
                  output["sensitive"].bool_or(false) || is_named_like_a_secret(name)
                      ? all_marked
                      : nothing_marked);
}

void visit_module_values(Json& module, const Visit& visit) {
    if (module.has("resources"))
        for (auto& resource : module.at("resources").edit_items()) {
            const Json& marks = resource["sensitive_values"];
            if (resource.has("values")) visit(resource.at("values"), marks);
        }
    if (module.has("child_modules"))
        for (auto& child : module.at("child_modules").edit_items())
            visit_module_values(child, visit);
}

void visit_values(Json& values, const Visit& visit) {
    if (values.has("outputs")) visit_outputs(values.at("outputs"), visit);
    if (values.has("root_module")) visit_module_values(values.at("root_module"), visit);
}

bool is_secret_variable(const Json& declaration) {
    return declaration["sensitive"].bool_or(false) || declaration["ephemeral"].bool_or(false);
}

// Variables have no marks of their own; their declarations tell.
void visit_variables(Json& document, const Visit& visit) {
    const Json declared = document["configuration"]["root_module"]["variables"];
    if (!document.has("variables")) return;
    for (auto& [name, variable] : document.at("variables").edit_members()) {
        const bool open = declared.has(name) && !is_secret_variable(declared[name]) &&
                          !is_named_like_a_secret(name);
        if (variable.has("value")) visit(variable.at("value"), open ? nothing_marked : all_marked);
    }
}

// An expression, or blocks of them, whose constants are all marked.
void visit_constants(Json& expression, const Visit& visit, const Json& marks) {
    if (expression.is_array()) {
        for (auto& item : expression.edit_items()) visit_constants(item, visit, marks);
    } else if (expression.is_object()) {
        for (auto& [name, inner] : expression.edit_members()) {
            const Json& here = is_named_like_a_secret(name) ? all_marked : marks;
            name == "constant_value" ? visit(inner, here) : visit_constants(inner, visit, here);
        }
    }
}

// "module.a[0].x.y["k"]" -> "module.a.x.y": where the configuration says it.
std::string without_indices(std::string_view address) {
    std::string out;
    bool inside = false, quoted_text = false;
    for (std::size_t i = 0; i < address.size(); ++i) {
        const char c = address[i];
        if (inside && c == '\\')
            ++i;
        else if (inside && c == '"')
            quoted_text = !quoted_text;
        else if (inside && c == ']' && !quoted_text)
            inside = false;
        else if (!inside && c == '[')
            inside = true;
        else if (!inside)
            out += c;
    }
    return out;
}

bool has_mark(const Json& marks) {
    if (is_marked(marks)) return true;
    for (const auto& item : marks.items())
        if (has_mark(item)) return true;
    for (const auto& [name, inner] : marks.members())
        if (has_mark(inner)) return true;
    return false;
}

// Which attributes of which resources are marked anywhere.
using MarkedAttributes = std::map<std::string, std::set<std::string>>;

void note_marks(const Json& address, const Json& marks, MarkedAttributes& out) {
    for (const auto& [name, inner] : marks.members())
        if (has_mark(inner)) out[without_indices(address.string_or(""))].insert(name);
}

void note_module_marks(const Json& module, MarkedAttributes& out) {
    for (const auto& resource : module["resources"].items())
        note_marks(resource["address"], resource["sensitive_values"], out);
    for (const auto& child : module["child_modules"].items()) note_module_marks(child, out);
}

MarkedAttributes marked_attributes(const Json& document) {
    MarkedAttributes out;
    for (const char* list : {"resource_changes", "resource_drift"})
        for (const auto& resource : document[list].items())
            for (const char* side : {"before_sensitive", "after_sensitive"})
                note_marks(resource["address"], resource["change"][side], out);
    note_module_marks(document["planned_values"]["root_module"], out);
    note_module_marks(document["prior_state"]["values"]["root_module"], out);
    return out;
}

void visit_configuration(Json& module, const std::string& path, const MarkedAttributes& marked,
                         const Visit& visit) {
    if (module.has("variables"))
        for (auto& [name, variable] : module.at("variables").edit_members())
            if (variable.has("default"))
                visit(variable.at("default"),
                      is_secret_variable(variable) || is_named_like_a_secret(name)
                          ? all_marked
                          : nothing_marked);
    if (module.has("outputs"))
        for (auto& [name, output] : module.at("outputs").edit_members()) {
            const Json& marks = output["sensitive"].bool_or(false) ? all_marked : nothing_marked;
            visit_constants(output, visit, marks);
        }
    if (module.has("resources"))
        for (auto& resource : module.at("resources").edit_items()) {
            const auto found = marked.find(path + resource["address"].text());
            if (resource.has("expressions"))
                for (auto& [name, inner] : resource.at("expressions").edit_members()) {
                    const bool secret = is_named_like_a_secret(name) ||
                                        (found != marked.end() && found->second.count(name) != 0);
                    visit_constants(inner, visit, secret ? all_marked : nothing_marked);
                }
            if (resource.has("provisioners"))
                visit_constants(resource.at("provisioners"), visit, nothing_marked);
        }
    if (!module.has("module_calls")) return;
    for (auto& [name, call] : module.at("module_calls").edit_members()) {
        const Json declared = call["module"]["variables"];
        if (call.has("expressions"))
            for (auto& [argument, inner] : call.at("expressions").edit_members())
                visit_constants(
                    inner, visit,
                    is_secret_variable(declared[argument]) || is_named_like_a_secret(argument)
                        ? all_marked
                        : nothing_marked);
        if (call.has("module"))
            visit_configuration(call.at("module"), path + "module." + name + ".", marked, visit);
    }
}

}  // namespace

void visit_document(Json& document, const Visit& visit) {
    const auto marked = marked_attributes(document);
    visit_variables(document, visit);  // before the declarations that it reads change
    for (const char* list : {"resource_changes", "resource_drift"})
        if (document.has(list))
            for (auto& resource : document.at(list).edit_items())
                if (resource.has("change")) visit_change(resource.at("change"), visit);
    if (document.has("deferred_changes"))
        for (auto& deferred : document.at("deferred_changes").edit_items())
            if (deferred["resource_change"].has("change"))
                visit_change(deferred.at("resource_change").at("change"), visit);
    if (document.has("output_changes"))
        for (auto& [name, change] : document.at("output_changes").edit_members())
            visit_change(change, visit, name);
    if (document.has("planned_values")) visit_values(document.at("planned_values"), visit);
    if (document["prior_state"].has("values"))
        visit_values(document.at("prior_state").at("values"), visit);
    if (!document.has("configuration")) return;
    auto& configuration = document.at("configuration");
    if (configuration.has("root_module"))
        visit_configuration(configuration.at("root_module"), "", marked, visit);
    if (configuration.has("provider_config"))
        visit_constants(configuration.at("provider_config"), visit, nothing_marked);
}

const Json& marks_below(const Json& marks, const Json&, std::string_view member) {
    if (marks.is_object()) return marks[member];
    if (marks.is_array() && !marks.items().empty()) return all_marked;
    return is_marked(marks) ? all_marked : nothing_marked;
}

const Json& marks_below(const Json& marks, const Json&, std::size_t index) {
    if (marks.is_array()) return marks[index];
    if (marks.is_object() && !marks.members().empty()) return all_marked;
    return is_marked(marks) ? all_marked : nothing_marked;
}

}  // namespace slipway
