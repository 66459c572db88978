// Process 1 of a sandbox. Code of a run has the same user id, so it must not be able to take this
// process over: it cannot be traced or read (it is not dumpable, and nobody inside has
// capabilities), and it holds no descriptor.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "service/process/enter/common.hpp"

namespace slipway::enter {

namespace {

void limit(int resource, long most) {
    rlimit now{};
    if (::getrlimit(static_cast<__rlimit_resource>(resource), &now) != 0)
        fail("cannot read a limit");
    const auto wanted = static_cast<rlim_t>(most);
    if (now.rlim_max != RLIM_INFINITY && now.rlim_max < wanted)
        return;  // a stricter one is there already
    const rlimit set{wanted, wanted};
    if (::setrlimit(static_cast<__rlimit_resource>(resource), &set) != 0)
        fail("cannot set a limit");
}

}  // namespace

int init(Words words) {
    limit(RLIMIT_CORE, 0);
    for (auto word = words.next(); word != "--"; word = words.next()) {
        if (word == "--processes") limit(RLIMIT_NPROC, words.number());
        if (word == "--data") limit(RLIMIT_DATA, words.number());
        if (word == "--file") limit(RLIMIT_FSIZE, words.number());
    }
    ::prctl(PR_SET_DUMPABLE, 0);
    const pid_t child = ::fork();
    if (child < 0) fail("cannot start the command");
    if (child == 0) {
        for (const int number : {SIGINT, SIGTERM}) ::signal(number, SIG_DFL);
        become(words.rest());
    }
    ::syscall(SYS_close_range, 0u, ~0u, 0u);
    for (;;) {
        int status = 0;
        const pid_t ended = ::wait(&status);
        if (ended == child)
            std::_Exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
        if (ended < 0 && errno != EINTR) std::_Exit(125);
    }
}

}  // namespace slipway::enter
