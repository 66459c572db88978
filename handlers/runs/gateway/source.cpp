// The source blob: a POSIX tar (ustar; pax records for names that do not fit) written by ourselves
// rather than by an archive library, because the same tree must give the same bytes (sorted, no
// times, no owners), and because the reader may be small enough to see that nothing leaves its
// directory.
//
//   archive := { [pax header, pax records] header content } two empty blocks
//   header  := 512 bytes: name 100, mode 8, uid 8, gid 8, size 12, mtime 12, checksum 8, type 1,
//   link 100,
//              "ustar\0" "00" …, prefix 155; numbers in octal
//   type    := '0' file, '2' symbolic link, '5' directory, 'x' pax records "LENGTH key=value\n"
#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <map>
#include <set>

#include "handlers/runs/gateway/gateway.hpp"
#include "service/base/result.hpp"

namespace slipway {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t block = 512;

struct Header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
    char magic[8], owner[32], group[32], major[8], minor[8], prefix[155], rest[12];
};
static_assert(sizeof(Header) == block);

[[noreturn]] void refuse(const std::string& what) {
    throw Failure("the source of the run " + what, Retry::never);
}

// --- writing
// ----------------------------------------------------------------------------------------

template <std::size_t N>
void put_octal(char (&field)[N], std::size_t number) {
    for (std::size_t i = N - 1; i-- > 0; number /= 8)
        field[i] = static_cast<char>('0' + number % 8);
    field[N - 1] = '\0';
}

template <std::size_t N>
void put_text(char (&field)[N], std::string_view text) {
    std::memcpy(field, text.data(), std::min(N, text.size()));
}

void pad(std::string& out) { out.append((block - out.size() % block) % block, '\0'); }

void add_entry(std::string& out, std::string_view name, char type, std::size_t mode,
               std::string_view content, std::string_view link) {
    Header header{};
    put_text(header.name, name);
    put_octal(header.mode, mode);
    put_octal(header.uid, 0);
    put_octal(header.gid, 0);
    put_octal(header.size, content.size());
    put_octal(header.mtime, 0);
    header.type = type;
    put_text(header.link, link);
    std::memcpy(header.magic, "ustar\00000", 8);
    std::memset(header.checksum, ' ', sizeof header.checksum);
    const auto* bytes = reinterpret_cast<const unsigned char*>(&header);
    std::size_t sum = 0;
    for (std::size_t i = 0; i < block; ++i) sum += bytes[i];
    put_octal(header.checksum, sum);
    out.append(reinterpret_cast<const char*>(&header), block);
    out.append(content);
    pad(out);
}

std::string pax_record(std::string_view key, std::string_view value) {
    const std::string body = " " + std::string(key) + "=" + std::string(value) + "\n";
    auto length = body.size();
    while (std::to_string(length).size() + body.size() != length)
        length = std::to_string(length).size() + body.size();
    return std::to_string(length) + body;
}

void add(std::string& out, const std::string& name, char type, std::size_t mode,
         std::string_view content, const std::string& link = "") {
    std::string records;
    if (name.size() > sizeof Header::name) records += pax_record("path", name);
    if (link.size() > sizeof Header::link) records += pax_record("linkpath", link);
    if (!records.empty()) add_entry(out, "pax", 'x', 0644, records, "");
    add_entry(out, name, type, mode, content, link);
}

std::string read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::string out((std::istreambuf_iterator<char>(file)), {});
    if (!file) throw Failure("cannot read " + path.string());
    return out;
}

// --- reading
// ----------------------------------------------------------------------------------------

template <std::size_t N>
std::string_view text_of(const char (&field)[N]) {
    return {field, strnlen(field, N)};
}

template <std::size_t N>
std::size_t octal_of(const char (&field)[N]) {
    std::string_view text = text_of(field);
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 8);
    if (error != std::errc() || end != text.data() + text.size()) refuse("is damaged (a number)");
    return number;
}

std::map<std::string, std::string> pax_records(std::string_view text) {
    std::map<std::string, std::string> out;
    while (!text.empty()) {
        std::size_t length = 0;
        const auto space = text.find(' ');
        if (space == text.npos) refuse("is damaged (a pax record)");
        std::from_chars(text.data(), text.data() + space, length);
        if (length <= space + 1 || length > text.size()) refuse("is damaged (a pax record)");
        const auto record = text.substr(space + 1, length - space - 2);
        const auto equals = record.find('=');
        if (equals == record.npos) refuse("is damaged (a pax record)");
        out[std::string(record.substr(0, equals))] = record.substr(equals + 1);
        text.remove_prefix(length);
    }
    return out;
}

