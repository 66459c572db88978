// The plan of a tool: read or refused; and a value that it marks as sensitive is nowhere in what
// comes out.
#include "handlers/runs/worker/tools/terraform/plan_json.hpp"
#include "service/base/codec.hpp"
#include "tests/fuzz/target.hpp"

using namespace slipway;

void fuzz_one(std::string_view bytes) {
    const Secret key("digest key");
    (void)read_plan(bytes, {}, key);

    // The same bytes as a value in a plan of ours, once in the open and once marked.
    constexpr std::string_view planted = "planted-secret-7c1";
    Json value = parse_json(bytes, 64).ok() ? *parse_json(bytes, 64) : Json(bytes);
    if (value.dump().find(planted) != std::string::npos) return;
    Json change =
        Json::object({{"actions", Json::array().push("update")},
                      {"before", Json::object({{"open", value}, {"hidden", planted}})},
                      {"after", Json::object({{"open", planted}, {"hidden", value}})},
                      {"after_unknown", value},
                      {"before_sensitive", Json::object({{"hidden", true}})},
                      {"after_sensitive", Json::object({{"open", value}, {"hidden", true}})},
                      {"replace_paths", value}});
    Json resource = Json::object({{"address", "x.y"}, {"type", "x"}, {"change", change}});
    Json document = Json::object({{"format_version", "1.2"},
                                  {"resource_changes", Json::array().push(resource)},
                                  {"planned_values", value},
                                  {"configuration", value},
                                  {"prior_state", Json::object({{"values", value}})}});
    const auto plan = read_plan(document.dump(), {}, key);
    if (!plan.ok()) return;
    must(encode(plan.value().plan).dump().find(planted) == std::string::npos, "the plan hides it");
    must(plan.value().document.dump().find(planted) == std::string::npos, "the document hides it");
}
