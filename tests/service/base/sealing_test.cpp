#include "service/base/sealing.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>
#include <optional>

#include "service/base/digest.hpp"
#include "tests/support/scratch.hpp"

using namespace slipway;

namespace {

SealingKey key_of(char byte) { return SealingKey(Secret(std::string(32, byte))); }

void write_file(const std::filesystem::path& path, std::string_view text, int mode) {
    std::ofstream(path, std::ios::binary) << text;
    ::chmod(path.c_str(), static_cast<mode_t>(mode));
}

std::string seal(const SealingKey& key, std::string plain, const char* purpose = "blob") {
    return gathered(key.seal(chunks_of(std::move(plain)), purpose));
}

// nullopt: it does not open.
std::optional<std::string> open(const SealingKey& key, std::string sealed,
                                const char* purpose = "blob") {
    try {
        return gathered(key.open(chunks_of(std::move(sealed)), purpose));
    } catch (const Failure& failure) {
        CHECK(failure.retry() == Retry::never);
        return std::nullopt;
    }
}

}  // namespace

TEST_CASE("What was sealed opens under the same key and purpose only") {
    const auto key = key_of('a');
    const auto sealed = seal(key, "the plan");
    CHECK(open(key, sealed) == "the plan");
    CHECK(open(key, seal(key, "")) == "");
    CHECK_FALSE(open(key, sealed, "session"));
    CHECK_FALSE(open(key_of('b'), sealed));
    CHECK(sealed.find("the plan") == std::string::npos);
    CHECK(seal(key, "the plan") != sealed);
}

TEST_CASE("One changed bit anywhere, or a cut, and it does not open") {
    const auto key = key_of('a');
    const auto sealed = seal(key, "the plan");
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        CAPTURE(i);
        auto changed = sealed;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        CHECK_FALSE(open(key, changed));
        CHECK_FALSE(open(key, sealed.substr(0, i)));
    }
    CHECK_FALSE(open(key, sealed + "x"));
    CHECK_FALSE(open(key, sealed + sealed));
}

TEST_CASE("What is longer than a piece opens piece by piece, each in its place") {
    const auto key = key_of('a');
    std::string plain;
    for (std::size_t i = 0; i < 3 * chunk_size + 5; ++i) plain += static_cast<char>(i * i >> 7);
    const auto sealed = seal(key, plain);
    CHECK(open(key, sealed) == plain);

    constexpr std::size_t head = 25, message = 4 + chunk_size + 17;
    const auto piece = [&](std::size_t i) { return sealed.substr(head + i * message, message); };
    const auto end = sealed.substr(head + 3 * message);
    const auto start = sealed.substr(0, head);
    CHECK(open(key, start + piece(0) + piece(1) + piece(2) + end) == plain);
    CHECK_FALSE(open(key, start + piece(1) + piece(0) + piece(2) + end));
    CHECK_FALSE(open(key, start + piece(0) + piece(0) + piece(1) + piece(2) + end));
    CHECK_FALSE(open(key, start + piece(0) + piece(2) + end));
    CHECK_FALSE(open(key, start + piece(0) + piece(1) + piece(2)));
}

TEST_CASE("What an earlier version sealed is refused by name, and what nobody sealed, too") {
    const auto error_of = [](std::string bytes) {
        try {
            gathered(key_of('a').open(chunks_of(std::move(bytes)), "blob"));
        } catch (const Failure& failure) {
            return std::string(failure.what());
        }
        return std::string();
    };
    CHECK(error_of("\x01" + std::string(100, 'x')) ==
          "this was sealed by an earlier version of slipway, whose format is not read any more; "
          "plan again");
    CHECK(error_of("{\"a\": 1}") == "this is nothing that was sealed here");
    CHECK(error_of("") == "this is nothing that was sealed here");
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
    CHECK(open(*again, seal(*made, "x", "p"), "p") == "x");
    CHECK(std::distance(std::filesystem::directory_iterator(path.parent_path()), {}) == 1);
}

TEST_CASE("Hexadecimal and raw key files are the same key") {
    const Scratch scratch;
    write_file(scratch.path / "raw", std::string(32, 'k'), 0600);
    write_file(scratch.path / "hex", to_hex(std::string(32, 'k')) + "\n", 0400);
    const auto raw = SealingKey::load_or_create(scratch.path / "raw");
    const auto hex = SealingKey::load_or_create(scratch.path / "hex");
    CHECK(open(*hex, seal(*raw, "x", "p"), "p") == "x");
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
