// Writes a part of a tree below a directory. The tree is foreign: nothing is written outside the
// directory, no link leads out of it, and no entry can pass for a `.git` on any file system. Files
// are created by descriptor, never followed, never replaced; blobs are written as they are, without
// filters.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>

#include "service/git/detail/handle.hpp"
#include "service/model/ascii.hpp"

namespace slipway::git {

namespace {

constexpr std::size_t most_bytes = std::size_t{4} << 30;
constexpr std::size_t most_bytes_of_a_file = std::size_t{512} << 20;
constexpr int most_links = 40;

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    int get() const { return fd_; }

  private:
    int fd_;
};

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
    throw Failure(path + " " + why + "; it is not taken from the repository", Retry::never);
}

// Code points that HFS+ ignores in names: ".g\u200cit" is ".git" there.
std::string without_ignored(std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < name.size();) {
        std::string_view three = name.substr(i, 3);
        auto last = three.size() == 3 ? static_cast<unsigned char>(three[2]) : 0;
        bool ignored = (three.starts_with("\xe2\x80") &&
                        ((last >= 0x8c && last <= 0x8f) || (last >= 0xaa && last <= 0xae))) ||
                       (three.starts_with("\xe2\x81") && last >= 0xaa && last <= 0xaf) ||
                       three == "\xef\xbb\xbf";
        if (ignored)
            i += 3;
        else
            out += name[i++];
    }
    return out;
}

// ".git" in the eyes of Linux, HFS+ or NTFS: any case, trailing dots and spaces, streams, short
// names.
bool passes_for_git(std::string_view name) {
    std::string plain = without_ignored(name);
    if (auto colon = plain.find(':'); colon != plain.npos) plain.resize(colon);
    while (!plain.empty() && (plain.back() == '.' || plain.back() == ' ')) plain.pop_back();
    plain = ascii_lower(std::move(plain));
    return plain == ".git" || (plain.size() == 5 && plain.starts_with("git~"));
}

void check_name(std::string_view name, const std::string& path) {
    if (name.empty() || name == "." || name == ".." || name.find('/') != name.npos ||
        name.size() > 255)
        refuse(path, "is not a file name");
    for (std::size_t from = 0; from <= name.size();) {  // a backslash separates on NTFS
        std::size_t to = std::min(name.find('\\', from), name.size());
        if (passes_for_git(name.substr(from, to - from)))
            refuse(path, "could pass for a .git directory");
        from = to + 1;
    }
}

void split_onto_front(std::string_view path, std::deque<std::string>& parts) {
    std::vector<std::string> found;
    for (std::size_t from = 0; from <= path.size();) {
        std::size_t to = std::min(path.find('/', from), path.size());
        std::string_view part = path.substr(from, to - from);
        if (!part.empty() && part != ".") found.emplace_back(part);
        from = to + 1;
    }
    parts.insert(parts.begin(), found.begin(), found.end());
}

std::string join(const std::vector<std::string>& parts) {
    std::string out;
    for (const auto& part : parts) out.append(out.empty() ? "" : "/").append(part);
    return out;
}

class Writer {
  public:
    Writer(git_repository* repository, const git_oid& root) : repository_(repository) {
        git_tree* tree = nullptr;
        check(git_tree_lookup(&tree, repository_, &root), "cannot read tree " + hex_of(root));
        root_.reset(tree);
        check_size(repository_, root);
    }

    // False where the tree has no such path.
    bool write_path(int base, const std::string& path) {
        if (path == ".") {
            write_tree(base, root_.get(), "");
            return true;
        }
        auto entry = entry_at(path);
        if (!entry) {
            refuse_inside_submodule(path);
            return false;
        }
        if (git_tree_entry_filemode(entry.get()) == GIT_FILEMODE_COMMIT) refuse_submodule(path);
        std::deque<std::string> parts;
        split_onto_front(path, parts);
        Descriptor here(::dup(base));
        std::string above;
        while (parts.size() > 1) {
            above += (above.empty() ? "" : "/") + parts.front();
            check_name(parts.front(), above);
            here = enter(here.get(), parts.front(), above);
            parts.pop_front();
        }
        write_entry(here.get(), entry.get(), path);
        return true;
    }

