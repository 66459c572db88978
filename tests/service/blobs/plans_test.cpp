// Plans are read once, and only what was put is given back.
#include "service/blobs/plans.hpp"

#include <doctest/doctest.h>

#include "service/base/codec.hpp"

using namespace slipway;

namespace {

Plan plan_of(const std::string& address, std::size_t bytes = 0) {
    Plan plan;
    Change change;
    change.address = address;
    change.reason = std::string(bytes, 'x');
    plan.changes.push_back(change);
    return plan;
}

}  // namespace

TEST_CASE("a plan that was put or read is given again without reading its document") {
    auto blobs = make_memory_blobs();
    const auto document = blobs->put(encode(plan_of("a")).dump());
    Plans plans(*blobs);
    const auto first = plans.get(document);
    REQUIRE(first);
    CHECK(first->changes.at(0).address == "a");
    CHECK(plans.get(document) == first);
    const auto put = plans.put(plan_of("b"));
    CHECK(blobs->get(put) == encode(plan_of("b")).dump());
    CHECK(plans.get(put)->changes.at(0).address == "b");
}

TEST_CASE("what is not a plan is none, and large ones make room for others") {
    auto blobs = make_memory_blobs();
    Plans plans(*blobs);
    CHECK_FALSE(plans.get(BlobId()));
    CHECK_FALSE(plans.get(BlobId("0000")));
    CHECK_FALSE(plans.get(blobs->put("[1]")));
    const auto small = plans.put(plan_of("small"));
    const auto before = plans.get(small);
    for (int i = 0; i < 3; ++i) plans.put(plan_of(std::to_string(i), 3u << 20));
    const auto after = plans.get(small);
    REQUIRE(after);
    CHECK(after != before);
    CHECK(after->changes == before->changes);
}
