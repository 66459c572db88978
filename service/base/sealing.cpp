// A sealed text, in bytes:
//     sealed = %x01 nonce cipher      nonce = 24OCTET, random      cipher = plain + 16OCTET tag
// XChaCha20-Poly1305 under HMAC-SHA256(key, "seal"); %x01 and the purpose are authenticated with
// it. What derive() gives comes from other messages than the key of seal(), so that no use learns
// another's.
#include "service/base/sealing.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstring>
#include <memory>

#include "service/base/digest.hpp"

namespace slipway {

namespace {

constexpr char version = '\x01';
constexpr std::size_t nonce_size = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_size = crypto_aead_xchacha20poly1305_ietf_ABYTES;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

Sha256 sealing_part(const Secret& key) { return hmac_sha256(key, "seal"); }

std::string authenticated(std::string_view purpose) {
    return std::string(1, version) + std::string(purpose);
}

// A file descriptor that closes itself.
struct File {
    int fd;
    explicit File(int opened) : fd(opened) {}
    File(const File&) = delete;
    ~File() {
        if (fd >= 0) ::close(fd);
    }
};

Error trouble(const std::filesystem::path& file, const char* what) {
    return Error{"the sealing key " + file.string() + " " + what + ": " + std::strerror(errno)};
}

Result<Secret> read_key(const std::filesystem::path& path, const File& file) {
    struct stat status;
    if (::fstat(file.fd, &status) != 0) return trouble(path, "cannot be looked at");
    if (!S_ISREG(status.st_mode))
        return Error{"the sealing key " + path.string() + " is not a regular file"};
    if ((status.st_mode & 077) != 0)
        return Error{"the sealing key " + path.string() +
                     " may be read or written by others than its owner; run: chmod 600 " +
                     path.string()};
    if (status.st_uid != ::geteuid() && status.st_uid != 0)
        return Error{"the sealing key " + path.string() +
                     " belongs to another user; run: chown to the user of the service"};
    std::string text(256, '\0');
    const auto size = ::read(file.fd, text.data(), text.size());
    if (size < 0) return trouble(path, "cannot be read");
    text.resize(static_cast<std::size_t>(size));
    if (text.size() == 32) return Secret(std::move(text));
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    auto bytes = from_hex(text);
    if (!bytes || bytes->size() != 32)
        return Error{"the sealing key " + path.string() +
                     " holds neither 64 hexadecimal digits nor 32 bytes"};
    return Secret(std::move(*bytes));
}

// Whole or not at all, and never over one that another process has just made.
Result<bool> make_key_file(const std::filesystem::path& path) {
    std::error_code ignored;
    std::filesystem::create_directories(path.parent_path(), ignored);
    const auto temporary = path.string() + "." + random_id();
    const std::string text = to_hex(random_bytes(32)) + "\n";
    {
        const File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (file.fd < 0) return trouble(path, "cannot be made");
        if (::write(file.fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
            ::fsync(file.fd) != 0) {
            const auto error = trouble(path, "cannot be written");
            ::unlink(temporary.c_str());
            return error;
        }
    }
    const bool linked = ::link(temporary.c_str(), path.c_str()) == 0 || errno == EEXIST;
    const auto error = trouble(path, "cannot be made");
    ::unlink(temporary.c_str());
    if (!linked) return error;
    const auto folder = path.has_parent_path() ? path.parent_path().string() : ".";
    const File directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.fd >= 0) ::fsync(directory.fd);
    return true;
}

}  // namespace

Result<SealingKey> SealingKey::load_or_create(const std::filesystem::path& path) {
    for (int attempt = 0; attempt < 2; ++attempt) {
        const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        if (file.fd >= 0) {
            auto key = read_key(path, file);
            if (!key) return key.error();
            return SealingKey(std::move(*key));
        }
        if (errno != ENOENT) return trouble(path, "cannot be opened");
        if (auto made = make_key_file(path); !made) return made.error();
    }
    return trouble(path, "cannot be opened");
}

Result<SealingKey> SealingKey::load_beside(const std::filesystem::path& file,
                                           const std::filesystem::path& data) {
    std::error_code ignored;
    bool holds_data = false;
    for (std::filesystem::directory_iterator at(data, ignored), end; at != end;
         at.increment(ignored))
        holds_data = holds_data || at->path().filename() != "lost+found";
    if (holds_data && !std::filesystem::exists(std::filesystem::symlink_status(file, ignored)))
        return Error{"the sealing key " + file.string() + " is missing, and what lies in " +
                     data.string() +
                     " cannot be read without it: restore the key from your backup, or let "
                     "`sealing_key` name "
                     "where it is; to start afresh, move " +
                     data.string() + " away"};
    return load_or_create(file);
}

std::string SealingKey::seal(std::string_view plain, std::string_view purpose) const {
    assert(bytes_.reveal().size() == 32);
    const auto key = sealing_part(bytes_);
    const auto bound = authenticated(purpose);
    std::string sealed = std::string(1, version) + random_bytes(nonce_size);
    const auto head = sealed.size();
    sealed.resize(head + plain.size() + tag_size);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        reinterpret_cast<unsigned char*>(sealed.data()) + head, nullptr, bytes_of(plain),
        plain.size(), bytes_of(bound), bound.size(), nullptr, bytes_of(sealed) + 1, key.data());
    return sealed;
}

Result<std::string> SealingKey::open(std::string_view sealed, std::string_view purpose) const {
    constexpr std::size_t head = 1 + nonce_size;
    if (sealed.size() < head + tag_size || sealed.front() != version)
        return Error{"this is nothing that was sealed here"};
    const auto key = sealing_part(bytes_);
    const auto bound = authenticated(purpose);
    std::string plain(sealed.size() - head - tag_size, '\0');
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            reinterpret_cast<unsigned char*>(plain.data()), nullptr, nullptr,
            bytes_of(sealed) + head, sealed.size() - head, bytes_of(bound), bound.size(),
            bytes_of(sealed) + 1, key.data()) != 0)
        return Error{
            "this was sealed under another key or for another purpose, or was changed "
            "since"};
    return plain;
}

Secret SealingKey::derive(std::string_view purpose) const {
    const auto key = hmac_sha256(bytes_, "use:" + std::string(purpose));
    return Secret(std::string(reinterpret_cast<const char*>(key.data()), key.size()));
}

}  // namespace slipway
