// How RapidJSON's events become a Json; only for json.cpp and json_stream.cpp.
#pragma once
#include <rapidjson/reader.h>

#include <string>
#include <utility>
#include <vector>

#include "service/base/json.hpp"
#include "service/base/utf8.hpp"

namespace slipway {

// Builds a Json from RapidJSON's events with a stack of its own.
class JsonBuilder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, JsonBuilder> {
  public:
    JsonBuilder(std::size_t depth_limit, bool has_escapes)
        : limit_(depth_limit), has_escapes_(has_escapes) {}

    bool Null() { return add(Json()); }
    bool Bool(bool b) { return add(Json(b)); }
    bool RawNumber(const char* s, rapidjson::SizeType n, bool) {
        return add(Json(Json::Number{std::string(s, n)}));
    }
    bool String(const char* s, rapidjson::SizeType n, bool) {
        return is_text({s, n}) && add(Json(std::string(s, n)));
    }
    bool Key(const char* s, rapidjson::SizeType n, bool) {
        keys_.emplace_back(s, n);
        return is_text(keys_.back());
    }
    bool StartObject() { return open(Json::object()); }
    bool StartArray() { return open(Json::array()); }
    bool EndObject(rapidjson::SizeType) { return close(); }
    bool EndArray(rapidjson::SizeType) { return close(); }

    const std::string& refusal() const { return refusal_; }
    Json result;

  private:
    bool open(Json container) {
        if (open_.size() >= limit_) {
            refusal_ = "nested deeper than " + std::to_string(limit_) + " levels";
            return false;
        }
        open_.push_back(std::move(container));
        return true;
    }
    bool close() {
        Json done = std::move(open_.back());
        open_.pop_back();
        return add(std::move(done));
    }
    bool add(Json value) {
        if (open_.empty()) {
            result = std::move(value);
        } else if (open_.back().is_array()) {
            open_.back().edit_items().push_back(std::move(value));
        } else {
            open_.back().edit_members().emplace_back(std::move(keys_.back()), std::move(value));
            keys_.pop_back();
        }
        return true;
    }
    // RapidJSON lets half a surrogate pair through where it is written as an escape.
    bool is_text(std::string_view text) {
        if (!has_escapes_ || is_utf8(text)) return true;
        refusal_ = "half of a surrogate pair";
        return false;
    }
    std::size_t limit_;
    bool has_escapes_;
    std::string refusal_;
    std::vector<Json> open_;
    std::vector<std::string> keys_;
};

}  // namespace slipway
