// Differences between inputs as sentences.
#include <doctest/doctest.h>

#include "handlers/runs/gateway/gateway.hpp"

namespace slipway {
namespace {

using How = InputDifference::How;

TEST_CASE("each difference is named by what people call it") {
    CHECK(text_of({{InputKind::module, "vpc", How::other},
                   {InputKind::value, "TF_VAR_x", How::other}}) ==
          "module `vpc` now has other content, variable `TF_VAR_x` has another value");
    CHECK(text_of({{InputKind::variable, "TF_VAR_x", How::other}}) ==
          "variable `TF_VAR_x` is set otherwise");
    CHECK(text_of({{InputKind::tool, "", How::other}, {InputKind::lock_file, "", How::missing}}) ==
          "the tool has another version, the lock file is not there any more");
    CHECK(text_of({{InputKind::provider, "h/a/b", How::extra},
                   {InputKind::module, "m", How::undigested}}) ==
          "provider `h/a/b` is new, module `m` cannot be compared");
    CHECK(text_of({{InputKind::files, "stacks/net", How::other},
                   {InputKind::setting, "workspace", How::other}}) ==
          "`stacks/net` now has other content, the setting `workspace` is another now");
    std::vector<InputDifference> many(7, {InputKind::module, "m", How::extra});
    CHECK(text_of(many).ends_with("and 2 more differ"));
    CHECK(text_of({}).empty());
}

}  // namespace
}  // namespace slipway
