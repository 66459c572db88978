/// The records of a packed table; private to packed_prices.cpp and price_packer.cpp.
#pragma once

#include <cstdint>

#include "policies/cost/prices/packed_prices.hpp"

namespace slipway::cost {

inline constexpr char packed_magic[8] = {'s', 'l', 'i', 'p', 'p', 'r', '0', '1'};

struct PackedPrices::Header {
    char magic[8];
    std::uint8_t digest[32];  // SHA-256 of what follows it
    std::uint64_t size;       // of everything
    std::int32_t newest;      // days since 1970-01-01
    std::uint32_t strings, blocks, items, lists, tiers, text_bytes, about_bytes;
    std::uint64_t string_ends_at, text_at, blocks_at, items_at, list_ends_at, tiers_at, about_at;
};

struct PackedPrices::Block {
    std::uint32_t provider, service, region, attributes, unit, source;  // ids of strings
    std::int32_t date;
    std::uint32_t items_end;  // they begin where those of the block before end
};

struct PackedPrices::Item {
    std::uint32_t sku;   // id of a string
    std::uint32_t list;  // of tiers
};

/// Where what the digest covers begins.
inline constexpr std::size_t packed_digested_from = 8 + 32;

}  // namespace slipway::cost
