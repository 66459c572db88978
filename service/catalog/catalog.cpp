// The tree in force and the newest one, which differ while the newest has findings. One thread polls;
// current() may be asked by any.
#include "service/catalog/catalog.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <mutex>

#include "service/base/log.hpp"

namespace slipway {

namespace {

namespace fs = std::filesystem;

// Names, sizes and times of all that lies below; equal means: nothing was written.
std::string fingerprint(const fs::path& directory) {
    std::vector<std::string> lines;
    std::error_code error;
    for (fs::recursive_directory_iterator it(directory, error), end; it != end; it.increment(error)) {
        if (error) break;
        const auto name = it->path().filename().string();
        if (name.starts_with('.')) {
            it.disable_recursion_pending();
            continue;
        }
        struct stat status {};
        if (::stat(it->path().c_str(), &status) != 0) continue;
        lines.push_back(it->path().string() + ' ' + std::to_string(status.st_ino) + ' ' +
                        std::to_string(S_ISDIR(status.st_mode) ? 0 : status.st_size) + ' ' +
                        std::to_string(status.st_mtim.tv_sec) + '.' + std::to_string(status.st_mtim.tv_nsec));
    }
    std::sort(lines.begin(), lines.end());
    std::string all;
    for (const auto& line : lines) all.append(line).append(1, '\n');
    return all;
}

}  // namespace

struct Catalog::State {
    std::optional<fs::path> directory;
    mutable std::mutex mutex;
    std::shared_ptr<const Organisation> current = std::make_shared<Organisation>();
    std::vector<ConfigFinding> findings;
    std::string seen;
    std::string digest;  // of the newest, good or not
    bool loaded = false;

    bool load() {
        // Before the reading: what is written meanwhile is seen by the next poll.
        std::string now = fingerprint(*directory);
        if (loaded && now == seen) return false;
        seen = std::move(now);
        Loaded newest = load_organisation(*directory);
        bool changed = !loaded || newest.organisation.digest != digest || newest.findings != findings;
        loaded = true;
        digest = newest.organisation.digest;
        findings = std::move(newest.findings);
        if (!changed) return false;
        for (const auto& finding : findings)
            log_warning("the organisation tree has a finding", {{"finding", finding.text()}});
        if (findings.empty()) {
            std::lock_guard lock(mutex);
            current = std::make_shared<const Organisation>(std::move(newest.organisation));
        } else {
            log_warning("the organisation tree is not taken into use; the last good one stays in force",
                        {{"findings", static_cast<std::int64_t>(findings.size())}});
        }
        return true;
    }
};

Catalog::Catalog(std::optional<fs::path> directory) : state_(std::make_shared<State>()) {
    state_->directory = std::move(directory);
    if (state_->directory) state_->load();
}

std::shared_ptr<const Organisation> Catalog::current() const {
    std::lock_guard lock(state_->mutex);
    return state_->current;
}

const std::vector<ConfigFinding>& Catalog::findings() const { return state_->findings; }

bool Catalog::poll() { return state_->directory && state_->load(); }

}  // namespace slipway
