"""Run inside a sandbox: tries what no program of a run may do, and prints one line for each attempt: its name, and
"done" or the name of the error. Arguments: the process ids of victims, each with a name: readable=12 tool=13.
"""

import ctypes
import errno
import mmap
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
NUMBER = {
    "ptrace": 101,
    "mount": 165,
    "unshare": 272,
    "clone": 56,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "setns": 308,
    "bpf": 321,
    "userfaultfd": 323,
    "io_uring_setup": 425,
    "clone3": 435,
    "pidfd_open": 434,
    "pidfd_getfd": 438,
    "keyctl": 250,
    "open_tree": 428,
    "fsopen": 430,
    "perf_event_open": 298,
    "move_mount": 429,
    "chroot": 161,
    "kcmp": 312,
}
NEW_USER, NEW_NET, SIGCHLD = 0x10000000, 0x40000000, 17


def say(name, result):
    error = ctypes.get_errno()
    print(name, "done" if result >= 0 else errno.errorcode.get(error, error), flush=True)


def call(name, *arguments):
    ctypes.set_errno(0)
    return libc.syscall(
        *[ctypes.c_long(a) if isinstance(a, int) else a for a in (NUMBER[name],) + arguments]
    )


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def mapped(process):
    """An address that the process may write; of one that hides its map the attacker's own, which will do."""
    for who in (process, "self"):
        try:
            for line in open("/proc/%s/maps" % who):
                if " rw-p " in line:
                    return int(line.split("-")[0], 16)
        except OSError:
            pass
    raise SystemExit("no address to write to")


def on(name, process):
    address = mapped(process)
    own = ctypes.create_string_buffer(b"EVIL")
    ours, theirs = Vector(ctypes.addressof(own), 4), Vector(address, 4)
    say(name + ".ptrace", call("ptrace", 16, process, 0, 0))  # PTRACE_ATTACH
    for way in ("process_vm_readv", "process_vm_writev"):
        say(name + "." + way, call(way, process, ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0))
    pidfd = call("pidfd_open", process, 0)
    say(name + ".pidfd_getfd", call("pidfd_getfd", pidfd, 1, 0))
    for what, how in (
        ("mem", os.O_RDWR),
        ("environ", os.O_RDONLY),
        ("fd/1", os.O_WRONLY),
        ("root/etc", os.O_RDONLY),
    ):
        try:
            file = os.open("/proc/%d/%s" % (process, what), how)
            if what == "mem":
                os.pwrite(file, b"EVIL", address)
            print(name + "." + what, "done", flush=True)
        except OSError as error:
            print(name + "." + what, errno.errorcode[error.errno], flush=True)


def try_all():
    say("mount", call("mount", b"x", b"/mnt", b"tmpfs", 0, None))
    say("unshare.user", call("unshare", NEW_USER))
    say("unshare.net", call("unshare", NEW_NET))
    say("unshare.files", call("unshare", 0x400))
    child = call("clone", NEW_USER | SIGCHLD, 0, 0, 0, 0)
    if child == 0:
        os._exit(0)
    say("clone.user", child)
    say("clone3", call("clone3", 0, 0))
    say("setns", call("setns", os.open("/proc/self/ns/net", os.O_RDONLY), 0))
    say("keyctl", call("keyctl", 0, -3, 0))  # KEYCTL_GET_KEYRING_ID of the session's
    say("bpf", call("bpf", 0, None, 0))
    say("userfaultfd", call("userfaultfd", 1))
    say("io_uring_setup", call("io_uring_setup", 1, ctypes.create_string_buffer(256)))
    say("open_tree", call("open_tree", -100, b"/", 1))
    say("fsopen", call("fsopen", b"tmpfs", 0))
    say("perf_event_open", call("perf_event_open", None, 0, -1, -1, 0))
    say("chroot", call("chroot", b"/tmp"))
    for path in (
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/vm/overcommit_memory",
        "/proc/sysrq-trigger",
        "/proc/sys/net/ipv4/ip_forward",
    ):
        try:
            os.open(path, os.O_WRONLY)
            print(path, "done")
        except OSError as error:
            print(path, errno.errorcode[error.errno])
    print("/proc/sys", "EROFS" if os.statvfs("/proc/sys").f_flag & os.ST_RDONLY else "done")
    # The same machine's other language: int $0x80 with the 32-bit number of ptrace, PTRACE_TRACEME.
    code = bytes.fromhex("53 b8 1a 00 00 00 31 db 31 c9 31 d2 31 f6 cd 80 5b c3")
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    result = ctypes.CFUNCTYPE(ctypes.c_int)(address)()
    print(
        "int80.ptrace", "done" if result >= 0 else errno.errorcode.get(-result, result), flush=True
    )


for argument in sys.argv[1:]:
    victim, number = argument.split("=")
    on(victim, int(number))
try_all()
print("end")
