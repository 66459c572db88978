#include "handlers/runs/worker/tools/terraform/redaction.hpp"

#include <algorithm>

#include "handlers/runs/worker/tools/terraform/marks.hpp"

namespace slipway {

namespace {

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
