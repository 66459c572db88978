#include "handlers/runs/worker/tools/read_plan.hpp"

#include <algorithm>

#include "service/base/digest.hpp"

namespace slipway {

Json with_sorted_members(const Json& json) {
    if (json.is_array()) {
        Json out = Json::array();
        for (const auto& item : json.items()) out.push(with_sorted_members(item));
        return out;
    }
    if (!json.is_object()) return json;
    Json::Object members;
    for (const auto& [name, inner] : json.members())
        members.emplace_back(name, with_sorted_members(inner));
    std::stable_sort(
        members.begin(), members.end(),
        [](const Json::Member& a, const Json::Member& b) { return a.first < b.first; });
    return Json(std::move(members));
}

std::string change_digest(const std::multiset<std::string>& changes, const Secret& key) {
    std::string all = "changes\n";
    for (const auto& change : changes) all += change + "\n";
    return hmac_sha256_hex(key, all);
}

}  // namespace slipway
