// What makes two plans be made from the same, and what differs where they are not.
#include "service/model/run_input.hpp"

#include <doctest/doctest.h>

namespace slipway {
namespace {

using How = InputDifference::How;

TEST_CASE("inputs are the same where each is, in any order") {
    const std::vector<RunInput> inputs{{InputKind::module, "vpc", "1"},
                                       {InputKind::tool, "", "Terraform 1.11.4"}};
    CHECK(differences(inputs, {inputs[1], inputs[0]}).empty());
    CHECK(differences({}, {}).empty());
}

TEST_CASE("what is other, gone, new or without a digest differs, and is named") {
    const std::vector<RunInput> before{{InputKind::module, "vpc", "1"},
                                       {InputKind::value, "TOKEN", ""},
                                       {InputKind::lock_file, "", "5"}};
    const std::vector<RunInput> now{{InputKind::module, "vpc", "2"},
                                    {InputKind::value, "TOKEN", ""},
                                    {InputKind::provider, "a/b/c", "1.0.0 h1:x"}};
    const std::vector<InputDifference> expected{{InputKind::value, "TOKEN", How::undigested},
                                                {InputKind::lock_file, "", How::missing},
                                                {InputKind::module, "vpc", How::other},
                                                {InputKind::provider, "a/b/c", How::extra}};
    CHECK(differences(before, now) == expected);
}

}  // namespace
}  // namespace slipway
