// Chooses the step; what they share.
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "service/process/enter/common.hpp"

namespace slipway::enter {

void refuse(const std::string& what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    std::exit(125);
}

void fail(const std::string& what) { refuse(what + ": " + std::strerror(errno)); }

std::string Words::next() {
    if (!any()) refuse("slipway-enter: an argument is missing");
    return words_[at_++];
}

long Words::number() { return std::strtol(next().c_str(), nullptr, 10); }

std::vector<std::string> Words::rest() {
    std::vector<std::string> out(words_.begin() + static_cast<long>(at_), words_.end());
    at_ = words_.size();
    return out;
}

void become(const std::vector<std::string>& argv) {
    std::vector<char*> pointers;
    for (const auto& word : argv) pointers.push_back(const_cast<char*>(word.c_str()));
    pointers.push_back(nullptr);
    if (argv.empty()) refuse("slipway-enter: no program to start");
    ::execvp(pointers[0], pointers.data());
    std::fprintf(stderr, "cannot start %s: %s\n", pointers[0], std::strerror(errno));
    std::_Exit(127);
}

void write_text(const std::string& path, const std::string& text) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0 || ::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        fail("cannot write " + path);
    ::close(fd);
}

void private_mounts() {
    if (::unshare(CLONE_NEWNS) != 0)
        fail(
            "a service that is root needs CAP_SYS_ADMIN to give runs a user id of their own; run "
            "it as an "
            "ordinary user instead");
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        fail("cannot make mounts private");
}

void become_user(uid_t user) {
    if (::setgroups(0, nullptr) != 0) fail("cannot leave the service's groups");
    if (::setresgid(user, user, user) != 0) fail("cannot take the run's group id");
    if (::setresuid(user, user, user) != 0) fail("cannot take the run's user id");
}

}  // namespace slipway::enter

int main(int argc, char** argv) {
    using namespace slipway::enter;
    Words words(argc - 1, argv + 1);
    const auto step = words.next();
    if (step == "start") return start(std::move(words));
    if (step == "network") return network(std::move(words));
    if (step == "init") return init(std::move(words));
    refuse("slipway-enter: there is no step " + step);
}
