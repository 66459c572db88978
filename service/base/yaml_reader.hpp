// Reads maps of configuration key by key and collects every finding instead of stopping at the
// first. A key that nobody asked for is a finding itself, with a guess at what was meant.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/base/yaml.hpp"
#include "service/model/config_finding.hpp"
#include "service/model/words.hpp"

namespace slipway {

class Findings {
  public:
    void add(const Place& place, std::string message) {
        all_.push_back({place, std::move(message)});
    }
    void warn(const Place& place, std::string message) {
        warnings_.push_back({place, std::move(message)});
    }
    bool empty() const { return all_.empty(); }  // whatever the warnings
    const std::vector<ConfigFinding>& all() const { return all_; }
    const std::vector<ConfigFinding>& warnings() const { return warnings_; }
    std::string text() const;  // one a line, in the order of their places

  private:
    std::vector<ConfigFinding> all_;
    std::vector<ConfigFinding> warnings_;
};

// "a list", for messages.
std::string_view kind_name(const Yaml&);

// One map. Every reading function marks its key as known, reports what does not fit and then
// returns nothing, as it does where the key is absent.
class MapReader {
  public:
    // A node that is not a map is reported, and reads as an empty one. `what`: "a stack", for
    // messages.
    MapReader(const Yaml& node, std::string what, Findings& findings);
    ~MapReader();  // reports the keys that nobody asked for
    MapReader(const MapReader&) = delete;
    MapReader& operator=(const MapReader&) = delete;

    const Yaml* find(std::string_view key);                 // null where absent or null
    std::optional<std::string> text(std::string_view key);  // not empty
    std::optional<int> whole(std::string_view key, int least, int most);
    std::optional<bool> boolean(std::string_view key);
    std::vector<std::string> texts(std::string_view key);  // a list of texts
    template <Worded E>
    std::optional<E> word(std::string_view key) {
        const auto said = text(key);
        if (!said) return std::nullopt;
        const auto parsed = parse_word<E>(*said);
        if (!parsed) {
            std::string choice;
            for (auto one : words_of(E{}))
                choice += (choice.empty() ? "" : ", ") + std::string(one);
            report(key, "is one of " + choice);
        }
        return parsed;
    }

    // Says that the key must be there; false where it is not.
    bool require(std::string_view key);
    // A finding at the key's value, or at the map where the key is absent: "`key` " + message.
    void report(std::string_view key, std::string_view message);
    Place place_of(std::string_view key) const;
    const Place& place() const { return place_; }

  private:
    const bool is_map_;
    const Yaml& node_;
    const Place place_;
    std::string what_;
    Findings& findings_;
    std::vector<std::string> known_;
};

}  // namespace slipway
