"""System calls that Docker's default profile refuses to a container.

An attempt makes a call that works if nothing forbids it. If the call would need a capability, or would do harm, its
arguments are invalid: the attempt shows whether the kernel gets to see them.
Numbers: arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import platform
import socket
import struct
from collections.abc import Callable
from functools import partial

from tests.e2e.attacks.attempts import attempt, check, libc, reach, system_call

X86 = platform.machine() == "x86_64"
NUMBERS = {  # x86_64, aarch64
    "socket": (41, 198),
    "ptrace": (101, 117), "syslog": (103, 116), "ustat": (136, None), "personality": (135, 92), "sysfs": (139, None),
    "pivot_root": (155, 41), "acct": (163, 89), "settimeofday": (164, 170),
    "mount": (165, 40), "umount2": (166, 39), "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142),
    "setdomainname": (171, 162), "iopl": (172, None), "ioperm": (173, None), "init_module": (175, 105),
    "delete_module": (176, 106), "quotactl": (179, 60), "lookup_dcookie": (212, 18), "clock_settime": (227, 112),
    "mbind": (237, 235), "set_mempolicy": (238, 237), "get_mempolicy": (239, 236), "kexec_load": (246, 104),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "migrate_pages": (256, 238),
    "unshare": (272, 97), "move_pages": (279, 239), "perf_event_open": (298, 241),
    "fanotify_init": (300, 262), "open_by_handle_at": (304, 265), "setns": (308, 268),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272), "finit_module": (313, 273),
    "bpf": (321, 280), "userfaultfd": (323, 282), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "clone3": (435, 435),
    "pidfd_getfd": (438, 438), "process_madvise": (440, 440), "mount_setattr": (442, 442), "quotactl_fd": (443, 443),
    "lsm_list_modules": (461, 461), "clone": (56, 220),
}  # fmt: skip
NEWNS, NEWUSER, NEWNET, SIGCHLD = 0x00020000, 0x10000000, 0x40000000, 17
X32 = 0x40000000
I386_KEYCTL, I386_UNSHARE, I386_SOCKETCALL = 288, 310, 102
AF_ALG, AF_VSOCK, NETLINK_NETFILTER = 38, 40, 12
NOWHERE = 1
"""An address that nothing is at."""


def number(name: str) -> int:
    """The call's number on this machine."""
    of_x86, of_arm = NUMBERS[name]
    found = of_x86 if X86 else of_arm
    assert found is not None
    return found


def reaching(name: str, *arguments: object) -> None:
    """One attempt: a call with these arguments gets to the kernel."""
    attempt(name, lambda: reach(number(name), *arguments))


def unshare(flags: int) -> None:
    """``unshare(2)``."""
    system_call(number("unshare"), flags)


def clone_user_namespace() -> str:
    """A child that is root of a user namespace."""
    child = system_call(number("clone"), NEWUSER | SIGCHLD, 0, 0, 0, 0)
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return ""


def clone3(flags: int) -> str:
    """A child by the newer call, whose flags no filter can see."""
    arguments = struct.pack("=8Q", flags, 0, 0, 0, SIGCHLD, 0, 0, 0)
    child = system_call(number("clone3"), arguments, len(arguments))
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return ""


def mounting(kind: str, options: str) -> Callable[[], None]:
    """Mount a file system in a user namespace of one's own."""

    def act() -> None:
        unshare(NEWUSER | NEWNS)
        check(libc.mount(b"none", b"/dev/shm", kind.encode(), 0, options.encode()))

    return act


def add_netfilter_table() -> str:
    """A table of nftables in a user namespace: the part of the kernel that most escapes began in."""
    unshare(NEWUSER | NEWNET)
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    name = struct.pack("=HH", 12, 1) + b"attack\0\0"
    batch = b"".join(
        struct.pack("=LHHLL", 20 + len(attributes), kind, flags, sequence, 0)
        + struct.pack("=BB", family, 0)
        + subsystem.to_bytes(2, "big")
        + attributes
        for sequence, (kind, flags, family, subsystem, attributes) in enumerate(
            ((0x10, 1, 0, 10, b""), (0xA00, 0x405, 2, 0, name), (0x11, 1, 0, 10, b""))
        )
    )
    link.send(batch)
    error = -struct.unpack_from("=i", link.recv(4096), 16)[0]
    if error:
        raise OSError(error, os.strerror(error))
    return ""


