#include "handlers/runs/worker/tools/terraform/providers.hpp"

#include <algorithm>

#include "handlers/runs/worker/tree_hash.hpp"
#include "handlers/runs/worker/workspace.hpp"
#include "service/base/digest.hpp"
#include "service/base/log.hpp"
#include "service/base/result.hpp"

namespace slipway {

namespace fs = std::filesystem;

namespace {

#if defined(__aarch64__)
constexpr std::string_view own_platform = "linux_arm64";
#else
constexpr std::string_view own_platform = "linux_amd64";
#endif

// "" where it is not an h1.
std::string hex_of(std::string_view hash) {
    if (!hash.starts_with("h1:")) return {};
    const auto bytes = from_base64(hash.substr(3));
    return bytes && bytes->size() == 32 ? to_hex(*bytes) : std::string();
}

bool is_version(std::string_view text) {
    return !text.empty() && text.front() != '.' &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      c == '.' || c == '-' || c == '+';
           });
}

bool lies_in(const fs::path& path, const fs::path& directory) {
    if (directory.empty()) return false;
    const auto [rest, end] =
        std::mismatch(directory.begin(), directory.end(), path.begin(), path.end());
    (void)end;
    return rest == directory.end();
}

[[noreturn]] void refuse(const std::string& sentence) { throw Failure(sentence, Retry::never); }

// OpenTofu (seen in 1.12) leaves the empty file that it locks while it installs a package.
bool is_install_lock(const fs::directory_entry& entry) {
    std::error_code error;
    return entry.path().extension() == ".lock" && fs::is_regular_file(entry.symlink_status()) &&
           entry.file_size(error) == 0 && !error;
}

// Names of what lies in a directory; what is not a directory itself is refused, links and the locks
// of their installation only where they are packages.
std::vector<std::string> names_in(const fs::path& directory, bool packages) {
    std::vector<std::string> out;
    std::error_code error;
    for (auto at = fs::directory_iterator(directory, error);
         !error && at != fs::directory_iterator(); at.increment(error)) {
        if (packages && is_install_lock(*at)) continue;
        const auto status = at->symlink_status();
        if (!fs::is_directory(status) && !(packages && fs::is_symlink(status)))
            refuse("init left " + at->path().filename().string() +
                   " among the providers, which is not a package");
        out.push_back(at->path().filename().string());
    }
    std::sort(out.begin(), out.end());
    return out;
}

const LockedProvider* lock_of(const std::vector<LockedProvider>& locked,
                              const InstalledProvider& provider) {
    for (const auto& one : locked)
        if (one.address == provider.address && one.version == provider.version) return &one;
    return nullptr;
}

bool has_hash(const LockedProvider& lock, const std::string& hash) {
    return std::find(lock.hashes.begin(), lock.hashes.end(), hash) != lock.hashes.end();
}

InstalledProvider examined(const fs::path& place, const fs::path& data, const fs::path& cache,
                           const std::vector<std::string>& mirrors) {
    InstalledProvider out;
    std::error_code error;
    out.path = fs::canonical(place, error);
    const auto name = place.filename().string();
    if (error) refuse("the provider package " + name + " is a link that leads nowhere");
    out.downloaded = lies_in(out.path, fs::canonical(data, error));
    const bool cached = !cache.empty() && lies_in(out.path, fs::weakly_canonical(cache, error));
    const bool mirrored =
        std::any_of(mirrors.begin(), mirrors.end(), [&](const std::string& mirror) {
            return lies_in(out.path, fs::weakly_canonical(mirror, error));
        });
    if (!out.downloaded && !cached && !mirrored)
        refuse("a provider is linked from " + out.path.string() +
               ", which is neither a download nor one of the mirrors under provider_mirrors");
    const auto digits = cached ? from_hex(out.path.filename().string()) : std::nullopt;
    if (digits && digits->size() == 32) {
        out.hash = "h1:" + to_base64(*digits);
    } else if (auto hash = package_hash(out.path)) {
        out.hash = std::move(*hash);
    } else {
        refuse("the provider package " + out.path.string() + " holds something that is not a file");
    }
    return out;
}