// "a/b" for "a/b" and "a/b/"; everything that could name something outside is refused.
fs::path checked(std::string_view name) {
    if (name.ends_with('/')) name.remove_suffix(1);
    const fs::path path(name);
    if (name.empty() || path.is_absolute() || name.find('\0') != name.npos)
        refuse("holds a file that would lie outside of it: " + std::string(name));
    for (const auto& part : path)
        if (part.empty() || part == "." || part == "..")
            refuse("holds a file that would lie outside of it: " + std::string(name));
    return path;
}

void check_link(const fs::path& path, std::string_view target) {
    const auto meant = (path.parent_path() / fs::path(target)).lexically_normal();
    if (target.empty() || meant.is_absolute() || *meant.begin() == "..")
        refuse("holds a link that leaves it: " + path.string() + " -> " + std::string(target));
}

// Writes entries below a fresh directory; never through a link, never over what is there.
class Unpacker {
  public:
    explicit Unpacker(fs::path root) : root_(std::move(root)) { fs::create_directories(root_); }

    void directory(const fs::path& path) {
        make_parents(path / "x");
        if (directories_.count(path) == 0) refuse("holds " + path.string() + " twice");
    }
    void file(const fs::path& path, std::string_view content, bool executable) {
        claim(path);
        std::ofstream out(root_ / path, std::ios::binary);
        out.write(content.data(), static_cast<std::streamsize>(content.size()));
        out.close();
        if (!out) throw Failure("cannot write " + path.string() + " of the source of the run");
        fs::permissions(root_ / path, fs::perms(executable ? 0755 : 0644));
    }
    void link(const fs::path& path, std::string_view target) {
        check_link(path, target);
        claim(path);
        fs::create_symlink(fs::path(target), root_ / path);
    }

  private:
    void claim(const fs::path& path) {
        make_parents(path);
        if (directories_.count(path) != 0 || !others_.insert(path).second)
            refuse("holds " + path.string() + " twice");
    }
    void make_parents(const fs::path& path) {
        fs::path so_far;
        for (const auto& part : path.parent_path()) {
            so_far /= part;
            if (others_.count(so_far) != 0)
                refuse("holds a file below the file " + so_far.string());
            if (directories_.insert(so_far).second) fs::create_directory(root_ / so_far);
        }
    }

    fs::path root_;
    std::set<fs::path> directories_, others_;
};

}  // namespace

std::string pack_source(const fs::path& directory) {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::recursive_directory_iterator(directory))
        paths.push_back(entry.path().lexically_relative(directory));
    std::sort(paths.begin(), paths.end());
    std::string out;
    for (const auto& path : paths) {
        const auto status = fs::symlink_status(directory / path);
        if (fs::is_symlink(status))
            add(out, path.string(), '2', 0777, "", fs::read_symlink(directory / path).string());
        else if (fs::is_directory(status))
            add(out, path.string() + "/", '5', 0755, "");
        else if (fs::is_regular_file(status))
            add(out, path.string(), '0',
                (status.permissions() & fs::perms::owner_exec) != fs::perms::none ? 0755 : 0644,
                read_file(directory / path));
        else
            refuse("holds something that is not a file: " + path.string());
    }
    out.append(2 * block, '\0');
    return out;
}

void unpack_source(std::string_view tar, const fs::path& directory) {
    Unpacker unpacker(directory);
    std::map<std::string, std::string> pax;
    while (true) {
        if (tar.size() < block) refuse("is damaged (cut short)");
        Header header;
        std::memcpy(&header, tar.data(), block);
        if (header.name[0] == '\0') return;
        if (std::memcmp(header.magic, "ustar", 5) != 0) refuse("is damaged (no tar header)");
        const auto size = octal_of(header.size);
        const auto stored = size + (block - size % block) % block;
        if (stored < size || stored > tar.size() - block) refuse("is damaged (cut short)");
        const auto content = tar.substr(block, size);
        tar.remove_prefix(block + stored);
        if (header.type == 'x') {
            pax = pax_records(content);
            continue;
        }
        std::string name(text_of(header.name)), link(text_of(header.link));
        if (const auto prefix = text_of(header.prefix); !prefix.empty())
            name = std::string(prefix) + "/" + name;
        if (pax.count("path") != 0) name = pax["path"];
        if (pax.count("linkpath") != 0) link = pax["linkpath"];
        pax.clear();
        const auto path = checked(name);
        if (header.type == '5')
            unpacker.directory(path);
        else if (header.type == '2')
            unpacker.link(path, link);
        else if (header.type == '0' || header.type == '\0')
            unpacker.file(path, content, (octal_of(header.mode) & 0100) != 0);
        else
            refuse("holds something that is not a file: " + path.string());
    }
}

}  // namespace slipway
