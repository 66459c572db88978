// yaml-cpp's events to our tree. The tree is built on a stack of our own; every bound stands here:
// size of the text, nesting, and nodes, counted after aliases are copied, so that ten lines of
// anchors cannot ask for a gigabyte.
#include "service/base/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <map>
#include <optional>
#include <set>
#include <streambuf>

#include "service/base/json.hpp"
#include "service/base/utf8.hpp"
#include "service/base/yaml_mistakes.hpp"

namespace slipway {

namespace {

constexpr std::size_t text_limit = 4 * 1024 * 1024;
constexpr std::size_t depth_limit = 64;
constexpr std::size_t node_limit = 200'000;

struct Refused {
    Place place;
    std::string message;
};

class ViewBuffer : public std::streambuf {
  public:
    explicit ViewBuffer(std::string_view text) {
        auto* begin = const_cast<char*>(text.data());
        setg(begin, begin, begin + text.size());
    }
};

// yaml-cpp takes a quote that is never closed as one that ends with the text.
bool is_closed(std::string_view quoted_text) {
    if (quoted_text.empty()) return true;
    const char quote = quoted_text.front();
    if (quote != '"' && quote != '\'') return true;  // an anchor or a tag stands before it
    for (std::size_t i = 1; i < quoted_text.size(); ++i) {
        const bool doubled = quoted_text.substr(i, 2) == "''";
        if (quote == '"' ? quoted_text[i] == '\\' : doubled)
            ++i;
        else if (quoted_text[i] == quote)
            return true;
    }
    return false;
}

// How much an alias costs: its values, and how deep they go.
struct Extent {
    std::size_t nodes = 1;
    std::size_t depth = 0;
};

Extent extent_of(const Yaml& node) {
    Extent all;
    const auto add = [&](const Yaml& child) {
        const auto extent = extent_of(child);
        all.nodes += extent.nodes;
        all.depth = std::max(all.depth, extent.depth + 1);
    };
    for (const auto& item : node.list) add(item);
    for (const auto& entry : node.map) add(entry.value);
    return all;
}

class TreeBuilder : public YAML::EventHandler {
  public:
    TreeBuilder(std::string file, std::string_view text) : file_(std::move(file)), text_(text) {}

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (documents_++ == 0) return;
        if (text_from(text_, place(mark)).starts_with("---"))
            refuse(mark, "only one document is read; remove what follows ---");
        refuse(mark, with_line("what is written above is complete, and this is neither an item nor "
                               "a key of it; remove it, or indent it where it belongs",
                               text_, place(mark)));
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        Yaml node;
        node.place = wants_value() ? open_.back().key_place : place(mark);
        if (wants_key()) refuse(mark, "a key must be a text");
        complete(std::move(node), anchor);
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_tag(mark, tag);
        if (value.find('\0') != value.npos) refuse(mark, "a text must not contain a NUL");
        if (tag == "!" && !is_closed(text_from(text_, place(mark))))
            refuse(mark, with_line("the quote that opens here is never closed; add the closing one",
                                   text_, place(mark)));
        if (wants_key()) return take_key(mark, value);
        Yaml node;
        node.kind = Yaml::Kind::scalar;
        node.scalar = value;
        node.quoted = tag == "!";
        node.place = place(mark);
        complete(std::move(node), anchor);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        if (wants_key()) refuse(mark, "a key must be a text, not an alias");
        const auto at = anchored_.find(anchor);
        if (at == anchored_.end()) refuse(mark, "an alias cannot stand inside what it names");
        count(mark, at->second.extent.nodes);
        if (open_.size() + at->second.extent.depth > depth_limit) refuse_depth(mark);
        attach(at->second.node);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, Yaml::Kind::list);
    }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, Yaml::Kind::map);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapEnd() override {
        merge_in(open_.back().node);
        close();
    }

    Yaml take() { return std::move(root_); }

  private:
    struct Open {
        Yaml node;
        YAML::anchor_t anchor = 0;
        std::map<std::string, int> lines;  // of the keys so far
        bool has_key = false;
        std::string key;
        Place key_place;
    };
    struct Anchored {
        Yaml node;
        Extent extent;
    };

    Place place(const YAML::Mark& mark) const { return {file_, mark.line + 1, mark.column + 1}; }
    [[noreturn]] void refuse(const YAML::Mark& mark, std::string message) const {
        throw Refused{place(mark), std::move(message)};
    }
    [[noreturn]] void refuse_depth(const YAML::Mark& mark) const {
        refuse(mark, "nested deeper than " + std::to_string(depth_limit) + " levels");
    }
    void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
        if (!tag.empty() && tag != "?" && tag != "!")
            refuse(mark, "the tag " + tag + " has no meaning here; remove it");
    }
    bool in_map() const { return !open_.empty() && open_.back().node.kind == Yaml::Kind::map; }
    bool wants_key() const { return in_map() && !open_.back().has_key; }
    bool wants_value() const { return in_map() && open_.back().has_key; }

    void count(const YAML::Mark& mark, std::size_t nodes) {
        nodes_ += nodes;
        if (nodes_ > node_limit)
            refuse(mark, "more than " + std::to_string(node_limit) +
                             " values (aliases count as often as they are used)");
    }
    void take_key(const YAML::Mark& mark, const std::string& key) {
        auto& map = open_.back();
        const auto [first, is_new] = map.lines.emplace(key, mark.line + 1);
        if (!is_new)
            refuse(mark, "the key " + quoted(key) + " stands here twice, first on line " +
                             std::to_string(first->second));
        map.has_key = true;
        map.key = key;
        map.key_place = place(mark);
    }
    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
              Yaml::Kind kind) {
        refuse_tag(mark, tag);
        if (wants_key()) {
            const bool is_template = text_from(text_, place(mark)).starts_with('{') &&
                                     open_.back().node.place.line == mark.line + 1 &&
                                     open_.back().node.place.column == mark.column;
            refuse(mark, is_template ? with_line("a value that begins with `{{` needs quotes",
                                                 text_, place(mark))
                                     : "a key must be a text");
        }
        if (open_.size() >= depth_limit) refuse_depth(mark);
        count(mark, 1);
        auto& made = open_.emplace_back();
        made.node.kind = kind;
        made.node.place = place(mark);
        made.anchor = anchor;
    }
    void close() {
        Open done = std::move(open_.back());
        open_.pop_back();
        remember(done.node, done.anchor);
        attach(std::move(done.node));
    }
    void complete(Yaml node, YAML::anchor_t anchor) {
        nodes_ += 1;  // bounded by the size of the text
        remember(node, anchor);
        attach(std::move(node));
    }
    void remember(const Yaml& node, YAML::anchor_t anchor) {
        if (anchor == 0) return;
        const auto extent = extent_of(node);
        nodes_ += extent.nodes;
        if (nodes_ > node_limit)
            throw Refused{node.place, "anchors hold more than " + std::to_string(node_limit) +
                                          " values together"};
        anchored_.insert_or_assign(anchor, Anchored{node, extent});
    }
    void attach(Yaml node) {
        if (open_.empty()) {
            root_ = std::move(node);
        } else if (auto& parent = open_.back(); parent.node.kind == Yaml::Kind::list) {
            parent.node.list.push_back(std::move(node));
        } else {
            parent.node.map.push_back(
                {std::move(parent.key), std::move(parent.key_place), std::move(node)});
            parent.has_key = false;
        }
    }
    // `<<: *defaults` or `<<: [*a, *b]`: what the map does not say itself, the earlier one first.
    void merge_in(Yaml& map) const {
        const auto at = std::find_if(map.map.begin(), map.map.end(),
                                     [](const auto& entry) { return entry.key == "<<"; });
        if (at == map.map.end()) return;
        const Yaml::Entry merge = std::move(*at);
        map.map.erase(at);
        std::set<std::string> said;
        for (const auto& entry : map.map) said.insert(entry.key);
        const auto add = [&](const Yaml& from) {
            if (from.kind != Yaml::Kind::map)
                throw Refused{merge.place, "<< takes a map, or a list of maps"};
            for (const auto& entry : from.map)
                if (said.insert(entry.key).second) map.map.push_back(entry);
        };
        if (merge.value.kind != Yaml::Kind::list) return add(merge.value);
        for (const auto& from : merge.value.list) add(from);
    }

    std::string file_;
    std::string_view text_;
    int documents_ = 0;
    std::size_t nodes_ = 0;
    std::vector<Open> open_;
    std::map<YAML::anchor_t, Anchored> anchored_;
    Yaml root_;
};

