// Which repositories may describe their own stacks.
#include "handlers/webhooks/described.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

#include "tests/support/recording_forge.hpp"
#include "tests/support/scratch.hpp"

using namespace slipway;

TEST_CASE(
    "S6: without a tree a repository describes itself in its owner's folder, or where listed") {
    asio::io_context io;
    const FixedClock clock{0};
    Pool pool{1};
    Scratch scratch;
    const auto queue = make_memory_queue(io.get_executor(), clock);
    const auto mirrors = std::make_unique<Mirrors>(scratch.path / "mirrors", io.get_executor());
    const auto uses = std::make_unique<UsesReader>(io.get_executor(), pool);
    const auto policies = make_policies(io.get_executor());
    const auto organisation = std::make_shared<Organisation>();
    Forges forges;
    ReactContext context{*queue,    forges,       *mirrors,   *uses,
                         *policies, pool,         clock,      [&] { return organisation; },
                         false,     {"/slipway"}, Mode::apply};
    RecordingForge forge;
    const auto may = [&] {
        const RepositoryName infra{"forge.test", "acme/infra"};
        return may_describe_itself(context, forge, infra, *organisation).may;
    };

    CHECK_FALSE(may());
    forge.configuration.self_described = {"acme/*"};
    CHECK(may());
    forge.configuration.self_described = {"other/*"};
    CHECK_FALSE(may());
    forge.can.is_owners_folder = true;
    CHECK(may());
    context.has_organisation_tree = true;
    CHECK_FALSE(may());
}