void keep(const fs::path& cache, const InstalledProvider& provider) {
    const auto directory = cache / provider.address / provider.version / provider.platform;
    const auto place = directory / hex_of(provider.hash);
    const auto staged = cache / (".new-" + random_id());
    fs::create_directories(directory);
    fs::copy(provider.path, staged, fs::copy_options::recursive);
    // Of the copy: what it was made from may belong to somebody else.
    if (package_hash(staged) != provider.hash) {
        remove_tree(staged);
        throw Failure("the package changed while it was copied");
    }
    const auto readable = fs::perms::group_read | fs::perms::others_read;
    for (const auto& entry : fs::recursive_directory_iterator(staged)) {
        const auto exec = fs::is_directory(entry) || (entry.status().permissions() &
                                                      fs::perms::owner_exec) != fs::perms::none
                              ? fs::perms::group_exec | fs::perms::others_exec
                              : fs::perms::none;
        fs::permissions(entry, readable | exec, fs::perm_options::add);
    }
    std::error_code error;
    fs::rename(staged, place, error);
    // There already, and yet it had to be downloaded: the one that is there is damaged.
    if (error && fs::exists(place)) {
        const auto old = cache / (".old-" + random_id());
        fs::rename(place, old);
        fs::rename(staged, place);
        remove_tree(old);
    } else if (error) {
        remove_tree(staged);
        throw Failure("cannot move a package into place: " + error.message());
    }
}

}  // namespace

void offer_cached(const fs::path& cache, const std::vector<LockedProvider>& locked,
                  const fs::path& data) {
    if (cache.empty()) return;
    for (const auto& provider : locked) {
        if (!is_provider_address(provider.address) || !is_version(provider.version)) continue;
        const auto kept = cache / provider.address / provider.version / own_platform;
        for (const auto& hash : provider.hashes) {
            const auto hex = hex_of(hash);
            std::error_code error;
            if (hex.empty() || !fs::is_directory(kept / hex, error)) continue;
            const auto place = data / "providers" / provider.address / provider.version;
            fs::create_directories(place, error);
            fs::create_symlink(fs::canonical(kept / hex), place / own_platform, error);
            break;
        }
    }
}

std::vector<InstalledProvider> installed_providers(const fs::path& data, const fs::path& cache,
                                                   const std::vector<std::string>& mirrors) {
    std::vector<InstalledProvider> out;
    const auto root = data / "providers";
    std::error_code error;
    if (!fs::exists(root, error)) return out;
    for (const auto& host : names_in(root, false))
        for (const auto& space : names_in(root / host, false))
            for (const auto& type : names_in(root / host / space, false))
                for (const auto& version : names_in(root / host / space / type, false))
                    for (const auto& platform :
                         names_in(root / host / space / type / version, true)) {
                        const auto place = root / host / space / type / version / platform;
                        auto provider = examined(place, data, cache, mirrors);
                        provider.address = host + "/" + space + "/" + type;
                        provider.version = version;
                        provider.platform = platform;
                        out.push_back(std::move(provider));
                    }
    return out;
}

std::string lock_trouble(const std::vector<InstalledProvider>& installed,
                         const std::vector<LockedProvider>& locked) {
    for (const auto& provider : installed) {
        const auto* lock = lock_of(locked, provider);
        const auto name = provider.address + " " + provider.version;
        if (!lock)
            return "the provider " + name +
                   " was installed, but .terraform.lock.hcl does not name it as the tool "
                   "would write it; delete the file, run init and commit what it writes";
        // Those of an archive ("zh:") are init's to check: only the unpacked package is here.
        const bool only_h1 =
            std::all_of(lock->hashes.begin(), lock->hashes.end(),
                        [](const std::string& hash) { return hash.starts_with("h1:"); });
        if (!lock->hashes.empty() && only_h1 && !has_hash(*lock, provider.hash))
            return "the installed provider " + name +
                   " has none of the hashes of .terraform.lock.hcl";
    }
    return {};
}

void keep_in_cache(const fs::path& cache, const std::vector<InstalledProvider>& installed,
                   const std::vector<LockedProvider>& locked) {
    if (cache.empty()) return;
    for (const auto& provider : installed) {
        const auto* lock = lock_of(locked, provider);
        const bool fits = is_provider_address(provider.address) && is_version(provider.version) &&
                          provider.platform == own_platform;
        if (!provider.downloaded || !fits || !lock || !has_hash(*lock, provider.hash)) continue;
        try {
            keep(cache, provider);
        } catch (const std::exception& failure) {
            log_warning("a provider was not kept for other runs",
                        {{"provider", provider.address}, {"error", failure.what()}});
        }
    }
}

std::vector<std::string> mirrored_providers(const fs::path& mirror) {
    std::vector<std::string> out;
    std::error_code error;
    for (auto at = fs::recursive_directory_iterator(mirror, error);
         !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
        if (at.depth() != 2) continue;
        at.disable_recursion_pending();
        const auto address = at->path().lexically_relative(mirror).string();
        if (is_provider_address(address)) out.push_back(address);
    }
    std::sort(out.begin(), out.end());
    return out;
}

}  // namespace slipway
