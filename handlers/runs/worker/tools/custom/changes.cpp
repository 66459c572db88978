#include "handlers/runs/worker/tools/custom/changes.hpp"

#include <algorithm>
#include <initializer_list>

#include "handlers/runs/worker/tools/scrubber.hpp"
#include "service/base/nearest.hpp"

namespace slipway::custom {

namespace {

constexpr int version = 1;
constexpr std::size_t longest_text = 4'000;

struct Misfit {
    std::string message;
};

[[noreturn]] void misfit(const std::string& path, const std::string& what) {
    throw Misfit{"`" + path + "` " + what};
}

// One object of the document: each member is asked for by name, and none is there beside them.
class Reader {
  public:
    Reader(const Json& json, std::string path, std::string_view what,
           std::initializer_list<std::string> known)
        : json_(json), path_(std::move(path)) {
        if (!json.is_object())
            throw Misfit{(path_.empty() ? std::string("the document") : "`" + path_ + "`") +
                         " is " + std::string(what) + ", which is an object"};
        const std::vector<std::string> names(known);
        for (const auto& [name, value] : json.members())
            if (std::find(names.begin(), names.end(), name) == names.end())
                misfit(at(name),
                       "is not a member of " + std::string(what) + did_you_mean(name, names));
    }

    std::string at(std::string_view member) const {
        return path_.empty() ? std::string(member) : path_ + "." + std::string(member);
    }

    std::string needed_text(std::string_view member) const {
        if (!json_.has(member)) misfit(at(member), "is missing");
        auto out = text(member);
        if (out.empty()) misfit(at(member), "is empty");
        return out;
    }

    std::string text(std::string_view member) const {
        if (!json_.has(member)) return "";
        const auto& value = json_[member];
        if (!value.is_string()) misfit(at(member), "is not a string");
        if (value.text().size() > longest_text) misfit(at(member), "is longer than 4000 bytes");
        return value.text();
    }

    bool flag(std::string_view member) const {
        if (!json_.has(member)) return false;
        if (!json_[member].is_bool()) misfit(at(member), "is neither true nor false");
        return json_[member].bool_or(false);
    }

    const Json& list(std::string_view member) const {
        const auto& value = json_[member];
        if (json_.has(member) && !value.is_array()) misfit(at(member), "is not a list");
        return value;
    }

    const Json& json() const { return json_; }

  private:
    const Json& json_;
    const std::string path_;
};

std::string indexed(const std::string& path, std::size_t index) {
    return path + "[" + std::to_string(index) + "]";
}

Action read_action(const Reader& reader) {
    const auto text = reader.needed_text("action");
    std::string choice;
    for (const auto action : {Action::create, Action::read, Action::update, Action::remove,
                              Action::replace, Action::forget}) {
        if (text == word(action)) return action;
        choice += (choice.empty() ? "" : ", ") + std::string(word(action));
    }
    misfit(reader.at("action"), "is \"" + text + "\"; it is one of " + choice);
}

// Which of an attribute's values may not be shown.
bool hides(const Json& attribute) {
    return attribute["sensitive"].bool_or(false) ||
           is_named_like_a_secret(attribute["path"].string_or(""));
}

void collect(const Json& value, std::vector<Secret>& out) {
    if (value.is_string()) out.emplace_back(value.text());
    if (value.is_number()) out.emplace_back(std::string(value.number_text()));
    for (const auto& item : value.items()) collect(item, out);
    for (const auto& [name, inner] : value.members()) collect(inner, out);
}

// Takes the document apart, and leaves it without sensitive values.
class Document {
  public:
    Document(Json& json, const std::vector<Secret>& known) : json_(json), scrubber_(known) {}

    Plan read() {
        Plan plan;
        const Reader root(json_, "", "a plan", {"version", "changes"});
        if (!json_.has("version")) misfit("version", "is missing");
        if (json_["version"].int_or(0) != version) misfit("version", "is not 1");
        if (!json_.has("changes")) misfit("changes", "is missing");
        root.list("changes");
        auto& changes = json_.at("changes").edit_items();
        for (std::size_t i = 0; i < changes.size(); ++i)
            plan.changes.push_back(change(changes[i], indexed("changes", i), plan.counts));
        return plan;
    }

  private:
    Change change(Json& json, const std::string& path, PlanCounts& counts) {
        const Reader reader(json, path, "a change",
                            {"address", "action", "type", "provider", "reason", "attributes"});
        Change out;
        out.address = clear(json, "address", reader.needed_text("address"));
        out.action = read_action(reader);
        out.type = clear(json, "type", reader.text("type"));
        out.provider = clear(json, "provider", reader.text("provider"));
        out.reason = clear(json, "reason", reader.text("reason"));
        count(counts, out.action);
        if (reader.list("attributes").is_null()) return out;
        auto& attributes = json.at("attributes").edit_items();
        for (std::size_t i = 0; i < attributes.size(); ++i)
            out.attributes.push_back(attribute(attributes[i], indexed(reader.at("attributes"), i)));
        return out;
    }

    AttributeChange attribute(Json& json, const std::string& path) {
        const Reader reader(
            json, path, "an attribute",
            {"path", "before", "after", "after_unknown", "sensitive", "forces_replacement"});
        AttributeChange out;
        out.path = clear(json, "path", reader.needed_text("path"));
        out.forces_replacement = reader.flag("forces_replacement");
        reader.flag("sensitive");
        const bool unknown = reader.flag("after_unknown");
        if (unknown && json.has("after"))
            misfit(reader.at("after"), "is given, although `after_unknown` is true");
        const bool hidden = hides(json);
        out.before = side(json, "before", hidden);
        out.after = side(json, "after", hidden);
        if (unknown) out.after.kind = AttributeChange::Kind::known_after_apply;
        return out;
    }

    AttributeChange::Side side(Json& attribute, std::string_view member, bool hidden) {
        AttributeChange::Side out;
        if (!attribute.has(member) || attribute[member].is_null()) return out;
        auto& value = attribute.at(member);
        if (hidden) {
            value = Json(sensitive_text);
            out.kind = AttributeChange::Kind::sensitive;
            return out;
        }
        scrubber_.scrub(value);
        out.kind = AttributeChange::Kind::value;
        out.json = value.dump();
        return out;
    }

    std::string clear(Json& json, std::string_view member, const std::string& text) {
        auto out = scrubber_.masker()(text);
        if (out != text) json.at(member) = Json(out);
        return out;
    }

    Json& json_;
    const Scrubber scrubber_;
};

}  // namespace

Result<ReadPlan> read_changes(std::string_view shown, const std::vector<Secret>& known,
                              const Secret& digest_key) {
    auto parsed = parse_json(shown);
    if (!parsed) return Error{"it is not valid JSON: " + parsed.error().message};
    ReadPlan out;
    std::multiset<std::string> lines;
    for (const auto& change : (*parsed)["changes"].items()) {
        lines.insert(with_sorted_members(change).dump());
        for (const auto& attribute : change["attributes"].items())
            if (hides(attribute))
                for (const char* side : {"before", "after"})
                    collect(attribute[side], out.sensitive);
    }
    auto secrets = known;
    secrets.insert(secrets.end(), out.sensitive.begin(), out.sensitive.end());
    try {
        out.plan = Document(*parsed, secrets).read();
    } catch (const Misfit& wrong) {
        return Error{wrong.message};
    }
    out.change_digest = change_digest(lines, digest_key);
    out.document = std::move(*parsed);
    return out;
}

}  // namespace slipway::custom
