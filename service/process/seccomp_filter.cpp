#include "service/process/seccomp_filter.hpp"

#include <sched.h>
#include <seccomp.h>

#include <cerrno>
#include <memory>

#include "service/base/result.hpp"
#include "service/process/spawn.hpp"

namespace slipway {

namespace {

// Refused with "operation not permitted".
constexpr const char* refused[] = {
    // other processes
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp",
    // mounts and roots
    "mount", "umount", "umount2", "pivot_root", "move_mount", "open_tree", "open_tree_attr",
    "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "chroot", "open_by_handle_at",
    "name_to_handle_at", "swapon", "swapoff", "quotactl", "quotactl_fd", "fanotify_init",
    // namespaces; clone and unshare: below
    "setns",
    // the kernel's larger doors
    "bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key", "kexec_load",
    "kexec_file_load", "init_module", "finit_module", "delete_module", "syslog", "acct",
    "memfd_secret", "vhangup"};

// As if the kernel did not have them, so that programs do without: clone3 hides its flags from a
// filter.
constexpr const char* missing[] = {"clone3", "io_uring_setup", "io_uring_enter",
                                   "io_uring_register"};

constexpr unsigned namespaces[] = {
    CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
    CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET, 0x80 /* CLONE_NEWTIME */};

void check(int result) {
    if (result < 0) throw Failure("the filter of system calls cannot be made", Retry::never);
}

void add(scmp_filter_ctx filter, const char* name, int error) {
    const int number = seccomp_syscall_resolve_name(name);
    // One that this libseccomp does not know by name is newer than it: nothing to be done about it
    // here.
    if (number == __NR_SCMP_ERROR) return;
    check(seccomp_rule_add(filter, SCMP_ACT_ERRNO(static_cast<std::uint32_t>(error)), number, 0));
}

std::string make() {
    const std::unique_ptr<void, void (*)(scmp_filter_ctx)> owner(seccomp_init(SCMP_ACT_ALLOW),
                                                                 seccomp_release);
    const auto filter = owner.get();
    if (!filter) check(-1);
#if defined(__x86_64__)  // the same machine speaks two more languages
    for (const auto language : {SCMP_ARCH_X86, SCMP_ARCH_X32})
        check(seccomp_arch_add(filter, language));
#elif defined(__aarch64__)
    check(seccomp_arch_add(filter, SCMP_ARCH_ARM));
#endif
    check(seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)));
    for (const auto* name : refused) add(filter, name, EPERM);
    for (const auto* name : missing) add(filter, name, ENOSYS);
    for (const auto flag : namespaces) {
        const scmp_arg_cmp asked = SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag);
        check(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(unshare), 1, asked));
        // The lowest byte of clone's flags is a signal's number.
        if (flag > 0xff)
            check(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, asked));
    }
    const auto file = file_in_memory("");
    check(seccomp_export_bpf(filter, file.get()));
    return content_of(file);
}

}  // namespace

const std::string& seccomp_filter() {
    static const std::string program = make();
    return program;
}

}  // namespace slipway
