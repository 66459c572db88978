#include "handlers/runs/worker/plan_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "service/base/result.hpp"

namespace slipway {

namespace {

[[noreturn]] void fail(const char* what) {
    throw Failure(std::string("the worker's copy of the plan file cannot be ") + what + ": " +
                  std::strerror(errno));
}

}  // namespace

struct PlanFile::File {
    int fd;
    explicit File(int opened) : fd(opened) {}
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() {
        if (fd >= 0) ::close(fd);
    }
};

PlanFile::PlanFile(const std::filesystem::path& directory)
    : stream_(std::make_unique<Sha256Stream>()) {
    auto name = (directory / "plan-XXXXXX").string();
    file_ = std::make_shared<File>(::mkostemp(name.data(), O_CLOEXEC));
    if (file_->fd < 0) fail("made");
    if (::unlink(name.c_str()) != 0) fail("unlinked");
}

void PlanFile::append(std::string_view piece) {
    stream_->feed(piece);
    while (!piece.empty()) {
        const auto written = ::write(file_->fd, piece.data(), piece.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail("written");
        piece.remove_prefix(static_cast<std::size_t>(written));
    }
}

const std::string& PlanFile::digest() {
    if (digest_.empty()) digest_ = to_hex(stream_->finish());
    return digest_;
}

ChunkSource PlanFile::bytes() const {
    return [file = file_, at = off_t{0}]() mutable {
        std::string piece(chunk_size, '\0');
        ssize_t got = -1;
        do {
            got = ::pread(file->fd, piece.data(), piece.size(), at);
        } while (got < 0 && errno == EINTR);
        if (got < 0) fail("read");
        at += got;
        piece.resize(static_cast<std::size_t>(got));
        return piece;
    };
}

}  // namespace slipway
