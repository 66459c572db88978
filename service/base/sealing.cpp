// What is sealed, in bytes:
//     sealed  = %x02 header 1*message    header = 24OCTET, random
//     message = length cipher            length = 4OCTET, of the cipher, the highest first
//     cipher  = plain + 17OCTET          one piece each; the last one is empty and tagged FINAL
// libsodium's secretstream (XChaCha20-Poly1305) under HMAC-SHA256(key, "seal stream"); %x02 and the
// purpose are authenticated with each message, and messages open only in their order. What derive()
// gives comes from other messages than the key of seal(), so that no use learns another's. %x01 was
// one message for the whole.
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

constexpr char version = '\x02';
constexpr char whole_version = '\x01';
constexpr std::size_t header_size = crypto_secretstream_xchacha20poly1305_HEADERBYTES;
constexpr std::size_t added_size = crypto_secretstream_xchacha20poly1305_ABYTES;
constexpr std::size_t length_size = 4;

// libsodium takes unsigned characters.
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

// One stream under way, either direction.
struct SealedStream {
    SealedStream(const Secret& secret, std::string_view purpose, ChunkSource from)
        : key(hmac_sha256(secret, "seal stream")),
          bound(std::string(1, version) + std::string(purpose)),
          source(std::move(from)) {}
    ~SealedStream() { sodium_memzero(&state, sizeof state); }
    SealedStream(const SealedStream&) = delete;
    SealedStream& operator=(const SealedStream&) = delete;

    Sha256 key;
    const std::string bound;
    const ChunkSource source;
    crypto_secretstream_xchacha20poly1305_state state{};
    bool begun = false, ended = false;
};

class Sealer : SealedStream {
  public:
    using SealedStream::SealedStream;

    std::string next() {
        if (ended) return {};
        std::string out;
        if (!begun) begin(out);
        const auto plain = source();
        ended = plain.empty();
        assert(plain.size() <= chunk_size);
        const auto size = plain.size() + added_size;
        for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift & 0xff);
        const auto at = out.size();
        out.resize(at + size);
        crypto_secretstream_xchacha20poly1305_push(
            &state, bytes_of(out) + at, nullptr, bytes_of(std::string_view(plain)), plain.size(),
            bytes_of(std::string_view(bound)), bound.size(),
            ended ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
                  : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
        return out;
    }

  private:
    void begin(std::string& out) {
        begun = true;
        out.assign(1 + header_size, version);
        if (sodium_init() < 0) throw Failure("libsodium cannot be used here", Retry::never);
        crypto_secretstream_xchacha20poly1305_init_push(&state, bytes_of(out) + 1, key.data());
    }
};

class Opener : SealedStream {
  public:
    using SealedStream::SealedStream;

    std::string next() {
        if (ended) return {};
        if (!begun) begin();
        std::size_t size = 0;
        for (const char c : take(length_size)) size = size << 8 | static_cast<unsigned char>(c);
        if (size < added_size || size > chunk_size + added_size) refuse();
        const auto cipher = take(size);
        std::string plain(size - added_size, '\0');
        unsigned char tag = 0;
        if (crypto_secretstream_xchacha20poly1305_pull(
                &state, bytes_of(plain), nullptr, &tag, bytes_of(std::string_view(cipher)),
                cipher.size(), bytes_of(std::string_view(bound)), bound.size()) != 0)
            refuse();
        ended = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
        const bool more = ended && (!rest_.empty() || !source().empty());
        if (more || ended != plain.empty()) refuse();
        return plain;
    }

  private:
    [[noreturn]] static void refuse() {
        throw Failure(
            "this was sealed under another key or for another purpose, or was changed since",
            Retry::never);
    }

    void begin() {
        begun = true;
        rest_ = source();
        if (rest_.starts_with(whole_version))
            throw Failure(
                "this was sealed by an earlier version of slipway, whose format is not read any "
                "more; plan again",
                Retry::never);
        if (!rest_.starts_with(version))
            throw Failure("this is nothing that was sealed here", Retry::never);
        const auto head = take(1 + header_size);
        if (crypto_secretstream_xchacha20poly1305_init_pull(
                &state, bytes_of(std::string_view(head)) + 1, key.data()) != 0)
            refuse();
    }

    // The next so many bytes.
    std::string take(std::size_t count) {
        while (rest_.size() < count) {
            const auto more = source();
            if (more.empty()) refuse();
            rest_ += more;
        }
        auto out = rest_.substr(0, count);
        rest_.erase(0, count);
        return out;
    }

    std::string rest_;  // read, and not yet opened
};

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

ChunkSource SealingKey::seal(ChunkSource plain, std::string_view purpose) const {
    assert(bytes_.reveal().size() == 32);
    auto sealer = std::make_shared<Sealer>(bytes_, purpose, std::move(plain));
    return [sealer] { return sealer->next(); };
}

ChunkSource SealingKey::open(ChunkSource sealed, std::string_view purpose) const {
    auto opener = std::make_shared<Opener>(bytes_, purpose, std::move(sealed));
    return [opener] { return opener->next(); };
}

Secret SealingKey::derive(std::string_view purpose) const {
    const auto key = hmac_sha256(bytes_, "use:" + std::string(purpose));
    return Secret(std::string(reinterpret_cast<const char*>(key.data()), key.size()));
}

}  // namespace slipway