  private:
    TreeEntryPtr entry_at(const std::string& path) const {
        git_tree_entry* raw = nullptr;
        int code = git_tree_entry_bypath(&raw, root_.get(), path.c_str());
        if (code == GIT_ENOTFOUND) return nullptr;
        check(code, "cannot read " + path);
        return TreeEntryPtr(raw);
    }

    [[noreturn]] void refuse_submodule(const std::string& path) const {
        throw Failure(path +
                          " is a git submodule, and Slipway does not fetch submodules; "
                          "keep what stacks use in the repository itself",
                      Retry::never);
    }

    void refuse_inside_submodule(std::string path) const {
        for (auto slash = path.rfind('/'); slash != path.npos; slash = path.rfind('/')) {
            path.resize(slash);
            auto entry = entry_at(path);
            if (entry && git_tree_entry_filemode(entry.get()) == GIT_FILEMODE_COMMIT)
                refuse_submodule(path);
        }
    }

    static Descriptor enter(int parent, const std::string& name, const std::string& path) {
        if (::mkdirat(parent, name.c_str(), 0755) != 0 && errno != EEXIST)
            throw Failure("cannot make " + path + ": " + std::strerror(errno));
        int fd = ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && (errno == ELOOP || errno == ENOTDIR)) refuse(path, "is in the tree twice");
        if (fd < 0) throw Failure("cannot enter " + path + ": " + std::strerror(errno));
        return Descriptor(fd);
    }

    void write_tree(int directory, const git_tree* tree, const std::string& prefix) {
        for (std::size_t i = 0; i < git_tree_entrycount(tree); ++i) {
            const git_tree_entry* entry = git_tree_entry_byindex(tree, i);
            write_entry(directory, entry, prefix + git_tree_entry_name(entry));
        }
    }

    void write_entry(int directory, const git_tree_entry* entry, const std::string& path) {
        std::string name = git_tree_entry_name(entry);
        check_name(name, path);
        switch (git_tree_entry_filemode(entry)) {
            case GIT_FILEMODE_TREE: {
                git_tree* raw = nullptr;
                check(git_tree_lookup(&raw, repository_, git_tree_entry_id(entry)),
                      "cannot read " + path);
                TreePtr tree(raw);
                Descriptor inside = enter(directory, name, path);
                return write_tree(inside.get(), tree.get(), path + "/");
            }
            case GIT_FILEMODE_COMMIT:
                enter(directory, name, path);
                return;
            case GIT_FILEMODE_LINK:
                return write_link(directory, entry, name, path);
            case GIT_FILEMODE_BLOB_EXECUTABLE:
                return write_file(directory, entry, name, path, 0755);
            default:
                return write_file(directory, entry, name, path, 0644);
        }
    }

    BlobPtr blob_of(const git_tree_entry* entry, const std::string& path) {
        git_odb* raw_odb = nullptr;
        check(git_repository_odb(&raw_odb, repository_), "cannot open the objects");
        OdbPtr odb(raw_odb);
        std::size_t size = 0;
        git_object_t type{};
        check(git_odb_read_header(&size, &type, odb.get(), git_tree_entry_id(entry)),
              "cannot read " + path);
        if (size > most_bytes_of_a_file) refuse(path, "is larger than 512 MB");
        if ((bytes_ += size) > most_bytes)
            throw Failure("the files that the stack needs are larger than 4 GB", Retry::never);
        git_blob* raw = nullptr;
        check(git_blob_lookup(&raw, repository_, git_tree_entry_id(entry)), "cannot read " + path);
        return BlobPtr(raw);
    }

    void write_file(int directory, const git_tree_entry* entry, const std::string& name,
                    const std::string& path, mode_t mode) {
        BlobPtr blob = blob_of(entry, path);
        Descriptor file(::openat(directory, name.c_str(),
                                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
        if (file.get() < 0 && errno == EEXIST) refuse(path, "is in the tree twice");
        if (file.get() < 0) throw Failure("cannot write " + path + ": " + std::strerror(errno));
        auto* bytes = static_cast<const char*>(git_blob_rawcontent(blob.get()));
        auto left = static_cast<std::size_t>(git_blob_rawsize(blob.get()));
        while (left > 0) {
            ssize_t written = ::write(file.get(), bytes, left);
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) throw Failure("cannot write " + path + ": " + std::strerror(errno));
            bytes += written;
            left -= static_cast<std::size_t>(written);
        }
    }

    void write_link(int directory, const git_tree_entry* entry, const std::string& name,
                    const std::string& path) {
        BlobPtr blob = blob_of(entry, path);
        std::string target(static_cast<const char*>(git_blob_rawcontent(blob.get())),
                           static_cast<std::size_t>(git_blob_rawsize(blob.get())));
        if (target.empty() || target.size() > 4095 || target.find('\0') != target.npos)
            refuse(path, "is a symbolic link to no path");
        if (leaves_the_tree(path, target))
            refuse(path, "is a symbolic link that leaves the repository (to " + target + ")");
        if (::symlinkat(target.c_str(), directory, name.c_str()) == 0) return;
        if (errno == EEXIST) refuse(path, "is in the tree twice");
        throw Failure("cannot write " + path + ": " + std::strerror(errno));
    }

    // Follows the target as the kernel would, through other links of the tree.
    bool leaves_the_tree(const std::string& link, const std::string& target) const {
        if (target.starts_with('/')) return true;
        std::vector<std::string> at;
        std::deque<std::string> parts;
        split_onto_front(link, parts);
        at.assign(parts.begin(), parts.end() - 1);
        parts.clear();
        split_onto_front(target, parts);
        for (int links = 0; !parts.empty();) {
            std::string part = std::move(parts.front());
            parts.pop_front();
            if (part == "..") {
                if (at.empty()) return true;
                at.pop_back();
                continue;
            }
            at.push_back(std::move(part));
            auto entry = entry_at(join(at));
            if (!entry || git_tree_entry_filemode(entry.get()) != GIT_FILEMODE_LINK) continue;
            if (++links > most_links) return false;  // a loop leads nowhere
            git_blob* raw = nullptr;
            check(git_blob_lookup(&raw, repository_, git_tree_entry_id(entry.get())),
                  "cannot read a link");
            BlobPtr blob(raw);
            std::string_view next(static_cast<const char*>(git_blob_rawcontent(blob.get())),
                                  static_cast<std::size_t>(git_blob_rawsize(blob.get())));
            if (next.starts_with('/')) return true;
            at.pop_back();
            split_onto_front(next, parts);
        }
        return false;
    }

    git_repository* repository_;
    TreePtr root_;
    std::size_t bytes_ = 0;
};

