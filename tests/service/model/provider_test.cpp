// How providers are called, and what a lock file says of them.
#include "service/model/provider.hpp"

#include <doctest/doctest.h>

namespace slipway {
namespace {

TEST_CASE("a provider's source is completed as its tool would") {
    const auto terraform = ToolKind::terraform, opentofu = ToolKind::opentofu;
    CHECK(provider_address("null", terraform) == "registry.terraform.io/hashicorp/null");
    CHECK(provider_address("Acme/DNS", terraform) == "registry.terraform.io/acme/dns");
    CHECK(provider_address("acme/dns", opentofu) == "registry.opentofu.org/acme/dns");
    CHECK(provider_address("tf.acme.test:8443/acme/dns", opentofu) == "tf.acme.test:8443/acme/dns");
    for (const auto* no :
         {"", "a/b/c/d", "../a/b", "a//b", "acme/d ns", "-a/b", ".a/b/c", "acme/dns\n"}) {
        CAPTURE(no);
        CHECK(provider_address(no, terraform).empty());
    }
    CHECK(is_builtin_provider("terraform.io/builtin/terraform"));
}

TEST_CASE("a source is one whichever tool is meant, an address only in full") {
    CHECK(is_provider_source("null"));
    CHECK(is_provider_source("acme/dns"));
    CHECK_FALSE(is_provider_source("-x"));
    CHECK_FALSE(is_provider_source("a/b/c/d"));
    CHECK(is_provider_address("registry.terraform.io/acme/dns"));
    for (const char* source : {"", "null", "acme/dns", "Registry.terraform.io/acme/dns"})
        CHECK_FALSE(is_provider_address(source));
}

TEST_CASE("a lock file tells providers, versions and hashes") {
    const auto providers = locked_providers(
        "# comment\nprovider \"registry.terraform.io/hashicorp/null\" {\n  version     = "
        "\"3.2.4\"\n"
        "  constraints = \"~> 3.2\"\n  hashes = [\n    \"h1:abc=\",\n    \"zh:12\",\n  ]\n}\n\n"
        "provider \"registry.opentofu.org/hashicorp/aws\" {\n  version = \"5.1.0\"\n}\n");
    const std::vector<LockedProvider> expected{
        {"registry.terraform.io/hashicorp/null", "3.2.4", {"h1:abc=", "zh:12"}},
        {"registry.opentofu.org/hashicorp/aws", "5.1.0", {}}};
    CHECK(providers == expected);
    CHECK(locked_providers("").empty());
}

}  // namespace
}  // namespace slipway
