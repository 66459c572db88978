// Blobs as files: <directory>/ab/cd/abcd….  A file gets its name only after its bytes are on the
// disk, so whatever has a name is whole, also after the power went.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "service/base/digest.hpp"
#include "service/blobs/content.hpp"

namespace slipway {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const char* what) {
    throw Failure(path.string() + " cannot be " + what + ": " + std::strerror(errno));
}

struct File {
    int fd;
    explicit File(int opened) : fd(opened) {}
    File(const File&) = delete;
    ~File() {
        if (fd >= 0) ::close(fd);
    }
};

void sync_directory(const fs::path& path) {
    const File directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.fd < 0 || ::fsync(directory.fd) != 0) fail(path, "synced");
}

void make_directory(const fs::path& path) {
    if (::mkdir(path.c_str(), 0700) == 0) return sync_directory(path.parent_path());
    if (errno != EEXIST) fail(path, "made");
}

void write_all(const File& file, const fs::path& path, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(file.fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail(path, "written");
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

std::string read_some(const File& file, const fs::path& path, std::size_t at_most) {
    std::string bytes(at_most, '\0');
    ssize_t got = -1;
    do {
        got = ::read(file.fd, bytes.data(), bytes.size());
    } while (got < 0 && errno == EINTR);
    if (got < 0) fail(path, "read");
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
}

class DirectoryBlobs : public ContentBlobs {
  public:
    DirectoryBlobs(fs::path directory, SealingKey key)
        : ContentBlobs(std::move(key)), directory_(fs::absolute(directory)) {
        fs::create_directories(directory_.parent_path());
        make_directory(directory_);
    }

  private:
    fs::path path_of(const BlobId& id) const {
        return directory_ / id.value.substr(0, 2) / id.value.substr(2, 2) / id.value;
    }

    bool has(const BlobId& id) override { return ::access(path_of(id).c_str(), F_OK) == 0; }

    // Which name it gets is known at its end.
    BlobId store(const ChunkSource& bytes) override {
        const auto temporary = directory_ / ("." + random_id());
        Sha256Stream digest;
        try {
            const File file(
                ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
            if (file.fd < 0) fail(temporary, "made");
            for (auto piece = bytes(); !piece.empty(); piece = bytes()) {
                digest.feed(piece);
                write_all(file, temporary, piece);
            }
            if (::fsync(file.fd) != 0) fail(temporary, "synced");
            return name_it(temporary, BlobId(to_hex(digest.finish())));
        } catch (...) {
            ::unlink(temporary.c_str());
            throw;
        }
    }

    BlobId name_it(const fs::path& temporary, const BlobId& id) const {
        const auto path = path_of(id);
        make_directory(path.parent_path().parent_path());
        make_directory(path.parent_path());
        if (::rename(temporary.c_str(), path.c_str()) != 0) fail(path, "named");
        sync_directory(path.parent_path());
        return id;
    }

    ChunkSource load(const BlobId& id) override {
        const auto path = path_of(id);
        auto file = std::make_shared<const File>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (file->fd < 0 && errno == ENOENT) return nullptr;
        struct stat status;
        if (file->fd < 0 || ::fstat(file->fd, &status) != 0) fail(path, "opened");
        // One more than it has, so that a small file is read, and its end is seen, without a
        // buffer for a large one.
        const auto at_most = std::min(chunk_size, static_cast<std::size_t>(status.st_size) + 1);
        return [file, path, at_most] { return read_some(*file, path, at_most); };
    }

    fs::path directory_;
};

}  // namespace

std::unique_ptr<Blobs> make_directory_blobs(std::filesystem::path directory, SealingKey key) {
    return std::make_unique<DirectoryBlobs>(std::move(directory), std::move(key));
}

}  // namespace slipway
