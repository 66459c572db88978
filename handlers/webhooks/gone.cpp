#include "handlers/webhooks/gone.hpp"

#include <algorithm>
#include <map>

#include "queue/store.hpp"
#include "service/model/pull_record.hpp"

namespace slipway {

namespace {

// "stacks/net/main.tf" below "stacks/net": "main.tf"; "": it lies elsewhere.
std::string_view below(std::string_view directory, std::string_view path) {
    if (path.size() <= directory.size() + 1 || !path.starts_with(directory) ||
        path[directory.size()] != '/')
        return {};
    return path.substr(directory.size() + 1);
}

// The directory in which `path` would be `name`; "": it is none, or the root.
std::string holder_of(std::string_view path, std::string_view name) {
    if (path.size() <= name.size() + 1 || !path.ends_with(name)) return {};
    const auto slash = path.size() - name.size() - 1;
    return path[slash] == '/' ? std::string(path.substr(0, slash)) : std::string();
}

std::string_view last_part(std::string_view path) {
    return path.substr(path.rfind('/') == path.npos ? 0 : path.rfind('/') + 1);
}

std::size_t same_contents(const RenameQuestion& question, const std::string& other) {
    return static_cast<std::size_t>(
        std::count_if(question.files.begin(), question.files.end(), [&](const std::string& file) {
            const auto old = question.before(file);
            return !old.empty() &&
                   old == question.now(other + "/" + std::string(below(question.directory, file)));
        }));
}

}  // namespace

Renamed renamed_directory(const RenameQuestion& question) {
    std::map<std::string, std::size_t> votes;
    std::set<std::string> held;  // directories that got a file under one of the old names
    std::multimap<std::string_view, std::string_view> old_names;
    for (const auto& file : question.files)
        old_names.emplace(last_part(file), below(question.directory, file));
    for (const auto& file : *question.changed) {
        if (file.how == ChangedFile::How::removed || file.how == ChangedFile::How::modified)
            continue;
        if (const auto name = below(question.directory, file.previous_path); !name.empty())
            if (const auto holder = holder_of(file.path, name); !holder.empty()) ++votes[holder];
        const auto [from, to] = old_names.equal_range(last_part(file.path));
        for (auto old = from; old != to; ++old)
            if (const auto holder = holder_of(file.path, old->second); !holder.empty())
                held.insert(holder);
    }
    std::erase_if(votes, [&](const auto& one) { return question.taken.contains(one.first); });
    Renamed out;
    std::size_t most = 0;
    for (const auto& [directory, count] : votes)
        if (count > most) most = count, out.looks_like = directory;
    if (most * 2 <= question.files.size()) return out;
    for (const auto& other : held)
        if (other != out.looks_like && same_contents(question, other) * 2 >= question.files.size())
            return out;
    out.to = out.looks_like;
    return out;
}

}  // namespace slipway
