// The network of a run: a namespace of its own, in a user namespace in which nobody of the run has
// a capability, joined to the outside by pasta or slirp4netns. Both open connections from the
// machine on behalf of what is inside, so what must not be reached is refused here, where packets
// leave: by policies of the kernel (XFRM, action block), which no route, bound interface or source
// address goes around.
#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "service/process/enter/common.hpp"

namespace slipway::enter {

namespace {

struct Destination {
    int family = AF_INET;
    unsigned char address[16] = {};
    int bits = 32;
};

Destination destination(const std::string& text) {  // ADDRESS or ADDRESS/BITS
    Destination out;
    const auto slash = text.find('/');
    const auto address = text.substr(0, slash);
    out.family = address.find(':') == address.npos ? AF_INET : AF_INET6;
    out.bits = slash != text.npos      ? std::atoi(text.c_str() + slash + 1)
               : out.family == AF_INET ? 32
                                       : 128;
    if (::inet_pton(out.family, address.c_str(), out.address) != 1)
        refuse(text + " is not an address");
    return out;
}

// The machine's own: what listens there listens for the service, or for others who trust the
// machine.
std::vector<Destination> own_addresses() {
    std::vector<Destination> out;
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) fail("cannot list the machine's addresses");
    for (auto* at = all; at != nullptr; at = at->ifa_next) {
        if (at->ifa_addr == nullptr) continue;
        Destination one;
        one.family = at->ifa_addr->sa_family;
        if (one.family == AF_INET)
            std::memcpy(one.address, &reinterpret_cast<sockaddr_in*>(at->ifa_addr)->sin_addr, 4);
        else if (one.family == AF_INET6)
            std::memcpy(one.address, &reinterpret_cast<sockaddr_in6*>(at->ifa_addr)->sin6_addr, 16);
        else
            continue;
        one.bits = one.family == AF_INET ? 32 : 128;
        out.push_back(one);
    }
    ::freeifaddrs(all);
    return out;
}

class Policies {
  public:
    Policies() : fd_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM)) {
        if (fd_ < 0)
            fail(
                "the kernel has no XFRM policies (CONFIG_XFRM_USER), which keep runs off the "
                "machine");
    }
    ~Policies() { ::close(fd_); }

    void add(const Destination& to, bool allow) {
        struct {
            nlmsghdr head;
            xfrm_userpolicy_info policy;
        } message{};
        message.head.nlmsg_len = sizeof message;
        message.head.nlmsg_type = XFRM_MSG_UPDPOLICY;
        message.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
        auto& policy = message.policy;
        policy.sel.family = static_cast<unsigned short>(to.family);
        policy.sel.prefixlen_d = static_cast<unsigned char>(to.bits);
        std::memcpy(&policy.sel.daddr, to.address, sizeof to.address);
        policy.lft.soft_byte_limit = policy.lft.hard_byte_limit = XFRM_INF;
        policy.lft.soft_packet_limit = policy.lft.hard_packet_limit = XFRM_INF;
        policy.dir = XFRM_POLICY_OUT;
        policy.action = allow ? XFRM_POLICY_ALLOW : XFRM_POLICY_BLOCK;
        policy.priority = allow ? 1 : 2;  // the lower one wins
        if (::send(fd_, &message, sizeof message, 0) < 0)
            fail("cannot refuse an address to the run");
        struct {
            nlmsghdr head;
            nlmsgerr error;
            char rest[512];
        } answer{};
        if (::recv(fd_, &answer, sizeof answer, 0) < 0) fail("cannot refuse an address to the run");
        errno = -answer.error.error;
        if (errno != 0) fail("cannot refuse an address to the run");
    }

  private:
    int fd_;
};

void loopback_up() {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (fd < 0 || ::ioctl(fd, SIOCSIFFLAGS, &request) != 0)
        fail("cannot raise the loopback interface of the run");
    ::close(fd);
}

