#include "service/wording/progress.hpp"

#include "service/wording/numbers.hpp"

namespace slipway {

namespace {

constexpr std::size_t named = 6;

std::string names(const std::vector<std::string>& addresses, int count, const Voice& voice) {
    std::string out;
    for (std::size_t i = 0; i < addresses.size() && i < named; ++i)
        out += (i ? ", " : "") + voice.code(addresses[i]);
    const auto rest = count - static_cast<int>(std::min(addresses.size(), named));
    return rest > 0 ? out + " and " + std::to_string(rest) + " more" : out;
}

std::string lock_text(ApplyProgress::Lock lock) {
    switch (lock) {
        case ApplyProgress::Lock::free:
            return "";  // as it should be
        case ApplyProgress::Lock::released:
            return " The lock that it left on the state was taken away.";
        case ApplyProgress::Lock::held:
            return " The state is still locked: somebody has to take its lock away.";
        case ApplyProgress::Lock::not_known:
            break;
    }
    return " Whether the state is still locked is not known.";
}

}  // namespace

std::string progress_text(const ApplyProgress& progress, const Voice& voice) {
    std::string out;
    if (progress.made_count == 0)
        out = "Nothing was applied to its end";
    else
        out = "Applied: " + names(progress.made, progress.made_count, voice);
    if (progress.halfway_count)
        out += ". Destroyed and not created again: " +
               names(progress.halfway, progress.halfway_count, voice);
    if (progress.left_count)
        out += ". Not applied: " + names(progress.left, progress.left_count, voice);
    return out + "." + lock_text(progress.lock);
}

}  // namespace slipway
