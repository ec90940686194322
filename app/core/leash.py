"""Starts a program that ends with its parent, and, where asked, under an unprivileged user.

Run as a file, by `python -I -S`, so that it costs a few milliseconds and imports nothing of ours:

    leash.py PARENT_PID SIGNAL USER|- PROGRAM ARGUMENT…

A supervisor killed with SIGKILL cannot stop its children; the kernel can (Linux: PR_SET_PDEATHSIG).
A `preexec_fn` would do the same, but runs Python between fork and exec of a process that may have
threads, which deadlocks now and then and warns from Python 3.12 on.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import sys

# Numbers of linux/prctl.h, linux/securebits.h and linux/capability.h.
PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
SECBIT_KEEP_CAPS = 1 << 4
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2


def main(arguments: list[str]) -> None:
    """Leash this process and become the program."""
    parent, signal_number, user = int(arguments[0]), int(arguments[1]), arguments[2]
    program = arguments[3:]
    if user != "-":
        _become(user)
    if sys.platform == "linux":
        # After the change of user, which clears the setting.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
        if os.getppid() != parent:
            # It died before we asked to be told.
            sys.exit("the parent is gone")
    os.execv(program[0], program)  # noqa: S606  # nosec B606  # the whole purpose; no shell


def _become(user: str) -> None:
    """Be `user` from here on, keeping only the right to pass through folders that are closed to it.

    PostgreSQL refuses to run as root. A project below /root or another private home is closed to every
    other user, and opening a person's home with chmod is not ours to do. Where the kernel does not let us
    keep that right, the program itself will say what it cannot read.
    """
    entry = pwd.getpwnam(user)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
        # access(2) forgets the capabilities of a user who is not root, unless this bit is set.
        libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS, 0, 0, 0)
    os.setgroups([entry.pw_gid])
    os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    if sys.platform == "linux":
        for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
            if _keep_only(libc, capability):
                break


def _keep_only(libc: ctypes.CDLL, capability: int) -> bool:
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    bit = 1 << capability
    # effective, permitted, inheritable; then the same for capabilities above 31, of which we keep none.
    data = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    if libc.capset(ctypes.byref(header), ctypes.byref(data)) != 0:
        return False
    return bool(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0)


if __name__ == "__main__":
    main(sys.argv[1:])
