#include "service/base/sealing.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>

#include "service/base/digest.hpp"
#include "tests/support/scratch.hpp"

using namespace slipway;

namespace {

SealingKey key_of(char byte) { return SealingKey(Secret(std::string(32, byte))); }

void write_file(const std::filesystem::path& path, std::string_view text, int mode) {
    std::ofstream(path, std::ios::binary) << text;
    ::chmod(path.c_str(), static_cast<mode_t>(mode));
}

}  // namespace

TEST_CASE("What was sealed opens under the same key and purpose only") {
    const auto key = key_of('a');
    const auto sealed = key.seal("the plan", "blob");
    CHECK(*key.open(sealed, "blob") == "the plan");
    CHECK(*key.open(key.seal("", "blob"), "blob") == "");
    CHECK_FALSE(key.open(sealed, "session").ok());
    CHECK_FALSE(key_of('b').open(sealed, "blob").ok());
    CHECK(sealed.find("the plan") == std::string::npos);
    CHECK(key.seal("the plan", "blob") != sealed);
}

TEST_CASE("One changed bit anywhere, or a cut, and it does not open") {
    const auto key = key_of('a');
    const auto sealed = key.seal("the plan", "blob");
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        CAPTURE(i);
        auto changed = sealed;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        CHECK_FALSE(key.open(changed, "blob").ok());
        CHECK_FALSE(key.open(sealed.substr(0, i), "blob").ok());
    }
}

TEST_CASE("Derived keys differ by purpose and key and are the same every time") {
    const auto key = key_of('a');
    CHECK(key.derive("records").reveal() == key.derive("records").reveal());
    CHECK(key.derive("records").reveal() != key.derive("sessions").reveal());
    CHECK(key.derive("records").reveal() != key_of('b').derive("records").reveal());
    CHECK(key.derive("records").reveal().size() == 32);
}

TEST_CASE("A key that is missing beside data is an error that says what to do, and no new key") {
    const Scratch scratch;
    const auto key = scratch.path / "data.key", data = scratch.path / "data";
    std::filesystem::create_directories(data / "lost+found");
    REQUIRE(SealingKey::load_beside(key, data).ok());  // nothing lies there yet
    write_file(data / "installation", "x", 0600);
    CHECK(SealingKey::load_beside(key, data).ok());
    std::filesystem::remove(key);
    const auto missing = SealingKey::load_beside(key, data);
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().message.find("restore the key from your backup") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(key));
    std::filesystem::remove_all(data);
    CHECK(SealingKey::load_beside(key, data).ok());
}

TEST_CASE("An absent key file is made, for its owner alone, and read again") {
    const Scratch scratch;
    const auto path = scratch.path / "deep" / "data.key";
    const auto made = SealingKey::load_or_create(path);
    REQUIRE(made.ok());
    struct stat status;
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    const auto again = SealingKey::load_or_create(path);
    REQUIRE(again.ok());
    CHECK(*again->open(made->seal("x", "p"), "p") == "x");
    CHECK(std::distance(std::filesystem::directory_iterator(path.parent_path()), {}) == 1);
}

TEST_CASE("Hexadecimal and raw key files are the same key") {
    const Scratch scratch;
    write_file(scratch.path / "raw", std::string(32, 'k'), 0600);
    write_file(scratch.path / "hex", to_hex(std::string(32, 'k')) + "\n", 0400);
    const auto raw = SealingKey::load_or_create(scratch.path / "raw");
    const auto hex = SealingKey::load_or_create(scratch.path / "hex");
    CHECK(*hex->open(raw->seal("x", "p"), "p") == "x");
}

TEST_CASE("S1: a key file that others may read, or that holds no key, is refused with a way out") {
    const Scratch scratch;
    struct Case {
        const char* name;
        std::string text;
        int mode;
        const char* says;
    };
    const Case cases[] = {{"group", std::string(32, 'k'), 0640, "chmod 600"},
                          {"world", std::string(32, 'k'), 0604, "chmod 600"},
                          {"writable", std::string(32, 'k'), 0620, "chmod 600"},
                          {"empty", "", 0600, "64 hexadecimal digits"},
                          {"short", "abcd\n", 0600, "64 hexadecimal digits"},
                          {"no-hex", std::string(64, 'x'), 0600, "64 hexadecimal digits"}};
    for (const auto& c : cases) {
        CAPTURE(c.name);
        write_file(scratch.path / c.name, c.text, c.mode);
        const auto key = SealingKey::load_or_create(scratch.path / c.name);
        REQUIRE_FALSE(key.ok());
        CHECK(key.error().message.find(c.says) != std::string::npos);
    }
    CHECK_FALSE(SealingKey::load_or_create(scratch.path).ok());  // a directory
}
