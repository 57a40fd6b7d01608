"""A process that cannot outlive the pool's parent, whatever it is doing.

The parent alone holds the write end of a pipe. When it is gone, also by SIGKILL, the kernel closes that end and the
read end's owner is signalled. On Linux this signal is made SIGKILL, for the whole process group (F_SETOWN, F_SETSIG,
O_ASYNC): it works in the middle of C code that holds the interpreter, takes the processes that a job started
along, and needs no thread. PR_SET_PDEATHSIG would name the wrong parent, for children are forked by a template, and
needs ctypes. Elsewhere a thread waits for the pipe's end.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import sys
import threading


def own_group() -> None:
    """Makes this process the leader of a group: a Ctrl-C at the terminal is for the parent, which passes it on."""
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)


def die_with_parent(lifeline: int, may_use_thread: bool = True) -> int:
    """Ends this process and its group by SIGKILL when the pipe's other end is closed. lifeline: the read end.

    Returns the file descriptor that must stay open for it.
    """
    asked = _ask_kernel(lifeline)
    if asked is not None:
        return asked
    if may_use_thread:
        threading.Thread(target=_watch, args=(lifeline,), name="gearman-cffi lifeline", daemon=True).start()
    return lifeline


def _ask_kernel(lifeline: int) -> int | None:
    """The file descriptor whose owner the kernel will kill; None if the kernel does not do that."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        # The owner belongs to the open file, which forked processes share: each opens the pipe for itself.
        own = os.open(f"/proc/self/fd/{lifeline}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.fcntl(own, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(own, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(own, fcntl.F_SETFL, fcntl.fcntl(own, fcntl.F_GETFL) | os.O_ASYNC)
    except OSError:
        os.close(own)
        return None
    if has_ended(lifeline):  # before the kernel was asked
        _end()
    return own


def has_ended(lifeline: int) -> bool:
    """Whether the other end is closed already."""
    poll = select.poll()
    poll.register(lifeline, select.POLLIN | select.POLLHUP)
    return bool(poll.poll(0))


def _watch(lifeline: int) -> None:
    select.select([lifeline], [], [])
    _end()


def _end() -> None:
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
