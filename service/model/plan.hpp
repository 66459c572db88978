// One shape for what any tool would do. Values are JSON texts, already redacted: a sensitive value
// is nowhere in a Plan (walked out by the tool's reader before the Plan exists).
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "service/model/words.hpp"

namespace slipway {

enum class Action { none, create, read, update, remove, replace, forget };
constexpr std::array<std::string_view, 7> words_of(Action) {
    return {"none", "create", "read", "update", "delete", "replace", "forget"};
}

// One changed attribute. Paths are written as people do: tags.owner, ingress[0].cidr.
struct AttributeChange {
    enum class Kind { value, known_after_apply, sensitive, absent };
    BOOST_DESCRIBE_NESTED_ENUM(Kind, value, known_after_apply, sensitive, absent)
    struct Side {
        Kind kind = Kind::absent;
        std::string json;  // a JSON text where kind is value

        bool operator==(const Side&) const = default;
        static void fields(auto& self, auto&& f) {
            f("kind", self.kind);
            f("json", self.json);
        }
    };
    std::string path;
    Side before, after;
    bool forces_replacement = false;

    bool operator==(const AttributeChange&) const = default;
    static void fields(auto& self, auto&& f) {
        f("path", self.path);
        f("before", self.before);
        f("after", self.after);
        f("forces_replacement", self.forces_replacement);
    }
};

struct Change {
    std::string address;  // module.db.aws_db_instance.main[0]
    std::string type;     // aws_db_instance
    std::string provider;
    Action action = Action::none;
    std::string previous_address;  // moved from there
    std::string import_id;         // imported
    std::string reason;            // the tool's own word, e.g. replace_because_cannot_update
    std::vector<AttributeChange> attributes;  // changed ones only
    std::string file;                         // where the resource is declared, where known
    int line = 0;

    bool operator==(const Change&) const = default;
    static void fields(auto& self, auto&& f) {
        f("address", self.address);
        f("type", self.type);
        f("provider", self.provider);
        f("action", self.action);
        f("previous_address", self.previous_address);
        f("import_id", self.import_id);
        f("reason", self.reason);
        f("attributes", self.attributes);
        f("file", self.file);
        f("line", self.line);
    }
};

// An output as it will be once the plan is applied.
struct PlannedOutput {
    std::string name;
    AttributeChange::Side after;

    bool operator==(const PlannedOutput&) const = default;
    static void fields(auto& self, auto&& f) {
        f("name", self.name);
        f("after", self.after);
    }
};

struct PlanCounts {
    int create = 0, update = 0, remove = 0, replace = 0, move = 0, import = 0, forget = 0;
    bool predicted_only = false;  // the tool does not promise that an apply does just this

    bool operator==(const PlanCounts&) const = default;
    bool any() const { return create || update || remove || replace || move || import || forget; }
    static void fields(auto& self, auto&& f) {
        f("create", self.create);
        f("update", self.update);
        f("delete", self.remove);
        f("replace", self.replace);
        f("move", self.move);
        f("import", self.import);
        f("forget", self.forget);
        f("predicted_only", self.predicted_only);
    }
};

// Adds one change by its action; that it also moves or imports is the caller's to count.
inline void count(PlanCounts& counts, Action action) {
    switch (action) {
        case Action::create:
            ++counts.create;
            break;
        case Action::update:
            ++counts.update;
            break;
        case Action::remove:
            ++counts.remove;
            break;
        case Action::replace:
            ++counts.replace;
            break;
        case Action::forget:
            ++counts.forget;
            break;
        case Action::none:
        case Action::read:
            break;
    }
}

struct Plan {
    std::string tool_version;
    std::vector<Change> changes;               // no-ops left out
    std::vector<std::string> outputs;          // names of outputs that change
    std::vector<PlannedOutput> outputs_after;  // all that there will be
    PlanCounts counts;
    int resources = -1;        // that the state holds before it; -1: not known
    int resources_after = -1;  // and will hold when all of it is applied

    bool operator==(const Plan&) const = default;
    static void fields(auto& self, auto&& f) {
        f("tool_version", self.tool_version);
        f("changes", self.changes);
        f("outputs", self.outputs);
        f("outputs_after", self.outputs_after);
        f("counts", self.counts);
        f("resources", self.resources);
        f("resources_after", self.resources_after);
    }
};

}  // namespace slipway
