#include "service/base/json.hpp"

// RapidJSON 1.1's vectorised writer leaves the bytes 0x1A to 0x1F unescaped, the terminal's escape
// among them. (Its vectorised reader is not used for streams like ours.)
#undef RAPIDJSON_SSE42
#include <rapidjson/error/en.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <charconv>
#include <cstdlib>

#include "service/base/json_builder.hpp"
#include "service/base/utf8.hpp"

namespace slipway {

namespace {

const Json null_json;
const Json::Array no_items;
const Json::Object no_members;

// A document that we write is always one that we could read.
void write_text(std::string_view text, auto&& to) {
    const std::string repair = is_utf8(text) ? "" : repaired_utf8(text);
    if (!repair.empty()) text = repair;
    to(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

// Recursion is bounded by the depth limit of what was parsed, or by what we built ourselves.
template <class Writer>
void write(Writer& writer, const Json& json) {
    if (json.is_null()) {
        writer.Null();
    } else if (json.is_bool()) {
        writer.Bool(json.bool_or(false));
    } else if (json.is_number()) {
        auto text = json.number_text();
        writer.RawValue(text.data(), text.size(), rapidjson::kNumberType);
    } else if (json.is_string()) {
        write_text(json.string_or(""),
                   [&](const char* text, rapidjson::SizeType size) { writer.String(text, size); });
    } else if (json.is_array()) {
        writer.StartArray();
        for (const auto& item : json.items()) write(writer, item);
        writer.EndArray();
    } else {
        writer.StartObject();
        for (const auto& [name, value] : json.members()) {
            write_text(name,
                       [&](const char* text, rapidjson::SizeType size) { writer.Key(text, size); });
            write(writer, value);
        }
        writer.EndObject();
    }
}

// Names of one length mostly differ in their first letter: seeing that spares the call of a
// comparison.
bool is_named(const Json::Member& member, std::string_view name) {
    const auto& own = member.first;
    return own.size() == name.size() && (name.empty() || own[0] == name[0]) && own == name;
}

}  // namespace

const Json& Json::operator[](std::string_view member) const {
    const auto& all = members();
    for (auto at = all.rbegin(); at != all.rend(); ++at)
        if (is_named(*at, member)) return at->second;
    return null_json;
}

const Json& Json::operator[](std::size_t index) const {
    const auto& all = items();
    return index < all.size() ? all[index] : null_json;
}

bool Json::has(std::string_view member) const {
    for (const auto& each : members())
        if (is_named(each, member)) return true;
    return false;
}

std::string_view Json::string_or(std::string_view fallback) const {
    const auto* text = std::get_if<std::string>(&value_);
    return text ? std::string_view(*text) : fallback;
}

std::string_view Json::number_text() const {
    const auto* number = std::get_if<Number>(&value_);
    return number ? std::string_view(number->text) : std::string_view();
}

std::int64_t Json::int_or(std::int64_t fallback) const {
    auto text = number_text();
    std::int64_t out = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty() ? out
                                                                                     : fallback;
}

double Json::double_or(double fallback) const {
    const auto* number = std::get_if<Number>(&value_);
    return number ? std::strtod(number->text.c_str(), nullptr) : fallback;
}

bool Json::bool_or(bool fallback) const {
    const auto* value = std::get_if<bool>(&value_);
    return value ? *value : fallback;
}

const Json::Array& Json::items() const {
    const auto* all = std::get_if<Array>(&value_);
    return all ? *all : no_items;
}

const Json::Object& Json::members() const {
    const auto* all = std::get_if<Object>(&value_);
    return all ? *all : no_members;
}

Json& Json::at(std::string_view member) {
    auto& all = edit_members();
    for (auto at = all.rbegin(); at != all.rend(); ++at)
        if (at->first == member) return at->second;
    return all.emplace_back(std::string(member), Json()).second;
}

Json& Json::set(std::string_view member, Json value) {
    at(member) = std::move(value);
    return *this;
}

Json& Json::push(Json value) {
    edit_items().push_back(std::move(value));
    return *this;
}

Json::Array& Json::edit_items() {
    if (!is_array()) value_ = Array{};
    return std::get<Array>(value_);
}

Json::Object& Json::edit_members() {
    if (!is_object()) value_ = Object{};
    return std::get<Object>(value_);
}

void Json::erase(std::string_view member) {
    if (!is_object()) return;
    std::erase_if(edit_members(), [&](const Member& m) { return m.first == member; });
}

std::string Json::dump() const {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    write(writer, *this);
    return {buffer.GetString(), buffer.GetSize()};
}

std::string Json::dump_pretty() const {
    rapidjson::StringBuffer buffer;
    rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
    writer.SetIndent(' ', 2);
    write(writer, *this);
    return {buffer.GetString(), buffer.GetSize()};
}

Result<Json> parse_json(std::string_view text, std::size_t depth_limit) {
    constexpr unsigned flags = rapidjson::kParseIterativeFlag |
                               rapidjson::kParseValidateEncodingFlag |
                               rapidjson::kParseNumbersAsStringsFlag;
    // RapidJSON takes a NUL for the end, and what follows it for nothing.
    if (const auto nul = text.find('\0'); nul != text.npos)
        return Error{"not valid JSON at byte " + std::to_string(nul) + ": a NUL"};
    rapidjson::MemoryStream bytes(text.data(), text.size());
    rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> input(bytes);
    JsonBuilder builder(depth_limit, text.find("\\u") != text.npos);
    rapidjson::Reader reader;
    auto outcome = reader.Parse<flags>(input, builder);
    if (outcome.IsError()) {
        std::string what = builder.refusal().empty()
                               ? std::string(rapidjson::GetParseError_En(outcome.Code()))
                               : builder.refusal();
        if (!what.empty() && what.back() == '.') what.pop_back();
        return Error{"not valid JSON at byte " + std::to_string(outcome.Offset()) + ": " + what};
    }
    return std::move(builder.result);
}

std::string quoted(std::string_view text) { return Json(text).dump(); }

}  // namespace slipway
