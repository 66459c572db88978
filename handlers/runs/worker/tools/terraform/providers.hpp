// Which provider programs a run may start (rule R3). `init` installs them below the run's data
// directory, from the registry, whose signatures it checks, or from the mirrors that the service's
// configuration names. What it left is looked at from outside before anything of a provider runs.
// One cache serves all runs; only this code, outside of every sandbox, writes to it: a package
// enters under its own hash after init has verified it, moved in as a whole, and a run finds there
// only what its lock file has the hash of.
//
//   CACHE/HOST/NAMESPACE/TYPE/VERSION/PLATFORM/HEX-OF-H1/…    the unpacked package
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "service/model/provider.hpp"

namespace slipway {

struct InstalledProvider {
    std::string address;
    std::string version;
    std::string platform;
    std::filesystem::path path;  // the package's real directory
    std::string hash;            // h1
    bool downloaded = false;     // by this run, into its own data directory
};

// Puts what the cache holds of the locked providers where init looks for what is there already.
void offer_cached(const std::filesystem::path& cache, const std::vector<LockedProvider>& locked,
                  const std::filesystem::path& data);

// What lies in the run's data directory after init. Throws Failure(never) where a package comes
// from elsewhere than a download, the cache or a mirror, or is nothing that can be digested.
std::vector<InstalledProvider> installed_providers(const std::filesystem::path& data,
                                                   const std::filesystem::path& cache,
                                                   const std::vector<std::string>& mirrors);

// Why what is installed is not what the lock file says, as a sentence; "": it is.
std::string lock_trouble(const std::vector<InstalledProvider>& installed,
                         const std::vector<LockedProvider>& locked);

// Downloaded packages that the lock file has the hash of. A cache that cannot be written costs time
// only.
void keep_in_cache(const std::filesystem::path& cache,
                   const std::vector<InstalledProvider>& installed,
                   const std::vector<LockedProvider>& locked);

// Addresses of the providers that a mirror directory holds, packed or unpacked.
std::vector<std::string> mirrored_providers(const std::filesystem::path& mirror);

}  // namespace slipway