// Sorted, and none below another.
std::vector<std::string> without_overlap(const std::vector<std::string>& paths) {
    std::vector<std::string> tidy;
    for (const auto& path : paths) tidy.push_back(tidy_path(path));
    std::sort(tidy.begin(), tidy.end());
    tidy.erase(std::unique(tidy.begin(), tidy.end()), tidy.end());
    if (std::find(tidy.begin(), tidy.end(), ".") != tidy.end()) return {"."};
    auto below_another = [&](const std::string& path) {
        for (auto slash = path.rfind('/'); slash != path.npos && slash > 0;
             slash = path.rfind('/', slash - 1))
            if (std::binary_search(tidy.begin(), tidy.end(), path.substr(0, slash))) return true;
        return false;
    };
    std::vector<std::string> out;
    for (const auto& path : tidy)
        if (!below_another(path)) out.push_back(path);
    return out;
}

}  // namespace

void materialise(git_repository* repository, const git_oid& tree,
                 const std::vector<std::string>& paths, const std::filesystem::path& to) {
    std::filesystem::create_directories(to);
    if (!std::filesystem::is_empty(to))
        throw Failure(to.string() + " is not empty; a tree is written to an empty directory",
                      Retry::never);
    Descriptor base(::open(to.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (base.get() < 0) throw Failure("cannot enter " + to.string() + ": " + std::strerror(errno));
    try {
        Writer writer(repository, tree);
        bool any = false;
        for (const auto& path : without_overlap(paths)) any |= writer.write_path(base.get(), path);
        if (!any)
            throw Failure(
                "the tree has no " + (paths.empty() ? std::string("such path") : paths.front()),
                Retry::never);
    } catch (...) {
        std::error_code ignored;  // what matters is the first trouble
        for (const auto& entry : std::filesystem::directory_iterator(to, ignored))
            std::filesystem::remove_all(entry.path(), ignored);
        throw;
    }
}

}  // namespace slipway::git
