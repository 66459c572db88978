// YAML of people we do not know: bounded, with a place for everything, and readable key by key.
#include "service/base/yaml_reader.hpp"
#include "tests/fuzz/target.hpp"

using namespace slipway;

namespace {

void check(const Yaml& node, int depth) {
    must(depth <= 65, "nesting is bounded");
    must(node.place.line >= 1 || node.kind == Yaml::Kind::null, "a node has its line");
    for (const auto& item : node.list) check(item, depth + 1);
    for (const auto& entry : node.map) {
        must(entry.place.line >= 1 && entry.place.column >= 1, "a key has its place");
        check(entry.value, depth + 1);
    }
    Findings findings;
    {
        MapReader reader(node, "a node", findings);
        reader.text("id");
        reader.whole("workers", 0, 10);
        reader.boolean("destroy");
        reader.texts("labels");
    }
    findings.text();
}

}  // namespace

void fuzz_one(std::string_view bytes) {
    const auto parsed = parse_yaml(bytes, "f");
    if (const auto* error = std::get_if<YamlError>(&parsed)) {
        must(!error->message.empty(), "a refusal has a reason");
        must(error->place.line >= 1 && error->place.column >= 1, "a refusal has its place");
        return;
    }
    check(std::get<Yaml>(parsed), 0);
}
