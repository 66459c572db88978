#include "handlers/runs/worker/tools/redaction.hpp"

#include <algorithm>
#include <functional>
#include <map>

namespace slipway {

namespace {

const Json all_marked(true), nothing_marked(false);
constexpr std::size_t shortest_inside = 6;  // shorter ones are looked for as whole values only

// Called with a value and the marks that go with it; may change the value.
using Visit = std::function<void(Json& value, const Json& marks)>;

// --- every place of a plan document where values stand
// ---------------------------------------------------

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

// --- what is done at each
// ---------------------------------------------------------------------------------

void collect(const Json& value, const Json& marks, bool named, std::vector<Secret>& out) {
    const bool here = is_marked(marks);
    if (value.is_string()) {
        if (here || named) out.emplace_back(value.text());
    } else if (value.is_number()) {
        if (here) out.emplace_back(std::string(value.number_text()));
    }
    for (std::size_t i = 0; i < value.items().size(); ++i)
        collect(value[i], marks_below(marks, value, i), named, out);
    for (const auto& [name, inner] : value.members())
        collect(inner, marks_below(marks, value, name), is_named_like_a_secret(name), out);
}

void redact(Json& value, const Json& marks, bool named) {
    if (value.is_null()) return;  // that there is none is no secret
    if (is_marked(marks) || (named && value.is_string())) {
        value = Json(sensitive_text);
        return;
    }
    if (value.is_array()) {
        for (std::size_t i = 0; i < value.items().size(); ++i) {
            const Json& below = marks_below(marks, value, i);
            redact(value.edit_items()[i], below, named);
        }
    } else if (value.is_object()) {
        for (auto& [name, inner] : value.edit_members()) {
            const Json& below = marks_below(marks, value, name);
            redact(inner, below, is_named_like_a_secret(name));
        }
    }
}

constexpr std::string_view kept_members[] = {
    "format_version", "terraform_version",   "variables",      "planned_values",
    "resource_drift", "resource_changes",    "output_changes", "prior_state",
    "configuration",  "relevant_attributes", "checks",         "timestamp",
    "errored",        "applyable",           "complete",       "deferred_changes"};

// Names of things, which a value that happens to read the same must not change.
bool is_name_of_a_thing(std::string_view member) {
    static constexpr std::string_view names[] = {"address",
                                                 "previous_address",
                                                 "module_address",
                                                 "mode",
                                                 "type",
                                                 "name",
                                                 "provider_name",
                                                 "provider_config_key",
                                                 "full_name",
                                                 "deposed",
                                                 "index",
                                                 "actions",
                                                 "action_reason",
                                                 "references",
                                                 "format_version",
                                                 "terraform_version",
                                                 "relevant_attributes",
                                                 "source",
                                                 "version_constraint",
                                                 "status",
                                                 "kind",
                                                 "to_display",
                                                 "depends_on",
                                                 "replace_paths"};
    return std::find(std::begin(names), std::end(names), member) != std::end(names);
}

void scrub_values(Json& json, const Scrubber& scrubber) {
    if (json.is_object()) {
        for (auto& [name, inner] : json.edit_members()) {
            static constexpr std::string_view values[] = {"before", "after",   "values",
                                                          "value",  "default", "constant_value"};
            const bool foreign =
                std::find(std::begin(values), std::end(values), name) != std::end(values);
            if (foreign)
                scrubber.scrub(inner);
            else if (!is_name_of_a_thing(name))
                scrub_values(inner, scrubber);
        }
    } else {
        if (json.is_array())
            for (auto& item : json.edit_items()) scrub_values(item, scrubber);
        else
            scrubber.scrub(json);
    }
}

}  // namespace

bool is_named_like_a_secret(std::string_view name) {
    static constexpr std::string_view endings[] = {
        "password", "passwd", "passphrase",      "secret",     "token",       "private_key",
        "api_key",  "apikey", "access_key",      "secret_key", "credentials", "connection_string",
        "auth_key", "pass",   "private_key_pem", "sas_key"};
    const auto alike = [](char a, char b) {
        const char lowered = static_cast<char>(std::tolower(static_cast<unsigned char>(a)));
        return (a == '-' || a == '.' ? '_' : lowered) == b;
    };
    return std::any_of(std::begin(endings), std::end(endings), [&](std::string_view ending) {
        if (name.size() < ending.size()) return false;
        const auto end = name.substr(name.size() - ending.size());
        if (!std::equal(end.begin(), end.end(), ending.begin(), alike)) return false;
        return name.size() == ending.size() || alike(name[name.size() - ending.size() - 1], '_');
    });
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

namespace {
std::vector<Secret> long_enough(const std::vector<Secret>& secrets) {
    std::vector<Secret> out;
    for (const auto& secret : secrets)
        if (secret.reveal().size() >= shortest_inside && secret.reveal().size() <= longest_secret)
            out.push_back(secret);
    return out;
}
}  // namespace

Scrubber::Scrubber(const std::vector<Secret>& secrets) : masker_(long_enough(secrets)) {
    for (const auto& secret : secrets)
        if (can_be_masked(secret.reveal())) whole_.insert(secret.reveal());
}

std::optional<std::string> Scrubber::text(const std::string& value) const {
    if (whole_.count(value) != 0) return std::nullopt;
    return masker_(value);
}

bool Scrubber::number(std::string_view digits) const {
    return digits.size() < shortest_inside || whole_.count(digits) == 0;
}

void Scrubber::scrub(Json& value) const {
    if (value.is_string()) {
        auto shown = text(value.text());
        value = Json(shown ? std::move(*shown) : std::string(sensitive_text));
    } else if (value.is_number()) {
        if (!number(value.number_text())) value = Json(sensitive_text);
    } else if (value.is_array()) {
        for (auto& item : value.edit_items()) scrub(item);
    } else if (value.is_object()) {
        for (auto& [name, inner] : value.edit_members()) {
            if (auto shown = text(name); !shown || *shown != name)
                name = shown.value_or(std::string(sensitive_text));
            scrub(inner);
        }
    }
}

std::vector<Secret> sensitive_values(Json& document) {
    std::vector<Secret> out;
    visit_document(document,
                   [&](Json& value, const Json& marks) { collect(value, marks, false, out); });
    return out;
}

Json redacted(Json document, const Scrubber& scrubber) {
    auto& members = document.edit_members();
    std::erase_if(members, [](const Json::Member& member) {
        return std::find(std::begin(kept_members), std::end(kept_members), member.first) ==
               std::end(kept_members);
    });
    visit_document(document, [](Json& value, const Json& marks) { redact(value, marks, false); });
    scrub_values(document, scrubber);
    return document;
}

}  // namespace slipway
