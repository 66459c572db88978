// The source of a run: a POSIX tar (ustar; pax records for names that do not fit) written by
// ourselves rather than by an archive library, because the same tree must give the same bytes
// (sorted, no times, no owners), and because the reader may be small enough to see that nothing
// leaves its directory.
//
//   archive := { [pax header, pax records] header content } two empty blocks
//   header  := 512 bytes: name 100, mode 8, uid 8, gid 8, size 12, mtime 12, checksum 8, type 1,
//   link 100,
//              "ustar\0" "00" …, prefix 155; numbers in octal
//   type    := '0' file, '2' symbolic link, '5' directory, 'x' pax records "LENGTH key=value\n"
#pragma once
#include <cstddef>
#include <string>

#include "service/base/result.hpp"

namespace slipway::tar {

inline constexpr std::size_t block = 512;

struct Header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
    char magic[8], owner[32], group[32], major[8], minor[8], prefix[155], rest[12];
};
static_assert(sizeof(Header) == block);

[[noreturn]] inline void refuse(const std::string& what) {
    throw Failure("the source of the run " + what, Retry::never);
}

constexpr std::size_t padding_of(std::size_t size) { return (block - size % block) % block; }

}  // namespace slipway::tar
