#include "queue/places.hpp"

namespace slipway {

std::vector<std::string> Places::full() const {
    std::vector<std::string> out;
    for (const auto& [name, count] : counts_)
        if (count.is_full()) out.push_back(name);
    return out;
}

// For the repository, its owner and its forge, as far as they are known.
template <class Change>
bool Places::change(const std::string& repository, Change change) {
    const bool had_room = has_room();
    bool was_full = false;
    const auto of = [&](std::string name, int most_placed, int most_jobs) {
        auto& count = counts_[name];
        count.most_placed = most_placed;
        count.most_jobs = most_jobs;
        was_full = was_full || count.is_full();
        change(count.placed, count.jobs);
        if (count.jobs == 0) counts_.erase(name);
    };
    const auto forge = repository.find('/');
    if (forge != repository.npos) {
        of(repository.substr(0, forge + 1), limits_.of_forge, limits_.at_once / 2);
        const auto owner = repository.find('/', forge + 1);
        if (owner != repository.npos)
            of(repository.substr(0, owner + 1), limits_.of_owner, limits_.at_once);
        if (!repository.ends_with('/')) of(repository, limits_.all, limits_.of_repository);
    }
    change(placed_, jobs_);
    return was_full || !had_room;
}

void Places::begin(const std::string& repository) {
    change(repository, [](int& placed, int& jobs) { ++placed, ++jobs; });
}

bool Places::give_away(const std::string& repository) {
    return change(repository, [](int& placed, int&) { --placed; });
}

bool Places::end(const std::string& repository, bool had_place) {
    return change(repository, [had_place](int& placed, int& jobs) {
        --jobs;
        if (had_place) --placed;
    });
}

}  // namespace slipway
