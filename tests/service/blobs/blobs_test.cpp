// Both stores keep one contract; the directory also survives a damaged or foreign file.
#include "service/blobs/blobs.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>
#include <vector>

#include "service/base/digest.hpp"
#include "tests/support/heap.hpp"
#include "tests/support/scratch.hpp"

using namespace slipway;

namespace {

SealingKey key_of(char byte) { return SealingKey(Secret(std::string(32, byte))); }

std::vector<std::filesystem::path> files_below(const std::filesystem::path& directory) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
        if (entry.is_regular_file()) files.push_back(entry.path());
    return files;
}

std::string content_of(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

BlobId put_sealed(Blobs& blobs, std::string bytes) {
    return blobs.put_sealed(chunks_of(std::move(bytes)));
}

std::optional<std::string> get_sealed(Blobs& blobs, const BlobId& id) {
    std::string bytes;
    const ChunkSink sink = [&](std::string_view piece) { bytes += piece; };
    if (!blobs.get_sealed(id, sink)) return std::nullopt;
    return bytes;
}

void keeps_the_contract(Blobs& blobs) {
    const std::string bytes("plan\0with NUL", 13);
    const auto id = blobs.put(bytes);
    CHECK(id.value == sha256_hex(bytes));
    CHECK(blobs.put(bytes) == id);
    CHECK(blobs.get(id) == bytes);
    CHECK(blobs.get(blobs.put("")) == "");

    const auto sealed = put_sealed(blobs, bytes);
    CHECK(sealed != id);
    CHECK(put_sealed(blobs, bytes) != sealed);
    CHECK(get_sealed(blobs, sealed) == bytes);
    CHECK(blobs.get(sealed)->find("plan") == std::string::npos);
    CHECK_THROWS_AS(get_sealed(blobs, id), Failure);

    const std::string large(2 * chunk_size + 7, 'p');
    CHECK(blobs.put(chunks_of(large)) == blobs.put(large));
    CHECK(blobs.get(blobs.put(large)) == large);
    CHECK(get_sealed(blobs, put_sealed(blobs, large)) == large);
    CHECK(get_sealed(blobs, put_sealed(blobs, "")) == "");

    CHECK(blobs.get(BlobId(std::string(64, '0'))) == std::nullopt);
    CHECK(get_sealed(blobs, BlobId(std::string(64, '0'))) == std::nullopt);
    for (const char* bad : {"", "..", "../../../etc/passwd", "ABCDEF"})
        CHECK(blobs.get(BlobId(bad)) == std::nullopt);
}

}  // namespace

TEST_CASE("Blobs in memory are found by their content and opened by their seal") {
    keeps_the_contract(*make_memory_blobs());
}

TEST_CASE("Blobs in a directory are found by their content and opened by their seal") {
    const Scratch scratch;
    keeps_the_contract(*make_directory_blobs(scratch.path / "deep" / "blobs", key_of('a')));
}

