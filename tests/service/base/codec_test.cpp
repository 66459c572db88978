// Records survive the way to JSON and back, older and newer ones too, and what does not fit names
// its place.
#include "service/base/codec.hpp"

#include <doctest/doctest.h>

#include "service/model/run.hpp"

using namespace slipway;

namespace {

struct Inner {
    int count = 1;
    std::optional<std::string> note;
    static void fields(auto& self, auto&& f) {
        f("count", self.count);
        f("note", self.note);
    }
    bool operator==(const Inner&) const = default;
};

struct Outer {
    std::string name = "default";
    bool flag = true;
    RunKind kind = RunKind::tracked;
    RunId run;
    std::uint64_t big = 0;
    std::vector<Inner> list;
    std::map<std::string, Inner> map;
    std::optional<Inner> maybe;
    Json free;
    static void fields(auto& self, auto&& f) {
        f("name", self.name);
        f("flag", self.flag);
        f("kind", self.kind);
        f("run", self.run);
        f("big", self.big);
        f("list", self.list);
        f("map", self.map);
        f("maybe", self.maybe);
        f("free", self.free);
    }
    bool operator==(const Outer&) const = default;
};

Outer full() {
    Outer outer;
    outer.name = "n";
    outer.flag = false;
    outer.kind = RunKind::proposed;
    outer.run = RunId("r1");
    outer.big = 18446744073709551615u;
    outer.list = {Inner{2, "x"}, Inner{}};
    outer.map["a"] = Inner{3, std::nullopt};
    outer.maybe = Inner{4, ""};
    outer.free = Json::object({{"any", 1}});
    return outer;
}

}  // namespace

TEST_CASE("A record comes back as it went") {
    const auto outer = full();
    const auto text = encode(outer).dump();
    CHECK(text ==
          R"({"name":"n","flag":false,"kind":"proposed","run":"r1","big":18446744073709551615,)"
          R"("list":[{"count":2,"note":"x"},{"count":1,"note":null}],"map":{"a":{"count":3,)"
          R"("note":null}},"maybe":{"count":4,"note":""},"free":{"any":1}})");
    const auto back = decode<Outer>(text);
    REQUIRE(back.ok());
    CHECK(*back == outer);
}

TEST_CASE("Missing members leave the default, unknown ones are passed over") {
    const auto empty = decode<Outer>("{}");
    REQUIRE(empty.ok());
    CHECK(*empty == Outer{});
    const auto newer = decode<Outer>(R"({"name":"n","future":{"x":[1]},"maybe":null})");
    REQUIRE(newer.ok());
    CHECK(newer->name == "n");
    CHECK_FALSE(newer->maybe.has_value());
}

TEST_CASE("What does not fit is named by its place, the first one") {
    struct Case {
        std::string text, error;
    };
    const Case cases[] = {
        {"[]", "the document is not an object"},
        {R"({"name":1})", "name is not a string"},
        {R"({"flag":"true"})", "flag is not a boolean"},
        {R"({"kind":"other"})", "kind is not a known word"},
        {R"({"kind":3})", "kind is not a known word"},
        {R"({"run":3})", "run is not a string"},
        {R"({"list":{}})", "list is not a list"},
        {R"({"list":[{"count":1},{"count":"2"}]})",
         "list[1].count is not a whole number that fits"},
        {R"({"list":[{"count":1.5}]})", "list[0].count is not a whole number that fits"},
        {R"({"list":[{"count":99999999999}]})", "list[0].count is not a whole number that fits"},
        {R"({"big":-1})", "big is not a whole number that fits"},
        {R"({"map":{"a":3}})", "map.a is not an object"},
        {R"({"maybe":{"note":[]}})", "maybe.note is not a string"},
        {R"({"name":1,"flag":1})", "name is not a string"}};
    for (const auto& c : cases) {
        CAPTURE(c.text);
        const auto decoded = decode<Outer>(c.text);
        REQUIRE_FALSE(decoded.ok());
        CHECK(decoded.error().message == c.error);
    }
    CHECK_FALSE(decode<Outer>("{").ok());
}

TEST_CASE("A whole run comes back as it went") {
    Run run;
    run.id = RunId("r");
    run.state = RunState::unconfirmed;
    run.history = {{RunState::queued, 1, "slipway", ""}, {RunState::planning, 2, "w", "n"}};
    run.pull = 7;
    run.settings.variables["A"] =
        Variable{"v", Variable::Source::worker_file, VariablePhase::apply};
    run.settings.depends_on = {StackId("s")};
    const auto text = encode(run).dump();
    const auto back = decode<Run>(text);
    REQUIRE(back.ok());
    CHECK(encode(*back).dump() == text);
    CHECK(back->settings == run.settings);
    CHECK(back->pull == 7);
}

TEST_CASE("A run that was kept before its history had causes is still read") {
    const auto old = decode<Run>(std::string_view(
        R"({"id":"r","state":"planning","history":[{"state":"planning","at_ms":2,"by":"slipway","note":"n"}]})"));
    REQUIRE(old.ok());
    REQUIRE(old->history.size() == 1);
    CHECK(old->history[0].note == "n");
    CHECK_FALSE(old->history[0].event);
    CHECK_FALSE(old->history[0].vote);
    CHECK(old->history_omitted == 0);
}
