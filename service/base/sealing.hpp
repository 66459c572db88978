// Sealing at rest: authenticated encryption (libsodium's secretstream/XChaCha20-Poly1305) under a
// key that lies outside the data directory. `purpose` is bound in, so that a sealed plan cannot
// stand in for anything else.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "service/base/chunks.hpp"
#include "service/base/result.hpp"
#include "service/model/secret.hpp"

namespace slipway {

class SealingKey {
  public:
    explicit SealingKey(Secret bytes) : bytes_(std::move(bytes)) {}  // 32 bytes
    // Reads the key file (hex or 32 raw bytes; mode must not be readable by others), making one of
    // mode 0600 where it is absent.
    static Result<SealingKey> load_or_create(const std::filesystem::path& file);
    // The same where `data` holds nothing yet. What lies there is sealed under the key it had, so a
    // key that is missing beside it is an error and not a reason for a new one.
    static Result<SealingKey> load_beside(const std::filesystem::path& file,
                                          const std::filesystem::path& data);

    // What `plain` gives, sealed.
    ChunkSource seal(ChunkSource plain, std::string_view purpose) const;
    // What was sealed. Throws Failure(never) at the piece that is not what seal() made of it, or
    // that is missing.
    ChunkSource open(ChunkSource sealed, std::string_view purpose) const;
    // A key of its own for another use: HMAC(key, purpose).
    Secret derive(std::string_view purpose) const;

  private:
    Secret bytes_;
};

}  // namespace slipway
