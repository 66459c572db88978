// Writes the archive that tar.hpp describes.
#include <algorithm>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "handlers/runs/gateway/source.hpp"
#include "handlers/runs/gateway/tar.hpp"

namespace slipway {

namespace fs = std::filesystem;
using namespace tar;

namespace {

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

void add_header(std::string& out, std::string_view name, char type, std::size_t mode,
                std::size_t size, std::string_view link) {
    Header header{};
    put_text(header.name, name);
    put_octal(header.mode, mode);
    put_octal(header.uid, 0);
    put_octal(header.gid, 0);
    put_octal(header.size, size);
    put_octal(header.mtime, 0);
    header.type = type;
    put_text(header.link, link);
    std::memcpy(header.magic, "ustar\00000", 8);
    std::memset(header.checksum, ' ', sizeof header.checksum);
    // The format is its bytes, and a Header is nothing but arrays of characters.
    const auto* bytes = reinterpret_cast<const unsigned char*>(&header);
    std::size_t sum = 0;
    for (std::size_t i = 0; i < block; ++i) sum += bytes[i];
    put_octal(header.checksum, sum);
    out.append(reinterpret_cast<const char*>(&header), block);
}

std::string pax_record(std::string_view key, std::string_view value) {
    const std::string body = " " + std::string(key) + "=" + std::string(value) + "\n";
    auto length = body.size();
    while (std::to_string(length).size() + body.size() != length)
        length = std::to_string(length).size() + body.size();
    return std::to_string(length) + body;
}

// All of an entry but its content.
void add_entry(std::string& out, const std::string& name, char type, std::size_t mode,
               std::size_t size = 0, const std::string& link = "") {
    std::string records;
    if (name.size() > sizeof Header::name) records += pax_record("path", name);
    if (link.size() > sizeof Header::link) records += pax_record("linkpath", link);
    if (!records.empty()) {
        add_header(out, "pax", 'x', 0644, records.size(), "");
        out.append(records).append(padding_of(records.size()), '\0');
    }
    add_header(out, name, type, mode, size, link);
}

class Packer {
  public:
    explicit Packer(fs::path directory) : directory_(std::move(directory)) {
        for (const auto& entry : fs::recursive_directory_iterator(directory_))
            paths_.push_back(entry.path().lexically_relative(directory_));
        std::sort(paths_.begin(), paths_.end());
    }

    std::string next() {
        auto out = std::exchange(ready_, {});
        while (out.size() < chunk_size && !ended_) {
            if (left_ != 0)
                add_content(out);
            else if (at_ != paths_.size())
                add(paths_[at_++], out);
            else
                end(out);
        }
        if (out.size() > chunk_size) {
            ready_ = out.substr(chunk_size);
            out.resize(chunk_size);
        }
        return out;
    }

  private:
    void add(const fs::path& path, std::string& out) {
        const auto full = directory_ / path;
        const auto status = fs::symlink_status(full);
        if (fs::is_symlink(status))
            add_entry(out, path.string(), '2', 0777, 0, fs::read_symlink(full).string());
        else if (fs::is_directory(status))
            add_entry(out, path.string() + "/", '5', 0755);
        else if (fs::is_regular_file(status))
            add_file(path, status.permissions(), out);
        else
            refuse("holds something that is not a file: " + path.string());
    }

    void add_file(const fs::path& path, fs::perms permissions, std::string& out) {
        const bool executable = (permissions & fs::perms::owner_exec) != fs::perms::none;
        left_ = fs::file_size(directory_ / path);
        padding_ = padding_of(left_);
        add_entry(out, path.string(), '0', executable ? 0755 : 0644, left_);
        file_ = std::ifstream(directory_ / path, std::ios::binary);
    }

    void add_content(std::string& out) {
        const auto at = out.size();
        const auto count = std::min(left_, chunk_size - at);
        out.resize(at + count);
        if (!file_.read(out.data() + at, static_cast<std::streamsize>(count)))
            throw Failure("cannot read " + (directory_ / paths_[at_ - 1]).string());
        left_ -= count;
        if (left_ == 0) out.append(padding_, '\0');
    }

    void end(std::string& out) {
        out.append(2 * block, '\0');
        ended_ = true;
    }

    const fs::path directory_;
    std::vector<fs::path> paths_;
    std::size_t at_ = 0;  // of the next path
    std::ifstream file_;
    std::size_t left_ = 0, padding_ = 0;  // of its content
    std::string ready_;                   // what did not fit into the piece before
    bool ended_ = false;
};

}  // namespace

ChunkSource pack_source(const fs::path& directory) {
    auto packer = std::make_shared<Packer>(directory);
    return [packer] { return packer->next(); };
}

}  // namespace slipway
