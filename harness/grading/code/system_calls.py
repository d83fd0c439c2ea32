"""System calls that no program under test needs, refused by a seccomp filter.

Namespaces, mounts and processes are closed already. This closes what would undo the limits:
a user namespace of one's own (with a file system of any size in it), and memory that no limit
on the address space counts (shared segments, anonymous files, message queues).
"""

from __future__ import annotations

import platform
import struct

# name: (x86-64, aarch64), from the kernel's tables; None: that machine has no such call.
_REFUSED: dict[str, tuple[int | None, int]] = {
    "add_key": (248, 217),
    "bpf": (321, 280),
    "clone3": (435, 435),
    "io_uring_setup": (425, 425),
    "keyctl": (250, 219),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "mount": (165, 40),
    "move_mount": (429, 429),
    "mq_open": (240, 180),
    "msgget": (68, 186),
    "perf_event_open": (298, 241),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "request_key": (249, 218),
    "semget": (64, 190),
    "setns": (308, 268),
    "shmget": (29, 194),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
}
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column, AUDIT_ARCH_*

_LOAD_WORD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET = 0, 4
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050001  # SECCOMP_RET_*; errno EPERM
_X32_CALLS = 0x40000000


def seccomp_filter(machine: str = platform.machine()) -> bytes:
    """The filter as a classic BPF program; empty for machines whose call numbers are not here.

    Source: `struct sock_filter` of linux/filter.h, `struct seccomp_data` of linux/seccomp.h.
    """
    if machine not in _MACHINES:
        return b""
    column, architecture = _MACHINES[machine]
    numbers = sorted({number for row in _REFUSED.values() if (number := row[column]) is not None})
    program = [
        (_LOAD_WORD, 0, 0, _ARCHITECTURE_OFFSET),
        (_JUMP_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),  # Another architecture's calls have other numbers.
        (_LOAD_WORD, 0, 0, _NUMBER_OFFSET),
        (_JUMP_GREATER_EQUAL, len(numbers) + 1, 0, _X32_CALLS),
    ]
    for place, number in enumerate(numbers):
        program.append((_JUMP_EQUAL, len(numbers) - place, 0, number))
    program += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
