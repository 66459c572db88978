#include "handlers/runs/worker/apply_record.hpp"

namespace slipway {

void ApplyRecord::take(std::string_view bytes, const Read& read) {
    for (const char c : bytes) {
        if (c == '\n') {
            if (auto done = read(line_))
                (done->destroyed ? destroyed_ : made_).insert(std::move(done->address));
            line_.clear();
        } else if (line_.size() < longest_line) {
            line_ += c;
        }
    }
}

ApplyProgress ApplyRecord::progress(const Plan& plan, const Masker& masker) const {
    std::set<std::string, std::less<>> made, destroyed;
    for (const auto& address : made_) made.insert(masker(address));
    for (const auto& address : destroyed_) destroyed.insert(masker(address));
    ApplyProgress out;
    const auto add = [](std::vector<std::string>& list, int& count, const std::string& address) {
        ++count;
        if (list.size() < ApplyProgress::most) list.push_back(address);
    };
    for (const auto& change : plan.changes) {
        const auto& address = change.address;
        const bool removes = change.action == Action::remove;
        const bool replaces = change.action == Action::replace;
        if (!removes && !replaces && change.action != Action::create &&
            change.action != Action::update)
            continue;
        if (removes ? destroyed.contains(address) : made.contains(address))
            add(out.made, out.made_count, address);
        else if (replaces && destroyed.contains(address))
            add(out.halfway, out.halfway_count, address);
        else
            add(out.left, out.left_count, address);
    }
    return out;
}

}  // namespace slipway
