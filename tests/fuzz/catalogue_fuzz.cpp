// A repository's own file, written by whoever may write there: findings with places, or stacks that
// stay inside the repository and under its name.
#include "service/catalog/atlantis.hpp"
#include "tests/fuzz/target.hpp"

using namespace slipway;

namespace {

const RepositoryName repository{"github.com", "acme/infra"};

void check(const Loaded& loaded, std::string_view file) {
    for (const auto& finding : loaded.findings)
        must(!finding.message.empty() && finding.place.file == file,
             "a finding says what and where");
    if (!loaded.findings.empty()) return;
    for (const auto& stack : loaded.organisation.stacks) {
        must(stack.id.value.starts_with("github.com/acme/infra/"), "it has the repository's name");
        must(stack.repository == repository && stack.space == SpaceId("s"), "it stays at home");
        must(stack.self_described, "it is marked as its own description");
        must(!stack.directory.starts_with('/') && stack.directory != ".." &&
                 !stack.directory.starts_with("../") && !stack.directory.ends_with("/..") &&
                 stack.directory.find("/../") == std::string::npos,
             "its directory lies in the repository");
    }
}

}  // namespace

void fuzz_one(std::string_view bytes) {
    for (const auto& may_set : {std::vector<std::string>{}, std::vector<std::string>{"tool"}}) {
        check(
            read_repository_file(bytes, ".slipway.yaml", repository, "main", SpaceId("s"), may_set),
            ".slipway.yaml");
        AtlantisSource source{repository, "main", SpaceId("s"), may_set};
        source.directories.all = {".", "a", "b/c"};
        check(read_atlantis_file(bytes, source), atlantis_file);
    }
}
