#include "service/base/json_stream.hpp"

#undef RAPIDJSON_SSE42  // see json.cpp
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <array>

#include "service/base/json_builder.hpp"

namespace slipway {
namespace {

// RapidJSON's concept of a stream.
class Bytes {
  public:
    using Ch = char;
    explicit Bytes(const ReadSome& read) : read_(read) {
        fill();
        constexpr std::string_view mark = "\xef\xbb\xbf";
        if (std::string_view(buffer_.data(), size_).starts_with(mark)) at_ += mark.size();
    }
    Ch Peek() const { return at_ < size_ ? buffer_[at_] : '\0'; }
    Ch Take() {
        const Ch c = Peek();
        if (c == '\n') ++line_;
        ++told_;
        if (++at_ >= size_) fill();
        return c;
    }
    std::size_t Tell() const { return told_; }
    Ch* PutBegin() { return nullptr; }
    void Put(Ch) {}
    void Flush() {}
    std::size_t PutEnd(Ch*) { return 0; }

    std::size_t line() const { return line_; }
    bool ended() const { return at_ >= size_; }

  private:
    void fill() {
        at_ = size_ = 0;
        while (size_ < buffer_.size()) {
            const auto more = read_(buffer_.data() + size_, buffer_.size() - size_);
            if (more == 0) return;
            size_ += more;
        }
    }
    const ReadSome& read_;
    std::array<char, 1 << 16> buffer_;
    std::size_t at_ = 0, size_ = 0, told_ = 0, line_ = 1;
};

class Picker : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Picker> {
  public:
    Picker(const JsonStreamOptions& options,
           const std::function<std::string(const JsonPath&, Json)>& take)
        : options_(options), take_(take) {}

    bool Null() {
        return value([](JsonBuilder& to) { return to.Null(); }, 0);
    }
    bool Bool(bool b) {
        return value([=](JsonBuilder& to) { return to.Bool(b); }, 0);
    }
    bool RawNumber(const char* s, rapidjson::SizeType n, bool copy) {
        return value([=](JsonBuilder& to) { return to.RawNumber(s, n, copy); }, n);
    }
    bool String(const char* s, rapidjson::SizeType n, bool copy) {
        return value([=](JsonBuilder& to) { return to.String(s, n, copy); }, n);
    }
    bool Key(const char* s, rapidjson::SizeType n, bool copy) {
        if (builder_) return counted(n) && builder_->Key(s, n, copy);
        path_.back().assign(s, n);
        return true;
    }
    bool StartObject() {
        return open([](JsonBuilder& to) { return to.StartObject(); });
    }
    bool StartArray() {
        return open([](JsonBuilder& to) { return to.StartArray(); });
    }
    bool EndObject(rapidjson::SizeType n) {
        return close([=](JsonBuilder& to) { return to.EndObject(n); });
    }
    bool EndArray(rapidjson::SizeType n) {
        return close([=](JsonBuilder& to) { return to.EndArray(n); });
    }

    const std::string& refusal() const { return refusal_; }
    bool refused_by_taker() const { return by_taker_; }

  private:
    bool is_wanted() const {
        return std::any_of(
            options_.wanted.begin(), options_.wanted.end(), [&](const auto& pattern) {
                return pattern.size() == path_.size() &&
                       std::equal(pattern.begin(), pattern.end(), path_.begin(),
                                  [](const auto& a, const auto& b) { return a == "*" || a == b; });
            });
    }
    bool refuse(std::string why) {
        refusal_ = std::move(why);
        return false;
    }
    bool counted(std::size_t bytes) {
        part_bytes_ += bytes + 16;  // and what a value takes in any case
        return part_bytes_ <= options_.part_limit ||
               refuse("one part is larger than " + std::to_string(options_.part_limit) + " bytes");
    }
    void begin_part() {
        builder_.emplace(options_.depth_limit, true);
        part_bytes_ = 0;
    }
    bool give() {
        auto part = std::move(builder_->result);
        builder_.reset();
        refusal_ = take_(path_, std::move(part));
        by_taker_ = !refusal_.empty();
        return refusal_.empty();
    }
    bool passed_on(bool well) { return well || refuse(builder_->refusal()); }

    template <class Event>
    bool value(Event event, std::size_t bytes) {
        const bool whole_part = !builder_ && is_wanted();
        if (whole_part) begin_part();
        if (!builder_) return true;
        return counted(bytes) && passed_on(event(*builder_)) && (!whole_part || give());
    }
    template <class Event>
    bool open(Event event) {
        if (depth_ >= options_.depth_limit)
            return refuse("nested deeper than " + std::to_string(options_.depth_limit) + " levels");
        if (!builder_ && is_wanted()) {
            begin_part();
            part_depth_ = depth_;
        }
        ++depth_;
        if (builder_) return counted(0) && passed_on(event(*builder_));
        path_.emplace_back();
        return true;
    }
    template <class Event>
    bool close(Event event) {
        --depth_;
        if (builder_) return passed_on(event(*builder_)) && (depth_ != part_depth_ || give());
        path_.pop_back();
        return true;
    }

    const JsonStreamOptions& options_;
    const std::function<std::string(const JsonPath&, Json)>& take_;
    JsonPath path_;  // of what comes next, while no part is being built
    std::optional<JsonBuilder> builder_;
    std::size_t depth_ = 0, part_depth_ = 0, part_bytes_ = 0;
    std::string refusal_;
    bool by_taker_ = false;
};

}  // namespace

std::optional<Error> stream_json(const ReadSome& read, const JsonStreamOptions& options,
                                 const std::function<std::string(const JsonPath&, Json)>& take) {
    constexpr unsigned flags = rapidjson::kParseIterativeFlag |
                               rapidjson::kParseValidateEncodingFlag |
                               rapidjson::kParseNumbersAsStringsFlag;
    Bytes bytes(read);
    Picker picker(options, take);
    rapidjson::Reader reader;
    const auto outcome = reader.Parse<flags>(bytes, picker);
    const auto line = "line " + std::to_string(bytes.line()) + ": ";
    if (picker.refused_by_taker()) return Error{line + picker.refusal()};
    if (!outcome.IsError()) {
        if (!bytes.ended()) return Error{line + "is not valid JSON: a NUL"};  // taken for the end
        return std::nullopt;
    }
    if (!picker.refusal().empty()) return Error{line + picker.refusal()};
    if (bytes.ended()) return Error{line + "is cut off"};
    std::string what = rapidjson::GetParseError_En(outcome.Code());
    if (what.ends_with('.')) what.pop_back();
    return Error{line + "is not valid JSON: " + what};
}

}  // namespace slipway
