// What `slipway serve --check` says of each part, and that it leaves everything as it was.
#include "service/app/serve_check.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "tests/support/scratch.hpp"

namespace slipway {

namespace {

namespace fs = std::filesystem;
using enum CheckVerdict;

void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

Stack stack(const std::string& id, const std::string& space, const std::string& forge) {
    Stack out;
    out.id = StackId(id);
    out.space = SpaceId(space);
    out.repository = {forge, "acme/infra"};
    return out;
}

}  // namespace

TEST_CASE("a data directory is there, will be made, or is none") {
    const Scratch scratch;
    const auto& path = scratch.path;
    CHECK(check_data(path) == CheckedPart{good, "data", path.string()});
    CHECK(check_data(path / "a/b") ==
          CheckedPart{good, "data", (path / "a/b").string() + " will be made"});
    CHECK_FALSE(fs::exists(path / "a"));
    write(path / "file", "x");
    CHECK(check_data(path / "file") ==
          CheckedPart{wrong, "data",
                      (path / "file").string() + " is not a directory; let `data` name one"});
    CHECK(check_data(path / "file/below").verdict == wrong);
}

TEST_CASE("a sealing key is a key, will be made beside no data, or is missing") {
    const Scratch scratch;
    const auto data = scratch.path / "data", key = scratch.path / "data.key";
    CHECK(check_sealing_key(key, data) ==
          CheckedPart{good, "sealing_key", key.string() + " will be made"});
    fs::create_directory(data);
    CHECK(check_sealing_key(key, data).verdict == good);
    write(data / "slipway.sock", "");
    const auto missing = check_sealing_key(key, data);
    CHECK(missing.verdict == wrong);
    CHECK(missing.text.find("restore the key from your backup") != std::string::npos);
    CHECK_FALSE(fs::exists(key));
    write(key, "no key\n");
    fs::permissions(key, fs::perms::owner_read | fs::perms::owner_write);
    CHECK(check_sealing_key(key, data).text ==
          "the sealing key " + key.string() + " holds neither 64 hexadecimal digits nor 32 bytes");
    write(key, std::string(64, 'a') + "\n");
    CHECK(check_sealing_key(key, data) == CheckedPart{good, "sealing_key", key.string()});
    fs::permissions(key, fs::perms::others_read, fs::perm_options::add);
    CHECK(check_sealing_key(key, data).verdict == wrong);
}

TEST_CASE("programs and files that a worker needs are looked for") {
    Config config;
    config.worker_environment = {"AWS_PROFILE", "/etc/passwd", "/none/token"};
    config.worker_tools["ansible"].plan = {"/bin/sh", "-c"};
    config.worker_tools["ansible"].apply = {"/none/play"};
    CHECK(check_worker(config) ==
          std::vector<CheckedPart>{
              {wrong, "worker",
               "the tool custom/ansible starts /none/play, which is no program here: install it, "
               "or correct the path"},
              {wrong, "worker",
               "`environment` lists /none/token, which this user cannot read: make it readable, or "
               "take it out"}});
}

TEST_CASE("what the tree and the forges say of each other") {
    Organisation organisation;
    organisation.stacks = {stack("a", "", "github.com"), stack("b", "", "github.com"),
                           stack("c", "production", "local"), stack("d", "production", "local")};
    Policy policy;
    policy.kind = PolicyKind::approval;
    policy.space = SpaceId("production");
    organisation.policies = {policy};
    Config config;
    config.forges["local"] = {};
    const CheckedPart no_forge{
        advice, "forges",
        "there is no github.com, where stack a has its repository; add it under `forges`, or "
        "correct the stack"};
    CHECK(check_forge_names(organisation, config, {"local"}) ==
          std::vector<CheckedPart>{
              no_forge,
              {advice, "organisation",
               "reviews on local approve nothing for stack c: write `trust: folder` into "
               "production/space.yaml if everybody who can write that folder may speak for "
               "others"}});
    organisation.trusting_folder = {SpaceId("production")};
    CHECK(check_forge_names(organisation, config, {"local"}) == std::vector<CheckedPart>{no_forge});
    organisation.trusting_folder.clear();
    CHECK(check_forge_names(organisation, config, {}) == std::vector<CheckedPart>{no_forge});
    config.forges["github.com"] = {};
    organisation.policies.clear();
    CHECK(check_forge_names(organisation, config, {"local"}).empty());
}

TEST_CASE("each part is one line that begins with how it is") {
    CHECK(checked_text({{good, "data", "/d"},
                        {advice, "forges", "none"},
                        {unknown, "forge x", "?"},
                        {wrong, "redis", "away"}}) ==
          "ok       data: /d\n"
          "advice   forges: none\n"
          "unknown  forge x: ?\n"
          "wrong    redis: away\n");
}

}  // namespace slipway
