// Blobs as files: <directory>/ab/cd/abcd….  A file gets its name only after its bytes are on the
// disk, so whatever has a name is whole, also after the power went.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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
    if (::fsync(file.fd) != 0) fail(path, "synced");
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

    void store(const BlobId& id, std::string_view bytes) override {
        const auto path = path_of(id);
        if (::access(path.c_str(), F_OK) == 0) return;
        make_directory(path.parent_path().parent_path());
        make_directory(path.parent_path());
        const fs::path temporary = path.string() + "." + random_id();
        try {
            const File file(
                ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
            if (file.fd < 0) fail(temporary, "made");
            write_all(file, temporary, bytes);
            if (::rename(temporary.c_str(), path.c_str()) != 0) fail(path, "named");
        } catch (...) {
            ::unlink(temporary.c_str());
            throw;
        }
        sync_directory(path.parent_path());
    }

    std::optional<std::string> load(const BlobId& id) override {
        const auto path = path_of(id);
        const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (file.fd < 0 && errno == ENOENT) return std::nullopt;
        struct stat status;
        if (file.fd < 0 || ::fstat(file.fd, &status) != 0) fail(path, "opened");
        std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
        for (std::size_t done = 0; done < bytes.size();) {
            const auto got = ::read(file.fd, bytes.data() + done, bytes.size() - done);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) fail(path, "read");
            if (got == 0) bytes.resize(done);
            done += static_cast<std::size_t>(got);
        }
        return bytes;
    }

    fs::path directory_;
};

}  // namespace

std::unique_ptr<Blobs> make_directory_blobs(std::filesystem::path directory, SealingKey key) {
    return std::make_unique<DirectoryBlobs>(std::move(directory), std::move(key));
}

}  // namespace slipway
