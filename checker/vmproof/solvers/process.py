"""The parent's side of one worker process: start it, ask it, and end it when its time is over."""

from __future__ import annotations

import os
import pickle
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

import vmproof
from vmproof.solvers.interface import LENGTH, MEMORY, TIMEOUT, Problem, Reply, Request, Status

_START_SECONDS = 60.0
_TICK = 0.001  # the solvers count in milliseconds
_GRACE = 0.25  # seconds past the limit in which the solver may end by itself, which saves a restart
_LAST_WORDS = 2.0  # seconds in which a process that closed its pipe ends by itself, so that its exit code tells why
_CHUNK = 1 << 16
# In lower case; the last one is what making a thread says when there is no room for its stack.
_OUT_OF_MEMORY = (
    "bad_alloc",
    "out of memory",
    "memoryerror",
    "cannot allocate memory",
    "failed to map segment",
    "resource temporarily unavailable",
)


class _Ended(Exception):
    """The process closed its pipe."""


class _Unheard(Exception):
    """The process closed its pipe before it took up what it was asked: it died of something else."""


class _Late(Exception):
    """The deadline passed."""


class WorkerProcess:
    """A worker that starts at its first problem and again after each end.

    All calls but `kill` come from one thread, and that thread must live as long as the process: the kernel sends the
    parent-death signal when the *thread* that started the child ends (prctl(2), PR_SET_PDEATHSIG).
    """

    def __init__(self, memory_mb: int) -> None:
        self._memory_mb = memory_mb
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._unwanted = False

    def arm(self) -> None:
        """Forget an earlier `kill`: from now on a `kill` means the next `ask`, even where its process has not started yet."""
        self._unwanted = False

    def ask(self, solver: str, problem: Problem, timeout: float) -> Reply:
        """The worker's reply, or UNKNOWN with the reason why there is none; takes little more than `timeout` seconds."""
        if timeout < _TICK:
            return Reply(Status.UNKNOWN, None, TIMEOUT)
        request = Request(solver, problem, timeout)
        try:
            return self._asked(request)
        except _Unheard:  # while it was idle
            self._end(_LAST_WORDS)
        try:
            return self._asked(request)
        except _Unheard:
            return Reply(Status.UNKNOWN, None, self._cause_of_end())

    def _asked(self, request: Request) -> Reply:
        """The reply to one request; raises _Unheard where the process, though started, died before it took the request up."""
        try:
            self._start()
        except (_Late, OSError) as error:
            self._end()
            return Reply(Status.UNKNOWN, None, f"solver: the worker process does not start ({str(error) or 'it is silent'})")
        except _Ended:
            return Reply(Status.UNKNOWN, None, self._cause_of_end())
        deadline = time.monotonic() + request.timeout + _GRACE
        heard = False
        try:
            self._send(request, deadline)
            self._receive(deadline)
            heard = True
            reply = self._receive(deadline)
        except _Late:
            self._end()
            return Reply(Status.UNKNOWN, None, TIMEOUT)
        except _Ended as error:
            if not heard and not self._unwanted:
                raise _Unheard from error
            return Reply(Status.UNKNOWN, None, self._cause_of_end())
        if reply.reason == MEMORY:
            self._end()
        return reply

    def kill(self) -> None:
        """End the process now, or as soon as it starts; may be called from any thread, while another waits in `ask`."""
        self._unwanted = True
        process = self._process
        if process is not None and process.returncode is None:
            process.kill()

    def close(self) -> None:
        """End the process and wait until it is gone."""
        if self._process is not None:
            self._end()

    def _start(self) -> None:
        if self._process is not None:
            if self._process.poll() is None:
                return
            self._end()
        package = str(Path(vmproof.__file__).resolve().parent.parent)
        inherited = os.environ.get("PYTHONPATH")
        environment = {**os.environ, "PYTHONPATH": package + (os.pathsep + inherited if inherited else "")}
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._process = subprocess.Popen(
            # -P: a file in the current folder that is called like a library must not be imported in its place
            [sys.executable, "-P", "-m", "vmproof.solvers.worker", str(self._memory_mb), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
            bufsize=0,
        )
        if self._unwanted:
            self._process.kill()
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        self._receive(time.monotonic() + _START_SECONDS)

    def _send(self, message: object, deadline: float) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        pipe = self._process.stdin.fileno()
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        rest = memoryview(LENGTH.pack(len(data)) + data)
        while rest:
            _wait(pipe, select.POLLOUT, deadline)
            try:
                rest = rest[os.write(pipe, rest[:_CHUNK]) :]
            except BlockingIOError:
                continue
            except BrokenPipeError as error:
                raise _Ended from error

    def _receive(self, deadline: float) -> Reply:
        (length,) = LENGTH.unpack(self._read(LENGTH.size, deadline))
        reply = pickle.loads(self._read(length, deadline))
        assert isinstance(reply, Reply)
        return reply

    def _read(self, size: int, deadline: float) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        parts: list[bytes] = []
        while size:
            _wait(pipe, select.POLLIN, deadline)
            part = os.read(pipe, size)
            if not part:
                raise _Ended
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _cause_of_end(self) -> str:
        """Why the process ended by itself: out of memory, as far as one can see, or a fault of the solver."""
        code, said = self._end(_LAST_WORDS)
        # SIGKILL that this process did not send is the kernel's out-of-memory killer.
        if code == -signal.SIGKILL or any(sign in said.lower() for sign in _OUT_OF_MEMORY):
            return MEMORY
        how = f"by signal {-code}" if code < 0 else f"with code {code}"
        last = said.strip().splitlines()[-1:]
        return f"solver: the worker process ended {how}" + (f" ({last[0]})" if last else "")

    def _end(self, patience: float = 0.0) -> tuple[int, str]:
        """Kill the process if it does not end within `patience` seconds; its exit code and what it wrote as errors."""
        process, errors = self._process, self._errors
        self._process = self._errors = None
        code, said = 0, ""
        if process is not None:
            try:
                code = process.wait(patience)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        if errors is not None:
            errors.seek(0)
            said = errors.read().decode(errors="replace")
            errors.close()
        return code, said


def _wait(pipe: int, event: int, deadline: float) -> None:
    """Wait until the pipe can be read or written, or was closed at the other end; raises _Late at the deadline."""
    poll = select.poll()
    poll.register(pipe, event)
    if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        raise _Late
