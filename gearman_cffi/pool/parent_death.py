"""A process that cannot outlive the pool's parent, whatever it is doing.

Only the parent holds the write end of a pipe. When the parent dies, even by SIGKILL, the kernel closes that end and
signals the owner of the read end. On Linux this signal is SIGKILL for the whole process group (F_SETOWN, F_SETSIG,
O_ASYNC). It works in the middle of C code that holds the GIL, ends the processes that a job has started, and needs no
thread. PR_SET_PDEATHSIG would watch the wrong parent, because worker processes are forked by the fork server, and needs
ctypes. On other systems a thread waits for the end of the pipe.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import sys
import threading


def lead_own_group() -> None:
    """Makes this process lead its own process group, so that Ctrl-C at the terminal reaches the parent alone."""
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)


def die_with_parent(pipe: int, may_use_thread: bool = True) -> int:
    """Has this process and its group killed when the pipe's write end is closed. pipe: the read end.

    Returns the file descriptor that must stay open for it.
    """
    watched = _watch_by_kernel(pipe)
    if watched is not None:
        return watched
    if may_use_thread:
        threading.Thread(target=_watch, args=(pipe,), name="gearman-cffi parent death", daemon=True).start()
    return pipe


def _watch_by_kernel(pipe: int) -> int | None:
    """The file descriptor through which the kernel watches the pipe; None if it cannot."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        # The owner belongs to the open file, which forked processes share: each process opens the pipe for itself.
        own = os.open(f"/proc/self/fd/{pipe}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.fcntl(own, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(own, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(own, fcntl.F_SETFL, fcntl.fcntl(own, fcntl.F_GETFL) | os.O_ASYNC)
    except OSError:
        os.close(own)
        return None
    if parent_is_dead(pipe):  # since before the kernel was asked
        _kill_group()
    return own


def parent_is_dead(pipe: int) -> bool:
    """Whether the write end of the pipe is closed already."""
    poll = select.poll()
    poll.register(pipe, select.POLLIN | select.POLLHUP)
    return bool(poll.poll(0))


def _watch(pipe: int) -> None:
    select.select([pipe], [], [])
    _kill_group()


def _kill_group() -> None:
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
