#include "queue/embedded_server.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <thread>

#include "queue/redis/local_talk.hpp"
#include "service/base/digest.hpp"
#include "service/base/log.hpp"
#include "service/process/process.hpp"

namespace slipway {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t longest_socket_path = 107;
constexpr auto end_limit = 20s;      // writing the last of the append-only file
constexpr auto start_limit = 10min;  // reading a large one
constexpr auto look_again = 5ms;

// A directory of ours alone, made where it is missing.
void make_private(const fs::path& directory) {
    std::error_code error;
    fs::create_directories(directory, error);
    struct stat found {};
    if (error || ::lstat(directory.c_str(), &found) != 0 || !S_ISDIR(found.st_mode) ||
        found.st_uid != ::geteuid() || ::chmod(directory.c_str(), 0700) != 0)
        throw Failure(
            "the directory " + directory.string() +
                " cannot be made or belongs to somebody else; choose another data directory",
            Retry::never);
}

// One service per data directory: held until the process ends, however it ends.
class DirectoryLock {
  public:
    explicit DirectoryLock(const fs::path& data)
        : fd_(::open((data / "lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600)) {
        if (fd_ >= 0 && ::flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
        const bool taken = fd_ >= 0 && errno == EWOULDBLOCK;
        if (fd_ >= 0) ::close(fd_);
        throw Failure(taken ? "another Slipway uses the data directory " + data.string() +
                                  "; stop it or choose another directory"
                            : "the data directory " + data.string() + " cannot be written to",
                      Retry::never);
    }
    ~DirectoryLock() { ::close(fd_); }
    DirectoryLock(const DirectoryLock&) = delete;
    DirectoryLock& operator=(const DirectoryLock&) = delete;

  private:
    int fd_;
};

// Beside the data; below /tmp, under a name made from the data directory's, where that path is too
// long.
fs::path socket_for(const fs::path& data) {
    auto beside = data / "redis" / "socket";
    if (beside.string().size() <= longest_socket_path) return beside;
    auto directory = fs::path("/tmp") / ("slipway-" + sha256_hex(data.string()).substr(0, 24));
    make_private(directory);
    return directory / "socket";
}

// A server that outlived its service would write to the same file as ours.
void end_leftover(const fs::path& socket) {
    auto talk = LocalTalk::connect(socket.string());
    if (!talk) return;
    const auto pid = talk->listener();
    log_warning("a redis-server left over by a killed service is shut down", {{"pid", int{pid}}});
    talk->ask("SHUTDOWN NOSAVE", 2s);
    if (pid > 0 && wait_for_end(pid, end_limit)) return;
    throw Failure("a redis-server (pid " + std::to_string(pid) + ") still uses " + socket.string() +
                      "; end it and start again",
                  Retry::never);
}

Command server_command(const fs::path& directory, const fs::path& socket) {
    Command out;
    out.argv = {"redis-server",
                "--port",
                "0",
                "--unixsocket",
                socket.string(),
                "--unixsocketperm",
                "600",
                "--dir",
                directory.string(),
                "--appendonly",
                "yes",
                "--appendfsync",
                "everysec",
                "--save",
                "",
                "--maxmemory-policy",
                "noeviction",
                "--daemonize",
                "no",
                "--loglevel",
                "warning",
                "--logfile",
                (directory / "log").string()};
    out.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"LANG", "C.UTF-8"}};
    if (const char* path = std::getenv("PATH")) out.environment["PATH"] = path;
    return out;
}

}  // namespace

struct EmbeddedServer::Running : std::enable_shared_from_this<EmbeddedServer::Running> {
    Running(asio::any_io_executor e, fs::path d)
        : executor(e),
          data(std::move(d)),
          lock(std::make_unique<DirectoryLock>(data)),
          directory(data / "redis") {}

    void start() {
        auto command = server_command(directory, socket);
        companion = std::make_unique<Companion>(executor, std::move(command));
    }
    void wait_until_it_answers() const;
    Task<void> watch();
    void end();

    asio::any_io_executor executor;
    fs::path data;
    std::unique_ptr<DirectoryLock> lock;
    fs::path directory;
    fs::path socket;
    std::unique_ptr<Companion> companion;
    bool ending = false;
};

void EmbeddedServer::Running::wait_until_it_answers() const {
    const auto end = std::chrono::steady_clock::now() + start_limit;
    bool said = false;
    while (std::chrono::steady_clock::now() < end) {
        std::string answer;
        if (auto talk = LocalTalk::connect(socket.string())) answer = talk->ask("PING", 5s);
        if (answer == "+PONG") return;
        if (!companion->running())
            throw Failure(
                "redis-server does not start; it says why in " + (directory / "log").string(),
                Retry::never);
        if (!said && answer.starts_with("-LOADING")) {
            log_info("the private Redis reads its data");
            said = true;
        }
        std::this_thread::sleep_for(look_again);
    }
    throw Failure("redis-server has not read its data within ten minutes; look into " +
                      (directory / "log").string(),
                  Retry::never);
}

Task<void> EmbeddedServer::Running::watch() {
    auto self = shared_from_this();
    auto pause = 100ms;
    while (!ending) {
        const auto since = std::chrono::steady_clock::now();
        std::string how;
        try {
            auto nothing = companion->read(1);
            co_await std::move(nothing);
        } catch (const Failure& failure) {
            how = failure.what();
        }
        if (ending) co_return;
        if (how.empty()) continue;
        log_error("the private redis-server ended by itself and is started again",
                  {{"reason", how}});
        if (std::chrono::steady_clock::now() - since > 1min) pause = 100ms;
        co_await sleep_for(pause);
        pause = std::min(pause * 2, 10'000ms);
        if (ending) co_return;
        try {
            start();
        } catch (const Failure& failure) {
            how = failure.what();
        }
    }
}

void EmbeddedServer::Running::end() {
    ending = true;
    if (!companion || !companion->running()) return;
    const auto pid = companion->pid();
    if (auto talk = LocalTalk::connect(socket.string())) talk->ask("SHUTDOWN NOSAVE", end_limit);
    if (!wait_for_end(pid, end_limit))
        log_error("the private redis-server did not end in time and is killed", {{"pid", pid}});
    companion.reset();
}

EmbeddedServer::EmbeddedServer(std::shared_ptr<Running> running) : running_(std::move(running)) {}
EmbeddedServer::~EmbeddedServer() {
    running_->end();
    running_->lock.reset();
}
RedisAddress EmbeddedServer::address() const {
    return {"unix://" + running_->socket.string(), Secret()};
}

std::unique_ptr<EmbeddedServer> start_embedded_server(asio::any_io_executor executor,
                                                      const fs::path& data) {
    if (!find_program("redis-server"))
        throw Failure(
            "redis-server is not on PATH: install it (Debian: apt install redis-server) "
            "or set redis.url",
            Retry::never);
    std::error_code ignored;
    fs::create_directories(data, ignored);
    const auto place = fs::weakly_canonical(fs::absolute(data));
    auto running = std::make_shared<EmbeddedServer::Running>(executor, place);
    make_private(running->directory);
    running->socket = socket_for(place);
    end_leftover(running->socket);
    running->start();
    auto server = std::make_unique<EmbeddedServer>(running);
    running->wait_until_it_answers();
    spawn(executor, running->watch());
    return server;
}

}  // namespace slipway
