#include "handlers/runs/worker/tools/terraform/attributes.hpp"

#include <algorithm>
#include <cctype>

#include "handlers/runs/worker/tools/terraform/marks.hpp"
#include "handlers/runs/worker/tools/terraform/plan_json.hpp"

namespace slipway {

std::string path_below(const std::string& path, std::string_view member) {
    const bool plain = !member.empty() && std::all_of(member.begin(), member.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
    });
    if (!plain) return path + "[" + quoted(member) + "]";
    return path.empty() ? std::string(member) : path + "." + std::string(member);
}

std::string path_below(const std::string& path, std::size_t index) {
    return path + "[" + std::to_string(index) + "]";
}

namespace {

using Side = AttributeChange::Side;

// The four trees at one place.
struct Place {
    const Json* before;
    const Json* after;
    const Json* unknown;
    const Json* before_marks;
    const Json* after_marks;
    std::string path;
    bool named_like_a_secret = false;
};

const Json nothing;

class Walk {
  public:
    Walk(const Json& replace_paths, const Scrubber& scrubber) : scrubber_(scrubber) {
        for (const auto& steps : replace_paths.items()) {
            std::string path;
            for (const auto& step : steps.items())
                path = step.is_number() ? path_below(path, static_cast<std::size_t>(step.int_or(0)))
                                        : path_below(path, step.string_or(""));
            forcing_.push_back(path);
        }
    }

    void at(const Place& place) {
        if (is_marked(*place.before_marks) || is_marked(*place.after_marks))
            return sensitive(place);
        if (place.unknown->bool_or(false)) return leaf(place);
        if (place.before->is_object() || place.after->is_object()) {
            if (fits_object(*place.before) && fits_object(*place.after)) return object(place);
        } else if (place.before->is_array() || place.after->is_array()) {
            if (fits_array(*place.before) && fits_array(*place.after)) return array(place);
        }
        leaf(place);
    }

    std::vector<AttributeChange> found;

  private:
    static bool fits_object(const Json& json) { return json.is_null() || json.is_object(); }
    static bool fits_array(const Json& json) { return json.is_null() || json.is_array(); }

    void object(const Place& place) {
        std::vector<std::string_view> names;
        for (const auto* tree : {place.before, place.after, place.unknown})
            for (const auto& [name, value] : tree->members()) names.push_back(name);
        std::sort(names.begin(), names.end());
        names.erase(std::unique(names.begin(), names.end()), names.end());
        if (names.empty() && *place.before != *place.after) return leaf(place);
        for (const auto name : names) {
            Place below{&(*place.before)[name],
                        &(*place.after)[name],
                        &(*place.unknown)[name],
                        &marks_below(*place.before_marks, *place.before, name),
                        &marks_below(*place.after_marks, *place.after, name),
                        path_below(place.path, name),
                        is_named_like_a_secret(name)};
            at(below);
        }
    }

    // What is the same at both ends is left out, so that an inserted element is one change and not
    // all that follow it.
    void array(const Place& place) {
        const auto& before = place.before->items();
        const auto& after = place.after->items();
        const auto unknown_count = place.unknown->items().size();
        const std::size_t after_size = std::max(after.size(), unknown_count);
        if (before.empty() && after_size == 0 && *place.before != *place.after) return leaf(place);
        auto same = [&](std::size_t b, std::size_t a) {
            const auto& unknown = (*place.unknown)[a];
            return a < after.size() && before[b] == after[a] && !has_true(unknown);
        };
        std::size_t front = 0;
        while (front < before.size() && front < after_size && same(front, front)) ++front;
        std::size_t back = 0;
        while (back + front < before.size() && back + front < after_size &&
               same(before.size() - 1 - back, after_size - 1 - back))
            ++back;
        const std::size_t before_end = before.size() - back, after_end = after_size - back;
        for (std::size_t i = front; i < std::max(before_end, after_end); ++i) {
            const bool was = i < before_end, is = i < after_end;
            Place below{was ? &before[i] : &nothing,
                        is ? &(*place.after)[i] : &nothing,
                        is ? &(*place.unknown)[i] : &nothing,
                        was ? &marks_below(*place.before_marks, *place.before, i) : &nothing,
                        is ? &marks_below(*place.after_marks, *place.after, i) : &nothing,
                        path_below(place.path, i),
                        place.named_like_a_secret};
            at(below);
        }
    }

    static bool has_true(const Json& json) {
        if (json.bool_or(false)) return true;
        for (const auto& item : json.items())
            if (has_true(item)) return true;
        for (const auto& [name, inner] : json.members())
            if (has_true(inner)) return true;
        return false;
    }

    static Side side(AttributeChange::Kind kind, std::string json = "") {
        Side out;
        out.kind = kind;
        out.json = std::move(json);
        return out;
    }

    void sensitive(const Place& place) {
        const bool unknown = has_true(*place.unknown);
        if (*place.before == *place.after && !unknown) return;
        using K = AttributeChange::Kind;
        add(place, side(place.before->is_null() ? K::absent : K::sensitive),
            side(place.after->is_null() && !unknown ? K::absent : K::sensitive));
    }

    void leaf(const Place& place) {
        const bool unknown = place.unknown->bool_or(false);
        if (*place.before == *place.after && !unknown) return;
        const bool secret = place.named_like_a_secret;
        using K = AttributeChange::Kind;
        add(place, shown(*place.before, secret),
            unknown ? side(K::known_after_apply) : shown(*place.after, secret));
    }

    Side shown(const Json& value, bool named_like_a_secret) const {
        using K = AttributeChange::Kind;
        if (value.is_null()) return side(K::absent);
        if (value.is_string()) {
            auto text = named_like_a_secret ? std::nullopt : scrubber_.text(value.text());
            return text ? side(K::value, Json(std::move(*text)).dump()) : side(K::sensitive);
        }
        if (value.is_number() && !scrubber_.number(value.number_text())) return side(K::sensitive);
        if (value.is_array() || value.is_object()) {
            Json copy = value;
            scrubber_.scrub(copy);
            return side(K::value, copy.dump());
        }
        return side(K::value, value.dump());
    }

    void add(const Place& place, Side before, Side after) {
        AttributeChange change;
        change.path = scrubber_.masker()(place.path);
        change.before = std::move(before);
        change.after = std::move(after);
        change.forces_replacement =
            std::any_of(forcing_.begin(), forcing_.end(), [&](const std::string& path) {
                if (!place.path.starts_with(path)) return false;
                const auto rest = std::string_view(place.path).substr(path.size());
                return rest.empty() || rest.front() == '.' || rest.front() == '[';
            });
        found.push_back(std::move(change));
    }

    const Scrubber& scrubber_;
    std::vector<std::string> forcing_;
};

}  // namespace

std::vector<AttributeChange> changed_attributes(const Json& change, const Scrubber& scrubber) {
    Walk walk(change["replace_paths"], scrubber);
    Place root{&change["before"],           &change["after"],           &change["after_unknown"],
               &change["before_sensitive"], &change["after_sensitive"], ""};
    walk.at(root);
    return std::move(walk.found);
}

}  // namespace slipway
