// Reads the archive that tar.hpp describes, and refuses whatever would leave the directory.
#include <charconv>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "handlers/runs/gateway/source.hpp"
#include "handlers/runs/gateway/tar.hpp"

namespace slipway {

namespace fs = std::filesystem;
using namespace tar;

namespace {

constexpr std::size_t longest_pax = 64u << 10;  // two paths, and what other programs add

[[noreturn]] void refuse_record() { refuse("is damaged (a pax record)"); }

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
        if (space == text.npos) refuse_record();
        std::from_chars(text.data(), text.data() + space, length);
        if (length <= space + 1 || length > text.size()) refuse_record();
        const auto record = text.substr(space + 1, length - space - 2);
        const auto equals = record.find('=');
        if (equals == record.npos) refuse_record();
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
class Tree {
  public:
    explicit Tree(fs::path root) : root_(std::move(root)) { fs::create_directories(root_); }

    void directory(const fs::path& path) {
        make_parents(path / "x");
        if (directories_.count(path) == 0) refuse("holds " + path.string() + " twice");
    }
    // Made empty; its content follows.
    void open_file(const fs::path& path, bool executable) {
        claim(path);
        path_ = path;
        executable_ = executable;
        file_ = std::ofstream(root_ / path, std::ios::binary);
    }
    void write(std::string_view content) {
        file_.write(content.data(), static_cast<std::streamsize>(content.size()));
    }
    void close_file() {
        file_.close();
        if (!file_) throw Failure("cannot write " + path_.string() + " of the source of the run");
        fs::permissions(root_ / path_, fs::perms(executable_ ? 0755 : 0644));
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
    std::ofstream file_;  // the one that is being written
    fs::path path_;
    bool executable_ = false;
};

}  // namespace

// Takes pieces as they come: a header is collected whole, content goes on at once.
class SourceUnpacker::Reader {
  public:
    explicit Reader(fs::path root) : tree_(std::move(root)) {}

    void take(std::string_view piece) {
        while (!piece.empty() && in_ != In::end) {
            const auto some = piece.substr(0, in_ == In::header ? block - header_.size() : left_);
            piece.remove_prefix(some.size());
            if (in_ == In::header) {
                header_ += some;
                if (header_.size() == block) entry();
                continue;
            }
            if (in_ == In::file) tree_.write(some);
            if (in_ == In::pax) records_ += some;
            left_ -= some.size();
            if (left_ == 0) end_of_part();
        }
    }

    void finish() const {
        if (in_ != In::end) refuse("is damaged (cut short)");
    }

  private:
    enum class In { header, file, pax, passed_over, end };

    void entry() {
        Header header;
        std::memcpy(&header, header_.data(), block);
        header_.clear();
        if (header.name[0] == '\0') {
            in_ = In::end;
            return;
        }
        if (std::memcmp(header.magic, "ustar", 5) != 0) refuse("is damaged (no tar header)");
        const auto size = octal_of(header.size);
        in_ = header.type == 'x' ? In::pax : begin_entry(header);
        if (in_ == In::pax && size > longest_pax) refuse_record();
        left_ = size;
        padding_ = padding_of(size);
        if (size == 0) end_of_part();
    }

    In begin_entry(const Header& header) {
        std::string name(text_of(header.name)), link(text_of(header.link));
        if (const auto prefix = text_of(header.prefix); !prefix.empty())
            name = std::string(prefix) + "/" + name;
        if (pax_.count("path") != 0) name = pax_["path"];
        if (pax_.count("linkpath") != 0) link = pax_["linkpath"];
        pax_.clear();
        const auto path = checked(name);
        if (header.type == '0' || header.type == '\0') {
            tree_.open_file(path, (octal_of(header.mode) & 0100) != 0);
            return In::file;
        }
        if (header.type == '5')
            tree_.directory(path);
        else if (header.type == '2')
            tree_.link(path, link);
        else
            refuse("holds something that is not a file: " + path.string());
        return In::passed_over;
    }

    // The content has come, or the padding behind it.
    void end_of_part() {
        if (in_ == In::file) tree_.close_file();
        if (in_ == In::pax) pax_ = pax_records(std::exchange(records_, {}));
        left_ = std::exchange(padding_, 0);
        in_ = left_ == 0 ? In::header : In::passed_over;
    }

    Tree tree_;
    In in_ = In::header;
    std::string header_, records_;
    std::map<std::string, std::string> pax_;  // for the next entry
    std::size_t left_ = 0, padding_ = 0;      // of what it is in
};

SourceUnpacker::SourceUnpacker(fs::path directory)
    : reader_(std::make_unique<Reader>(std::move(directory))) {}
SourceUnpacker::~SourceUnpacker() = default;
void SourceUnpacker::take(std::string_view piece) { reader_->take(piece); }
void SourceUnpacker::finish() { reader_->finish(); }

}  // namespace slipway
