#include "service/wording/answers.hpp"

#include <doctest/doctest.h>

namespace slipway {
namespace {

TEST_CASE("who may not use a command is told the rights that it needs, and no more") {
    const Actor ada{"forge.test", "ada"};
    const SpaceId space("production");
    CHECK(answers::lacks_rights(Verb::explain, Role::reader, &space, ada) ==
          "`explain` needs read permission on the repository and the role reader in the space "
          "`production`; ada does not have it.");
    CHECK(answers::lacks_rights(Verb::apply, Role::writer, &space, ada) ==
          "`apply` needs write permission on the repository and the role writer in the space "
          "`production`; ada does not have it.");
    CHECK(answers::lacks_rights(Verb::allow, Role::admin, &space, ada) ==
          "`allow` needs write permission on the repository and the role admin in the space "
          "`production`; ada does not have it.");
    // Without a tree nobody has a role.
    CHECK(answers::lacks_rights(Verb::allow, Role::admin, nullptr, ada) ==
          "`allow` needs admin permission on the repository; ada does not have it.");
}

}  // namespace
}  // namespace slipway
