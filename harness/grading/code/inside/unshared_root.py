"""Builds the root folder of a sandbox where bubblewrap is missing, and starts Python in it.

Runs under `unshare`, as root of its namespaces and as their process 1: it stays to end what the
program leaves behind, and no signal of the program reaches it.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

# From linux/mount.h and linux/prctl.h.
_READ_ONLY, _NO_SUID, _NO_DEVICES, _REMOUNT = 1, 2, 4, 32
_NO_ACCESS_TIME, _NO_FOLDER_ACCESS_TIME = 1 << 10, 1 << 11
_BIND, _RECURSIVE, _PRIVATE = 1 << 12, 1 << 14, 1 << 18
# Of statvfs, where these have the same values as flags of a mount.
_INHERITED = _NO_SUID | _NO_DEVICES | _NO_ACCESS_TIME | _NO_FOLDER_ACCESS_TIME
_DETACH = 2
_SET_SECCOMP, _DROP_BOUNDING, _SET_NO_NEW_PRIVILEGES = 22, 24, 38
_FILTER_MODE = 2
_CAPABILITIES = 64
_USER_CAPABILITIES = (6, 7)  # CAP_SETGID, CAP_SETUID

_libc = ctypes.CDLL(None, use_errno=True)


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    arguments = (source.encode(), target.encode(), kind.encode(), flags, options.encode())
    _checked(_libc.mount(*arguments), f"mount {target}")


def _bind(source: str, target: str, *, device: bool = False) -> None:
    place = Path(target)
    if Path(source).is_dir():
        place.mkdir(mode=0o755, parents=True, exist_ok=True)
    else:
        place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        place.touch()
    _mount(source, target, "", _BIND)
    if not device:
        # Flags of the mount that it comes from may not be taken away in a user namespace.
        kept = os.statvfs(source).f_flag & _INHERITED
        _mount("", target, "", _BIND | _REMOUNT | _READ_ONLY | _NO_SUID | kept)


def build_root(settings: dict[str, Any]) -> None:
    """Makes the root folder and moves into it."""
    _mount("", "/", "", _RECURSIVE | _PRIVATE)
    root = settings["scratch"]
    _mount("tmpfs", root, "tmpfs", _NO_SUID | _NO_DEVICES, "mode=755,size=1m,nr_inodes=4096")
    for source, target in settings["files"]:
        _bind(source, root + target)
    for target in settings["hidden"]:
        _mount("tmpfs", root + target, "tmpfs", _READ_ONLY, "mode=755,size=4k")
    _bind("/dev/null", f"{root}/dev/null", device=True)
    Path(f"{root}/tmp").mkdir()
    bounded = f"mode=1777,size={settings['folder_bytes']},nr_inodes=4096"
    _mount("tmpfs", f"{root}/tmp", "tmpfs", _NO_SUID | _NO_DEVICES, bounded)
    os.chdir(root)
    subprocess.run([settings["pivot_root"], ".", "."], check=True)
    _checked(_libc.umount2(b".", _DETACH), "umount the old root")
    os.chdir("/tmp")
    _mount("", "/", "", _BIND | _REMOUNT | _READ_ONLY | _NO_SUID | _NO_DEVICES)


def give_up_rights(seccomp: bytes, *, changes_user: bool) -> None:
    """No new privileges, no capabilities, fewer calls.

    Args:
        seccomp: the filter of calls.
        changes_user: whether those capabilities stay with which the user is changed, once.
    """
    kept = _USER_CAPABILITIES if changes_user else ()
    for number in range(_CAPABILITIES):
        if number not in kept:
            _libc.prctl(_DROP_BOUNDING, number, 0, 0, 0)  # Beyond the last one it fails.
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    bits = sum(1 << number for number in kept)
    _checked(_libc.capset(header, (ctypes.c_uint32 * 6)(bits, bits, 0, 0, 0, 0)), "capset")
    _checked(_libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no_new_privs")
    if seccomp:
        program = ctypes.create_string_buffer(seccomp, len(seccomp))
        described = _Filter(len(seccomp) // 8, ctypes.cast(program, ctypes.c_void_p))
        arguments = (_SET_SECCOMP, _FILTER_MODE, ctypes.byref(described), 0, 0)
        _checked(_libc.prctl(*arguments), "seccomp")


def main(settings: dict[str, Any]) -> None:
    """Starts `settings["command"]` in the new root, and ends as it ends."""
    build_root(settings)
    child = os.fork()
    if child == 0:
        try:
            seccomp = bytes.fromhex(settings["seccomp"])
            give_up_rights(seccomp, changes_user=settings["changes_user"])
            os.execve(settings["command"][0], settings["command"], settings["environment"])
        except OSError as problem:
            print(problem, file=sys.stderr)  # noqa: T201 (there is no other way to say it)
        os._exit(127)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)