// Where the machine lets only root open it, root's own view of it is opened to this run's user.
void make_tun_usable() {
    struct stat status {};
    constexpr const char* tun = "/dev/net/tun";
    if (::stat(tun, &status) != 0 || (status.st_mode & 06) == 06) return;
    private_mounts();
    if (::mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID, "mode=0755,size=64k") != 0)
        fail("cannot prepare the network");
    ::umask(0);
    if (::mknod("/tmp/tun", S_IFCHR | 0666, makedev(10, 200)) != 0 ||
        ::mount("/tmp/tun", tun, nullptr, MS_BIND, nullptr) != 0)
        fail("cannot open /dev/net/tun to the run");
}

// Whether there is a way out already: what the program that connects sets up last.
bool has_default_route() {
    bool found = false;
    char line[512];
    if (std::FILE* file = std::fopen("/proc/self/net/route", "re")) {
        char name[32];
        unsigned to = 1;
        while (std::fgets(line, sizeof line, file))
            found = found || (std::sscanf(line, "%31s %x", name, &to) == 2 && to == 0);
        std::fclose(file);
    }
    if (std::FILE* file = std::fopen("/proc/self/net/ipv6_route", "re")) {
        const std::string any(32, '0');
        while (std::fgets(line, sizeof line, file))
            found = found ||
                    (std::string(line).starts_with(any + " 00 ") && !std::strstr(line, " lo\n"));
        std::fclose(file);
    }
    return found;
}

struct Plan {
    std::optional<uid_t> user;
    std::vector<Destination> refused, allowed;
    std::vector<std::string> connect;  // the program; the process to connect is the last word
};

Plan read(Words& words) {
    Plan plan;
    plan.refused = own_addresses();
    for (auto word = words.next(); word != "--"; word = words.next()) {
        if (word == "--user") plan.user = static_cast<uid_t>(words.number());
        if (word == "--refuse") plan.refused.push_back(destination(words.next()));
        if (word == "--allow") plan.allowed.push_back(destination(words.next()));
    }
    plan.connect = words.rest();
    for (auto& word : plan.connect)
        for (auto at = word.find("{pid}"); at != word.npos; at = word.find("{pid}"))
            word.replace(at, 5, std::to_string(::getpid()));
    return plan;
}

void make_namespaces() {
    const auto user = std::to_string(::getuid()), group = std::to_string(::getgid());
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        fail("cannot make a network namespace for the run");
    write_text("/proc/self/setgroups", "deny");
    write_text("/proc/self/uid_map", user + " " + user + " 1\n");
    write_text("/proc/self/gid_map", group + " " + group + " 1\n");
}

}  // namespace

int network(Words words) {
    const auto plan = read(words);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (plan.user) {
        make_tun_usable();
        become_user(*plan.user);
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // the change of user took it away
        ::prctl(PR_SET_DUMPABLE, 1);         // and this, without which nobody may join
    }
    int go[2];
    if (::pipe2(go, O_CLOEXEC) != 0) fail("cannot make a pipe");
    const pid_t connecting = ::fork();
    if (connecting < 0) fail("cannot start " + plan.connect.front());
    if (connecting == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        char byte;
        if (::read(go[0], &byte, 1) != 1) ::_exit(125);
        ::dup2(2, 1);  // standard output is for one word
        become(plan.connect);
    }
    make_namespaces();
    loopback_up();
    {
        Policies policies;
        for (const auto& one : plan.refused) policies.add(one, false);
        for (const auto& one : plan.allowed) policies.add(one, true);
    }
    if (::write(go[1], "g", 1) != 1) fail("cannot start " + plan.connect.front());
    int status = 0;
    while (!has_default_route()) {
        if (::waitpid(connecting, &status, WNOHANG) == connecting)
            refuse(plan.connect.front() + " ended before it had connected the run");
        ::usleep(500);
    }
    if (::write(1, "ready\n", 6) != 6) ::_exit(125);
    ::waitpid(connecting, &status, 0);
    refuse(plan.connect.front() + " ended: the run has no network any more");
}

}  // namespace slipway::enter
