// Sealing at rest: authenticated encryption (libsodium's secretstream/XChaCha20-Poly1305) under a
// key that lies outside the data directory. `purpose` is bound in, so that a sealed plan cannot
// stand in for anything else.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

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

    std::string seal(std::string_view plain, std::string_view purpose) const;
    Result<std::string> open(std::string_view sealed, std::string_view purpose) const;
    // A key of its own for another use: HMAC(key, purpose).
    Secret derive(std::string_view purpose) const;

  private:
    Secret bytes_;
};

}  // namespace slipway