// Line and column of a byte, counted as yaml-cpp does.
Place place_of(std::string_view text, std::size_t byte, std::string file) {
    Place place{std::move(file), 1, 1};
    for (char c : text.substr(0, byte)) {
        ++place.column;
        if (c == '\n') ++place.line, place.column = 1;
    }
    return place;
}

std::optional<YamlError> unreadable(std::string_view text, const std::string& file) {
    if (text.size() > text_limit)
        return YamlError{{file, 1, 1}, "larger than 4 MB; split it into several files"};
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F)
            return YamlError{place_of(text, i, file), "a control character; remove it"};
    }
    // A directive, which yaml-cpp passes over when it does not know it.
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '%') {
            const auto place = place_of(text, at, file);
            return YamlError{place, with_line("a line cannot begin with `%`; put quotes around it",
                                              text, place)};
        }
        if (text[at] != '#' && text[at] != '\n' && text[at] != '\r') break;
        at = std::min(text.find('\n', at), text.size() - 1) + 1;
    }
    if (!is_utf8(text)) return YamlError{{file, 1, 1}, "not UTF-8; save it in that encoding"};
    return std::nullopt;
}

}  // namespace

const Yaml* Yaml::find(std::string_view key) const {
    for (const auto& entry : map)
        if (entry.key == key) return &entry.value;
    return nullptr;
}

std::variant<Yaml, YamlError> parse_yaml(std::string_view text, std::string file) {
    if (auto trouble = unreadable(text, file)) return *trouble;
    TreeBuilder builder(file, text);
    ViewBuffer buffer(text);
    std::istream input(&buffer);
    try {
        YAML::Parser parser(input);
        while (parser.HandleNextDocument(builder)) {
        }
        return builder.take();
    } catch (const Refused& refused) {
        return YamlError{refused.place, refused.message};
    } catch (const YAML::Exception& error) {
        if (error.mark.is_null()) return YamlError{{file, 1, 1}, error.msg};
        return yaml_mistake(text, {file, error.mark.line + 1, error.mark.column + 1}, error.msg);
    }
}

}  // namespace slipway
