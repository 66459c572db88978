// Where the service is root a run has another user id, taken here, before bubblewrap starts. That
// user cannot walk to what the service keeps for itself, nor should shared directories have to
// belong to it: so what a run shares is brought below /tmp first, in a mount namespace that only
// this run sees, and there an owner on the disk may stand for the run's user ("idmapped mount").
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "service/process/enter/common.hpp"

namespace slipway::enter {

namespace {

constexpr const char* staging = "/tmp";

struct Share {
    std::string path;
    // Who on the disk stands for the run; nobody: ids stay what they are.
    std::optional<long> owner, group;
    bool needs_owner = false;  // the run cannot work without
    int tree = -1;
};

struct Plan {
    std::optional<uid_t> user;
    std::string network;  // of which process
    std::vector<Share> shares;
    std::vector<std::string> command;
};

Plan read(Words& words) {
    Plan plan;
    for (auto word = words.next(); word != "--"; word = words.next()) {
        if (word == "--user") plan.user = static_cast<uid_t>(words.number());
        if (word == "--network") plan.network = words.next();
        if (word == "--share") plan.shares.push_back({words.next(), {}, {}, false, -1});
        if (word == "--owner" || word == "--owner-if-possible") {
            plan.shares.back().owner = words.number();
            plan.shares.back().group = words.number();
            plan.shares.back().needs_owner = word == "--owner";
        }
    }
    plan.command = words.rest();
    return plan;
}

int open_namespace(const std::string& process, const char* kind) {
    const auto path = "/proc/" + process + "/ns/" + kind;
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) fail("the network of the run is gone (" + path + ")");
    return fd;
}

void join_network(const std::string& process, bool root) {
    const int user = root ? -1 : open_namespace(process, "user"),
              net = open_namespace(process, "net");
    if (!root && ::setns(user, CLONE_NEWUSER) != 0) fail("cannot enter the run's user namespace");
    if (::setns(net, CLONE_NEWNET) != 0) fail("cannot enter the run's network");
    if (user >= 0) ::close(user);
    ::close(net);
}

// A user namespace that tells which ids stand for which: what a mount takes as its mapping.
int id_mapping(long owner, long group, uid_t user) {
    int ready[2];
    if (::pipe2(ready, O_CLOEXEC) != 0) fail("cannot make a pipe");
    const pid_t child =
        static_cast<pid_t>(::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
    if (child < 0) fail("cannot make a user namespace");
    if (child == 0) {
        char byte;
        ::close(ready[1]);
        [[maybe_unused]] const auto n = ::read(ready[0], &byte, 1);
        ::_exit(0);
    }
    const auto base = "/proc/" + std::to_string(child);
    const auto to = " " + std::to_string(user) + " 1\n";
    write_text(base + "/uid_map", std::to_string(owner) + to);
    write_text(base + "/gid_map", std::to_string(group) + to);
    const int fd = ::open((base + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) fail("cannot open a user namespace");
    ::close(ready[0]);
    ::close(ready[1]);
    ::waitpid(child, nullptr, 0);
    return fd;
}

void map_owner(const Share& share, uid_t user) {
    if (!share.owner || (*share.owner == user && *share.group == user)) return;
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_IDMAP;
    const int mapping = id_mapping(*share.owner, *share.group, user);
    attributes.userns_fd = static_cast<unsigned>(mapping);
    const int flags = AT_EMPTY_PATH;
    const auto done =
        ::syscall(SYS_mount_setattr, share.tree, "", flags, &attributes, sizeof attributes);
    if (done != 0 && share.needs_owner)
        fail("the file system of " + share.path +
             " cannot show its files as another user's, which runs with user ids of their own "
             "need. Write "
             "`uids: {count: 1}` below `sandbox`, so that all runs have the user id that the "
             "directory belongs to. "
             "The system says");
    ::close(mapping);
}

void stage(std::vector<Share>& shares, uid_t user) {
    private_mounts();
    for (auto& share : shares) {
        share.tree =
            static_cast<int>(::syscall(SYS_open_tree, AT_FDCWD, share.path.c_str(),
                                       OPEN_TREE_CLONE | AT_RECURSIVE | OPEN_TREE_CLOEXEC));
        if (share.tree < 0) fail("cannot share " + share.path);
        map_owner(share, user);
    }
    if (::mount("tmpfs", staging, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m") != 0)
        fail("cannot prepare what the run shares");
    for (std::size_t i = 0; i < shares.size(); ++i) {
        const auto at = std::string(staging) + "/" + std::to_string(i);
        struct stat status {};
        if (::fstat(shares[i].tree, &status) != 0) fail("cannot look at " + shares[i].path);
        if (S_ISDIR(status.st_mode))
            ::mkdir(at.c_str(), 0755);
        else
            ::close(::open(at.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
        if (::syscall(SYS_move_mount, shares[i].tree, "", AT_FDCWD, at.c_str(),
                      MOVE_MOUNT_F_EMPTY_PATH) != 0)
            fail("cannot share " + shares[i].path);
        ::close(shares[i].tree);
    }
}

}  // namespace

int start(Words words) {
    auto plan = read(words);
    // bubblewrap itself must outlive the first signal, or the command would be killed with it.
    for (const int number : {SIGINT, SIGTERM}) ::signal(number, SIG_IGN);
    write_text("/proc/self/oom_score_adj", "800");  // where memory runs out it is the run that ends
    if (!plan.network.empty()) join_network(plan.network, plan.user.has_value());
    if (plan.user) {
        stage(plan.shares, *plan.user);
        become_user(*plan.user);
    }
    become(plan.command);
}

}  // namespace slipway::enter
