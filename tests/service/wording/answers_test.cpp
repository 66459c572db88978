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

TEST_CASE("who confirms what a policy holds is told what it waits for, and not of approvals") {
    ApprovalDecision decision;
    decision.missing = {{"frozen until Monday", 0, ""}};
    CHECK(answers::approval_stands_against(StackId("web"), decision) ==
          "`web` may not be applied yet: frozen until Monday.");
    decision.missing.push_back({"1 of team dba", 1, "dba"});
    CHECK(answers::approval_stands_against(StackId("web"), decision) ==
          "Approvals of `web` are missing: frozen until Monday, 1 of team dba.");
}

TEST_CASE("a name that fits no stack is answered with the nearest, else with all there are") {
    const std::vector<StackId> concerned{StackId("network"), StackId("web")};
    CHECK(answers::no_such_stack(concerned, "", false) ==
          "No stack of this pull request is called like that; it concerns `network`, `web`.");
    CHECK(answers::no_such_stack(concerned, "network", false) ==
          "No stack of this pull request is called like that; did you mean `network`?");
    CHECK(answers::no_such_stack(concerned, "network", true) ==
          "One of these names fits no stack of this pull request, so nothing was done; did you "
          "mean `network`?");
}

TEST_CASE("a note that looks like options is said not to reach the tool, by its name") {
    CHECK(answers::note_goes_nowhere({"OpenTofu", "Terraform"}) ==
          "What follows `-- ` is a note; it was not passed to OpenTofu and Terraform.");
    CHECK(answers::note_goes_nowhere({}) ==
          "What follows `-- ` is a note; it was not passed to the tool.");
}

TEST_CASE("answers about locks say who, until when, and what to type") {
    StackLock lock;
    lock.stack = StackId("net");
    lock.holder.login = "a`da";  // a token may be called anything
    lock.note = "@everybody";
    lock.expires_at_ms = 1'795'425'240'001;  // the minute in which it is over
    const SpaceId space("production");
    CHECK(answers::locked({StackId("net"), StackId("dns")}, lock.expires_at_ms,
                          "/slipway unlock net dns") ==
          "`net`, `dns` are locked until 2026-11-23 09:15 UTC: nothing of them is applied until "
          "then, and plans are made as usual. To lift the lock: `/slipway unlock net dns`.");
    CHECK(answers::held_by_another(lock, &space) ==
          "`net` is locked by ``a`da`` until 2026-11-23 09:15 UTC. Only ``a`da`` or somebody with "
          "the role admin in the space `production` can lift that lock.");
    CHECK(answers::locked_by_another(lock, nullptr) ==
          "`net` is locked by ``a`da`` until 2026-11-23 09:15 UTC already, so it was not locked "
          "again. ``a`da`` or an administrator of the repository can lift that lock.");
    CHECK(answers::not_locked({StackId("net")}) == "`net` is not locked.");
}

}  // namespace
}  // namespace slipway
