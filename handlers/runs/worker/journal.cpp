#include "handlers/runs/worker/journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "service/base/codec.hpp"
#include "service/base/log.hpp"
#include "service/base/result.hpp"

namespace slipway {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void not_written(const fs::path& path) {
    throw Failure(
        "the journal of applies cannot be written: " + path.string() + ": " + std::strerror(errno),
        Retry::never);
}

class File {
  public:
    File(const fs::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {
        if (fd_ < 0) not_written(path);
    }
    ~File() { ::close(fd_); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int get() const { return fd_; }

  private:
    int fd_;
};

bool is_digest(const std::string& text) {
    return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

}  // namespace

Journal::Journal(fs::path directory) : directory_(std::move(directory)) {}

fs::path Journal::path_of(const std::string& plan_digest) const {
    if (!is_digest(plan_digest))
        throw Failure("a plan's digest is 64 hexadecimal digits", Retry::never);
    return directory_ / (plan_digest + ".json");
}

std::optional<JournalEntry> Journal::find(const std::string& plan_digest) const {
    if (!is_digest(plan_digest)) return std::nullopt;
    const auto path = path_of(plan_digest);
    std::error_code error;
    if (!fs::exists(path, error) && !error) return std::nullopt;
    std::ifstream file(path, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    if (auto entry = decode<JournalEntry>(std::string_view(text))) return std::move(*entry);
    log_error("an entry of the journal of applies cannot be read; its plan is not applied again",
              {{"file", path.string()}});
    JournalEntry begun;
    begun.plan_digest = plan_digest;
    return begun;
}

fs::path Journal::written(const JournalEntry& entry) const {
    auto path = path_of(entry.plan_digest);
    path += ".new-" + std::to_string(::getpid()) + "-" + std::to_string(entry.fence);
    const auto text = encode(entry).dump() + "\n";
    File file(path, O_WRONLY | O_CREAT | O_TRUNC);
    for (std::size_t done = 0; done < text.size();) {
        const auto wrote = ::write(file.get(), text.data() + done, text.size() - done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) not_written(path);
        done += static_cast<std::size_t>(wrote);
    }
    if (::fsync(file.get()) != 0) not_written(path);
    return path;
}

void Journal::sync_directory() const {
    File directory(directory_, O_RDONLY | O_DIRECTORY);
    if (::fsync(directory.get()) != 0) not_written(directory_);
}

bool Journal::begin(const JournalEntry& entry) {
    const auto path = path_of(entry.plan_digest);
    std::error_code error;
    if (fs::create_directories(directory_, error))
        fs::permissions(directory_, fs::perms::owner_all, error);
    const auto made = written(entry);
    // A link, for of several that try only one makes it.
    const bool first = ::link(made.c_str(), path.c_str()) == 0;
    const int why = errno;
    ::unlink(made.c_str());
    errno = why;
    if (!first && errno != EEXIST) not_written(path);
    if (first) sync_directory();
    return first;
}

void Journal::update(const JournalEntry& entry) {
    const auto path = path_of(entry.plan_digest);
    const auto made = written(entry);
    if (::rename(made.c_str(), path.c_str()) != 0) not_written(path);
    sync_directory();
}

void Journal::forget_older_than(int days) {
    const auto oldest = fs::file_time_type::clock::now() - std::chrono::hours(24) * days;
    std::error_code error;
    for (const auto& file : fs::directory_iterator(directory_, error)) {
        const auto written_at = fs::last_write_time(file.path(), error);
        if (!error && written_at < oldest) fs::remove(file.path(), error);
    }
}

std::int64_t process_since(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    if (pid <= 0 || !std::getline(file, line)) return 0;
    // "pid (name) state ppid …", where a name may hold anything; the start is the 22nd field.
    std::istringstream fields(line.substr(std::min(line.size(), line.rfind(')') + 1)));
    std::string field;
    fields >> field;
    if (field == "Z") return 0;
    for (int i = 4; i <= 21; ++i) fields >> field;
    std::int64_t since = 0;
    fields >> since;
    return since;
}

bool still_runs(const JournalEntry& entry) {
    return entry.ended_at_ms == 0 && entry.pid_since != 0 &&
           process_since(entry.pid) == entry.pid_since;
}

}  // namespace slipway
