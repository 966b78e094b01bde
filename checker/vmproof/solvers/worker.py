"""The worker process: `python -m vmproof.solvers.worker MEMORY_MB PARENT_PID`.

It reads problems from its standard input and writes replies to its standard output, each a pickle behind its length: one when
it is ready, and for each problem one when it takes it up and one with what came of it. It ends at the end of its input; on
Linux the kernel also kills it when its parent dies, so that nothing is left behind in the middle of a long search.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import resource
import signal
import sys
from typing import BinaryIO

from vmproof.solvers.backends import solve
from vmproof.solvers.interface import LENGTH, MEMORY, Reply, Request, Status

READY = Reply(Status.UNKNOWN, None, "ready")
TAKEN = Reply(Status.UNKNOWN, None, "taken up")

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc
_MOST_KEPT = (1 << 31) - 1  # bytes
_LARGEST_ON_HEAP = 1 << 25  # the most that mallopt(3) takes


def write_message(stream: BinaryIO, message: object) -> None:
    """One pickled message behind its length."""
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    stream.write(LENGTH.pack(len(data)) + data)
    stream.flush()


def read_message(stream: BinaryIO) -> object | None:
    """The next message; None at the end of the stream."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    data = stream.read(length)
    return pickle.loads(data) if len(data) == length else None


def die_with(parent: int) -> None:
    """Be killed when the parent dies; exit now if it died before this call."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def _limit_memory(memory_mb: int) -> None:
    limit = memory_mb << 20
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _keep_memory() -> None:
    """Give nothing back to the system between problems: asking for it again costs as much as most problems. The C library's choice else."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_M_TRIM_THRESHOLD, _MOST_KEPT)
            mallopt(_M_MMAP_THRESHOLD, _LARGEST_ON_HEAP)


def main(memory_mb: int, parent: int) -> None:
    """Serve problems until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    die_with(parent)
    _limit_memory(memory_mb)
    _keep_memory()
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints must not mix with the replies
    requests = sys.stdin.buffer
    write_message(replies, READY)
    while (request := read_message(requests)) is not None:
        assert isinstance(request, Request)
        write_message(replies, TAKEN)  # if the process ends after this, the problem was the cause
        reply = solve(request.solver, request.problem, request.timeout, memory_mb)
        write_message(replies, reply)
        if reply.reason == MEMORY:
            return  # a solver that ran out of memory is not to be trusted with another problem


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
