"""The client's side of the protocol by which a debugger drives QEMU (gdb's remote serial protocol), with many packets under way at once."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path


class GdbRemote:
    """A connection to QEMU's stub at a socket of the file system."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(20)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._stream = self._socket.makefile("rb")

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def ask(self, packets: Sequence[str]) -> list[str]:
        """Send the packets, and give the answer to each. A step must be the last of them."""
        sent = b"".join(b"+$%s#%02x" % (packet.encode(), sum(packet.encode()) & 0xFF) for packet in packets)
        self._socket.sendall(sent)
        return [self._answer() for _ in packets]

    def _answer(self) -> str:
        while True:
            mark = self._stream.read(1)
            if not mark:
                raise ConnectionError("QEMU has gone")
            if mark == b"$":
                break
        text = bytearray()
        while (byte := self._stream.read(1)) != b"#":
            text += byte
        self._stream.read(2)
        return text.decode()
