// The source blob: there and back, the same bytes for the same tree, and no way out of its
// directory.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "handlers/runs/gateway/source.hpp"
#include "service/base/result.hpp"
#include "tests/support/heap.hpp"
#include "tests/support/scratch.hpp"

namespace slipway {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(file)), {});
}

std::string tar_of(const fs::path& directory, const std::string& names) {
    const auto file = directory.parent_path() / "made.tar";
    const auto command = "cd " + directory.string() + " && tar --format=posix -P -cf " +
                         file.string() + " " + names + " 2>/dev/null";
    REQUIRE(std::system(command.c_str()) == 0);
    return read(file);
}

std::string pack(const fs::path& directory) { return gathered(pack_source(directory)); }

// In pieces that end anywhere.
void unpack(std::string_view tar, const fs::path& directory, std::size_t piece = 1009) {
    SourceUnpacker unpacker(directory);
    for (; !tar.empty(); tar.remove_prefix(std::min(piece, tar.size())))
        unpacker.take(tar.substr(0, piece));
    unpacker.finish();
}

TEST_CASE("a tree comes back with its names, contents, links and executable files") {
    Scratch scratch;
    const auto from = scratch.path / "from", to = scratch.path / "to";
    const std::string longest(240, 'n');
    const auto deep = fs::path(std::string(120, 'a')) / std::string(130, 'b') / "main.tf";
    write(from / "main.tf", "resource");
    write(from / "empty", "");
    write(from / "exact", std::string(512, 'e'));
    write(from / "modules/net/main.tf", std::string(100'000, 'x') + '\0' + "y");
    write(from / longest, "long");
    write(from / deep, "deep");
    write(from / "hook.sh", "#!/bin/sh");
    fs::permissions(from / "hook.sh", fs::perms(0755));
    fs::create_directory(from / "nothing");
    fs::create_symlink("modules/net", from / "net");
    fs::create_symlink("../" + longest, from / "modules/far");
    fs::create_symlink("modules/" + std::string(150, 'z'), from / "broken");

    const auto tar = pack(from);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{512}, tar.size()}) {
        const auto other = scratch.path / ("by" + std::to_string(piece));
        unpack(tar, other, piece);
        CHECK(pack(other) == tar);
    }
    unpack(tar, to);
    CHECK(pack(to) == tar);
    CHECK(read(to / "modules/net/main.tf").size() == 100'002);
    CHECK(read(to / deep) == "deep");
    CHECK(read(to / "net/main.tf") == read(from / "modules/net/main.tf"));
    CHECK(fs::read_symlink(to / "modules/far") == "../" + longest);
    CHECK((fs::status(to / "hook.sh").permissions() & fs::perms::owner_exec) != fs::perms::none);
    CHECK((fs::status(to / "main.tf").permissions() & fs::perms::owner_exec) == fs::perms::none);
    CHECK(fs::is_directory(to / "nothing"));

    SUBCASE("and the tar program reads it alike") {
        write(scratch.path / "our.tar", tar);
        fs::create_directory(scratch.path / "by_tar");
        const auto command = "tar -C " + (scratch.path / "by_tar").string() + " -xf " +
                             (scratch.path / "our.tar").string();
        REQUIRE(std::system(command.c_str()) == 0);
        CHECK(pack(scratch.path / "by_tar") == tar);
    }
    SUBCASE("and one that the tar program wrote is read") {
        unpack(tar_of(from, "main.tf modules nothing net"), scratch.path / "back");
        CHECK(read(scratch.path / "back/net/main.tf").size() == 100'002);
    }
    SUBCASE("and one that is cut anywhere is refused") {
        for (std::size_t size = 0; size < tar.size() - 1024; size += 331) {
            CAPTURE(size);
            CHECK_THROWS_AS(unpack(std::string_view(tar).substr(0, size),
                                   scratch.path / ("cut" + std::to_string(size))),
                            Failure);
        }
    }
}

TEST_CASE("a source of any size goes by in pieces, packed and unpacked") {
    Scratch scratch;
    write(scratch.path / "from/large", "");
    fs::resize_file(scratch.path / "from/large", 64u << 20);
    write(scratch.path / "from/small", "x");
    const auto packed = pack_source(scratch.path / "from");
    SourceUnpacker unpacker(scratch.path / "to");
    HeapPeak heap;
    std::size_t all = 0;
    for (auto piece = packed(); !piece.empty(); piece = packed()) {
        CHECK(piece.size() <= chunk_size);
        all += piece.size();
        unpacker.take(piece);
        heap.look();
    }
    unpacker.finish();
    CHECK(all > 64u << 20);
    CHECK(heap.bytes() < 2u << 20);
    CHECK(fs::file_size(scratch.path / "to/large") == 64u << 20);
    CHECK(read(scratch.path / "to/small") == "x");
}

TEST_CASE("an empty tree is an empty tree") {
    Scratch scratch;
    fs::create_directory(scratch.path / "from");
    unpack(pack(scratch.path / "from"), scratch.path / "to");
    CHECK(fs::is_empty(scratch.path / "to"));
}

TEST_CASE("nothing in a source leads out of its directory") {
    Scratch scratch;
    const auto from = scratch.path / "in/from";
    write(from / "file", "x");
    write(scratch.path / "in/outside", "secret");
    write(from / "link/below", "y");
    fs::create_symlink("/etc/passwd", from / "absolute");
    fs::create_symlink("../outside", from / "above");
    fs::create_symlink("a/../../outside", from / "winding");
    struct {
        std::string names;
        const char* what;
    } cases[] = {
        {"../outside", "outside of it"},  {(scratch.path / "in/outside").string(), "outside of it"},
        {"absolute", "leaves it"},        {"above", "leaves it"},
        {"winding", "leaves it"},         {"file file", "twice"},
        {"file ./file", "outside of it"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.names);
        const auto tar = tar_of(from, "--hard-dereference " + c.names);
        try {
            unpack(tar, scratch.path / "to" / std::to_string(&c - cases));
            FAIL("was accepted");
        } catch (const Failure& failure) {
            CHECK(std::string(failure.what()).find(c.what) != std::string::npos);
            CHECK(failure.retry() == Retry::never);
        }
    }
    CHECK_FALSE(fs::exists(scratch.path / "to/outside"));
}

TEST_CASE("a file below a link of the same source is refused") {
    Scratch scratch;
    const auto first = scratch.path / "first", second = scratch.path / "second";
    write(first / "real/file", "x");
    fs::create_symlink("real", first / "dir");
    write(second / "dir/file", "evil");
    auto tar = pack(first);
    tar.resize(tar.size() - 1024);
    CHECK_THROWS_AS(unpack(tar + pack(second), scratch.path / "to"), Failure);
    CHECK(read(scratch.path / "to/real/file") != "evil");
}

}  // namespace
}  // namespace slipway