def open_socket(family: int, kind: int) -> str:
    """A socket; a kernel without the family was asked all the same."""
    try:
        socket.socket(family, kind)
    except OSError as error:
        if error.errno == errno.EAFNOSUPPORT:
            return "the kernel has no such family"
        raise
    return ""


def open_socket_by_upper_bits(family: int) -> str:
    """The kernel looks at the lower half of the argument alone; a filter may compare all of it."""
    try:
        system_call(number("socket"), family | 1 << 32, socket.SOCK_SEQPACKET, 0)
    except OSError as error:
        if error.errno == errno.EAFNOSUPPORT:
            return "the kernel has no such family"
        raise
    return ""


def perf_event_open() -> None:
    """Count this process's own page faults."""
    software, page_faults, exclude_kernel_and_hypervisor = 1, 2, 0b1100000
    event = struct.pack("=IIQQQQQ", software, 128, page_faults, 0, 0, 0, exclude_kernel_and_hypervisor).ljust(
        128, b"\0"
    )
    system_call(number("perf_event_open"), event, 0, -1, -1, 0)


def read_child() -> str:
    """The memory of a process of one's own; Docker allows it, and debuggers need it."""
    secret = ctypes.create_string_buffer(b"of the child")
    child = os.fork()
    if child == 0:
        os.kill(os.getpid(), 19)
        os._exit(0)
    os.waitpid(child, 2)
    string_buffer = ctypes.create_string_buffer(12)
    local = struct.pack("@PN", ctypes.addressof(string_buffer), 12)
    remote = struct.pack("@PN", ctypes.addressof(secret), 12)
    try:
        system_call(number("process_vm_readv"), child, local, 1, remote, 1, 0)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
    return string_buffer.value.decode()


def as_i386(call: int, first: int, second: int) -> str:
    """A call as a 32-bit program makes it, by ``int 0x80``: it gets to the kernel. A kernel without them kills."""
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    # push rbx; mov eax, edi; mov ebx, esi; mov ecx, edx; int 0x80; pop rbx; ret
    code.write(bytes.fromhex("53 89f8 89f3 89d1 cd80 5b c3"))
    function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint, ctypes.c_uint, ctypes.c_uint)
    result = function(ctypes.addressof(ctypes.c_char.from_buffer(code)))(call, first, second)
    if result in {-1, -38}:
        raise OSError(-result, os.strerror(-result))
    return f"the kernel answers {result}"


def algorithm_socket_of_i386() -> str:
    """socketcall(SYS_SOCKET, {AF_ALG, SOCK_SEQPACKET, 0}), whose arguments no filter can see."""
    libc.mmap.restype = ctypes.c_void_p
    place = libc.mmap(None, ctypes.c_size_t(4096), 3, 0x62, -1, ctypes.c_long(0))  # below 4 GiB: MAP_32BIT
    ctypes.memmove(place, struct.pack("=3I", AF_ALG, 5, 0), 12)
    return as_i386(I386_SOCKETCALL, 1, place)


def namespaces() -> None:
    """User namespaces, and what a process can do in them."""
    attempt("unshare(CLONE_NEWUSER)", lambda: unshare(NEWUSER))
    attempt("clone(CLONE_NEWUSER)", clone_user_namespace)
    attempt("clone3(CLONE_NEWUSER)", lambda: clone3(NEWUSER))
    attempt("mount(tmpfs) in a user namespace", mounting("tmpfs", ""))
    attempt("mount(overlay) in a user namespace", mounting("overlay", "lowerdir=/etc:/srv"))
    attempt("mount(cgroup2) in a user namespace", mounting("cgroup2", ""))
    attempt("netfilter table in a user namespace", add_netfilter_table)
    reaching("setns", -1, 0)


def mounts() -> None:
    """Old and new calls of the mount family."""
    reaching("mount", NOWHERE, NOWHERE, NOWHERE, 0, 0)
    reaching("umount2", NOWHERE, 0)
    reaching("pivot_root", NOWHERE, NOWHERE)
    reaching("fsopen", NOWHERE, 0xFF)
    reaching("fsconfig", -1, 0xFF, 0, 0, 0)
    reaching("fsmount", -1, 0xFF, 0)
    reaching("fspick", -1, NOWHERE, 0xFF)
    reaching("open_tree", -1, b"/", 0)
    reaching("move_mount", -1, NOWHERE, -1, NOWHERE, 0xFFFF)
    reaching("mount_setattr", -1, NOWHERE, 0xFFFFFF, 0, 0)
    reaching("quotactl", 0xFFFFFFFF, NOWHERE, 0, 0)
    reaching("quotactl_fd", -1, 0xFFFFFFFF, 0, 0)
    reaching("open_by_handle_at", -1, NOWHERE, 0)