TEST_CASE("A directory of blobs is the owner's alone and holds no half-written file") {
    const Scratch scratch;
    const auto directory = scratch.path / "blobs";
    auto blobs = make_directory_blobs(directory, key_of('a'));
    const auto id = blobs->put("bytes");
    struct stat status;
    REQUIRE(::stat(directory.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0700);
    REQUIRE(files_below(directory).size() == 1);
    CHECK(files_below(directory)[0] ==
          directory / id.value.substr(0, 2) / id.value.substr(2, 2) / id.value);
}

TEST_CASE("Blobs outlive the store, and another key opens none of the sealed") {
    const Scratch scratch;
    const auto plain = make_directory_blobs(scratch.path / "b", key_of('a'))->put("open");
    const auto sealed = put_sealed(*make_directory_blobs(scratch.path / "b", key_of('a')), "shut");
    CHECK(get_sealed(*make_directory_blobs(scratch.path / "b", key_of('a')), sealed) == "shut");
    auto other = make_directory_blobs(scratch.path / "b", key_of('b'));
    CHECK(other->get(plain) == "open");
    CHECK_THROWS_AS(get_sealed(*other, sealed), Failure);
    for (const auto& file : files_below(scratch.path))
        CHECK(content_of(file).find("shut") == std::string::npos);
}

TEST_CASE("A blob that was changed on the disk is never given out") {
    const Scratch scratch;
    auto blobs = make_directory_blobs(scratch.path / "b", key_of('a'));
    const auto id = blobs->put("right");
    std::ofstream(files_below(scratch.path)[0]) << "wrong";
    bool refused = false;
    try {
        blobs->get(id);
    } catch (const Failure& failure) {
        refused = failure.retry() == Retry::never;
    }
    CHECK(refused);
}

TEST_CASE("A sealed blob that stands in another's place is refused, though it opens") {
    const Scratch scratch;
    auto blobs = make_directory_blobs(scratch.path / "b", key_of('a'));
    const auto one = put_sealed(*blobs, "one"), other = put_sealed(*blobs, "other");
    const auto path = [&](const BlobId& id) {
        return scratch.path / "b" / id.value.substr(0, 2) / id.value.substr(2, 2) / id.value;
    };
    std::filesystem::copy_file(path(one), path(other),
                               std::filesystem::copy_options::overwrite_existing);
    CHECK(get_sealed(*blobs, one) == "one");
    CHECK_THROWS_AS(get_sealed(*blobs, other), Failure);
}

TEST_CASE("A sealed blob of any size goes through a few pieces' memory, in and out") {
    const Scratch scratch;
    auto blobs = make_directory_blobs(scratch.path / "b", key_of('a'));
    constexpr std::size_t size = 64u << 20;
    HeapPeak heap;
    std::size_t given = 0, got = 0;
    const ChunkSource source = [&] {
        heap.look();
        std::string piece(std::min(chunk_size, size - given), 'p');
        given += piece.size();
        return piece;
    };
    const auto id = blobs->put_sealed(source);
    CHECK(given == size);
    const ChunkSink sink = [&](std::string_view piece) {
        heap.look();
        CHECK(piece.size() <= chunk_size);
        got += piece.size();
    };
    CHECK(blobs->get_sealed(id, sink));
    CHECK(got == size);
    CHECK(heap.bytes() < 4u << 20);
}

TEST_CASE("A blob whose source fails leaves nothing behind") {
    const Scratch scratch;
    auto blobs = make_directory_blobs(scratch.path / "b", key_of('a'));
    int left = 3;
    const ChunkSource fails = [&]() -> std::string {
        if (left-- == 0) throw Failure("the source is gone");
        return "piece";
    };
    CHECK_THROWS_AS(blobs->put_sealed(fails), Failure);
    CHECK(files_below(scratch.path).empty());
}

TEST_CASE("Threads that store the same blob at once all get it") {
    const Scratch scratch;
    auto blobs = make_directory_blobs(scratch.path / "b", key_of('a'));
    std::vector<std::thread> threads;
    std::vector<std::optional<std::string>> got(4);
    for (auto& one : got)
        threads.emplace_back([&] { one = blobs->get(blobs->put(std::string(100'000, 'x'))); });
    for (auto& thread : threads) thread.join();
    for (const auto& one : got) CHECK(one == std::string(100'000, 'x'));
    CHECK(files_below(scratch.path).size() == 1);
}

TEST_CASE("A disk that refuses is a failure to be tried later, with the path named") {
    const Scratch scratch;
    std::ofstream(scratch.path / "file") << "in the way";
    bool later = false;
    try {
        make_directory_blobs(scratch.path / "blobs", key_of('a'));
        auto blobs = make_directory_blobs(scratch.path / "b", key_of('a'));
        std::filesystem::remove_all(scratch.path / "b");
        std::ofstream(scratch.path / "b") << "in the way";
        blobs->put("bytes");
    } catch (const Failure& failure) {
        later = failure.retry() == Retry::later;
        CHECK(std::string(failure.what()).find(scratch.path.string()) != std::string::npos);
    }
    CHECK(later);
}
