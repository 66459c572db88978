#include "queue/redis/stored_delivery.hpp"

#include <lz4.h>

#include <charconv>

namespace slipway {
namespace {

constexpr std::size_t largest_body = 64u << 20;
constexpr std::size_t kept_room = 1u << 20;

[[noreturn]] void refuse(const std::string& id) {
    throw Failure("the stored delivery " + id + " cannot be read", Retry::never);
}

// A number up to `mark`, both taken from the front of `text`.
std::optional<std::int64_t> cut_number(std::string_view& text, char mark) {
    std::int64_t out = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
    const auto used = static_cast<std::size_t>(read.ptr - text.data());
    if (read.ec != std::errc() || used == text.size() || text[used] != mark) return std::nullopt;
    text.remove_prefix(used + 1);
    return out;
}

}  // namespace

std::string delivery_head(const std::string& event) {
    return std::to_string(event.size()) + ":" + event + " ";
}

std::string stored_delivery(const Delivery& delivery) {
    const auto& body = delivery.body;
    if (body.size() > largest_body)
        throw Failure("the delivery " + delivery.id + " is larger than 64 MB", Retry::never);
    auto out = delivery_head(delivery.event) + std::to_string(delivery.received_at_ms) + " " +
               std::to_string(body.size()) + "\n";
    thread_local std::string
        room;  // as large as the largest so far, instead of zeroed anew for each
    const auto bound = static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(body.size())));
    if (room.size() < bound) room.resize(bound);
    const int size = LZ4_compress_default(body.data(), room.data(), static_cast<int>(body.size()),
                                          static_cast<int>(room.size()));
    out.append(room, 0, static_cast<std::size_t>(size));
    if (room.size() > kept_room) std::string().swap(room);
    return out;
}

Delivery opened_delivery(std::string forge, std::string id, std::string_view stored) {
    Delivery out;
    out.forge = std::move(forge);
    out.id = std::move(id);
    const auto event_size = cut_number(stored, ':');
    if (!event_size || *event_size < 0 || static_cast<std::size_t>(*event_size) >= stored.size())
        refuse(out.id);
    out.event = stored.substr(0, static_cast<std::size_t>(*event_size));
    stored.remove_prefix(out.event.size() + 1);
    const auto received = cut_number(stored, ' ');
    const auto size = cut_number(stored, '\n');
    if (!received || !size || *size < 0 || static_cast<std::size_t>(*size) > largest_body)
        refuse(out.id);
    out.received_at_ms = *received;
    out.body.resize(static_cast<std::size_t>(*size));
    const int read = LZ4_decompress_safe(stored.data(), out.body.data(),
                                         static_cast<int>(stored.size()), static_cast<int>(*size));
    if (read != static_cast<int>(*size)) refuse(out.id);
    return out;
}

}  // namespace slipway