def kernel() -> None:
    """Large and seldom used parts of the kernel."""
    attempt("io_uring_setup", lambda: system_call(number("io_uring_setup"), 1, bytes(120)))
    reaching("io_uring_enter", -1, 0, 0, 0, 0, 0)
    reaching("io_uring_register", -1, 0, 0, 0)
    attempt("socket(AF_VSOCK)", lambda: open_socket(AF_VSOCK, socket.SOCK_STREAM))
    attempt("socket(AF_ALG)", lambda: open_socket(AF_ALG, socket.SOCK_SEQPACKET))
    for name, family in (("AF_VSOCK", AF_VSOCK), ("AF_ALG", AF_ALG)):
        attempt(f"socket({name} + 2**32)", partial(open_socket_by_upper_bits, family))
    attempt("perf_event_open", perf_event_open)
    attempt("userfaultfd(UFFD_USER_MODE_ONLY)", lambda: system_call(number("userfaultfd"), 1))
    reaching("bpf", 9999, 0, 0)
    attempt("personality(READ_IMPLIES_EXEC)", lambda: system_call(number("personality"), 0x0400000))
    reaching("fanotify_init", 0x200, 0)
    reaching("lookup_dcookie", 0, NOWHERE, 1)
    reaching("lsm_list_modules", NOWHERE, NOWHERE, 0)
    for name, arguments in (("add_key", (0, 0, 0, 0, 0)), ("request_key", (0, 0, 0, 0)), ("keyctl", (0, -4, 0))):
        reaching(name, *arguments)


def processes() -> None:
    """Other processes, and where memory lies."""
    attempt("process_vm_readv of a child", read_child)
    attempt("ptrace(PTRACE_TRACEME)", lambda: system_call(number("ptrace"), 0, 0, 0, 0))
    attempt("kcmp", lambda: system_call(number("kcmp"), os.getpid(), os.getpid(), 1, 0, 0))
    reaching("pidfd_getfd", -1, 0, 0)
    reaching("process_madvise", -1, NOWHERE, 0, 0xFF, 0xFF)
    reaching("get_mempolicy", 0, 0, 0, 0, 0)
    reaching("set_mempolicy", 0, 0, 0)
    reaching("mbind", 0, 0, 0, 0, 0, 0)
    reaching("move_pages", 0, 0, 0, 0, 0, 0)
    reaching("migrate_pages", 0, 0, 0, 0)


def machine() -> None:
    """System calls on what belongs to the machine: its clock, its modules, its swap."""
    reaching("clock_settime", 0, NOWHERE)
    reaching("settimeofday", NOWHERE, 0)
    reaching("swapon", NOWHERE, 0xFFFFFFFF)
    reaching("swapoff", NOWHERE)
    reaching("acct", NOWHERE)
    reaching("syslog", 10, 0, 0)
    reaching("reboot", 0, 0, 0, 0)
    reaching("kexec_load", 0, 0xFFFF, 0, 0xFFFF)
    reaching("init_module", NOWHERE, 0, NOWHERE)
    reaching("finit_module", -1, NOWHERE, 0xFF)
    reaching("delete_module", NOWHERE, 0)
    reaching("setdomainname", NOWHERE, -1)


def x86() -> None:
    """Calls that only x86 has, and its two other ways to make calls."""
    reaching("sysfs", 3, 0, 0)
    reaching("ustat", 0, NOWHERE)
    reaching("iopl", 4)
    reaching("ioperm", 0xFFFFFFFF, 1, 1)
    attempt("x32: unshare(CLONE_NEWUSER)", lambda: system_call(number("unshare") + X32, NEWUSER))
    attempt("i386: unshare(CLONE_NEWUSER)", lambda: as_i386(I386_UNSHARE, NEWUSER, 0))
    attempt("i386: keyctl", lambda: as_i386(I386_KEYCTL, 0, 0xFFFFFFFC))
    attempt("i386: socketcall(socket, AF_ALG)", algorithm_socket_of_i386)


for family in (namespaces, mounts, kernel, processes, machine):
    family()
if X86:
    x86()
