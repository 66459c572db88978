// JSON from anywhere: what is read can be written, and reads again as the same value.
#include "service/base/json.hpp"
#include "tests/fuzz/target.hpp"

void fuzz_one(std::string_view bytes) {
    const auto json = slipway::parse_json(bytes);
    if (!json) return must(!json.error().message.empty(), "a refusal has a reason");
    for (const auto& text : {json->dump(), json->dump_pretty()}) {
        const auto again = slipway::parse_json(text);
        must(again.ok(), "what was written can be read");
        must(*again == *json, "what was written reads as the same value");
    }
    // Reading members of whatever came is safe.
    (*json)["a"]["b"][0].int_or(0);
    json->double_or(0);
    must(!json->is_object() || json->members().empty() || json->has(json->members()[0].first),
         "a member that is there is found");
}
