// The tree in force and the newest one, which differ while the newest has findings. One coroutine
// polls; current() may be asked by any thread.
#include "service/catalog/catalog.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <mutex>

namespace slipway {

namespace {

namespace fs = std::filesystem;

// Names, sizes and times of all that lies below; equal means: nothing was written.
std::string fingerprint(const fs::path& directory) {
    std::vector<std::string> lines;
    std::error_code error;
    for (fs::recursive_directory_iterator it(directory, error), end; it != end;
         it.increment(error)) {
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
                        std::to_string(status.st_mtim.tv_sec) + '.' +
                        std::to_string(status.st_mtim.tv_nsec));
    }
    std::sort(lines.begin(), lines.end());
    std::string all;
    for (const auto& line : lines) all.append(line).append(1, '\n');
    return all;
}

}  // namespace

struct Catalog::State {
    fs::path directory;
    mutable std::mutex mutex;  // for `current`
    std::shared_ptr<const Organisation> current = std::make_shared<Organisation>();
    bool current_is_good = false;                // judged, and nothing found
    std::shared_ptr<const Organisation> newest;  // the same, unless something was found in it
    std::vector<ConfigFinding> own_findings;     // of the newest, the catalogue's
    std::vector<ConfigFinding> findings;         // and all of them
    bool settled = false;
    std::string seen;

    void read() {
        // Before the reading: what is written meanwhile is seen by the next poll.
        auto now = fingerprint(directory);
        Loaded loaded = load_organisation(directory);
        newest = std::make_shared<const Organisation>(std::move(loaded.organisation));
        own_findings = std::move(loaded.findings);
        settled = false;
        seen = std::move(now);
    }

    void take_into_force() {
        std::lock_guard lock(mutex);
        current = newest;
    }

    // True where something is different from before.
    bool settle(std::vector<ConfigFinding> found) {
        const bool good = found.empty();
        const bool takes = own_findings.empty() && (good || !current_is_good);
        const bool changed = found != findings || (takes && newest->digest != current->digest);
        findings = std::move(found);
        settled = good || !own_findings.empty();
        if (takes) take_into_force();
        if (takes) current_is_good = good;
        return changed;
    }
};

Catalog::Catalog(std::optional<fs::path> directory) {
    state_ = std::make_shared<State>();
    if (!directory) return;
    state_->directory = std::move(*directory);
    state_->read();
    state_->findings = state_->own_findings;
    if (state_->own_findings.empty()) state_->take_into_force();
}

std::shared_ptr<const Organisation> Catalog::current() const {
    std::lock_guard lock(state_->mutex);
    return state_->current;
}

const std::vector<ConfigFinding>& Catalog::findings() const { return state_->findings; }

bool Catalog::newest_in_force() const { return state_->newest == state_->current; }

Task<bool> Catalog::poll(Judge judge) {
    auto state = state_;
    if (state->directory.empty()) co_return false;
    if (fingerprint(state->directory) != state->seen)
        state->read();
    else if (state->settled)
        co_return false;
    auto found = state->own_findings;
    if (found.empty() && judge) found = co_await judge(state->newest);
    co_return state->settle(std::move(found));
}

}  // namespace slipway
