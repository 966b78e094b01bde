"""One instruction on QEMU's RV64 with the hypervisor extension, from any state, driven through its debugger's stub.

The stub sets control registers as CSR instructions of M-mode would. It cannot set the mode: an MRET does, before the instruction. What a
virtual machine's mode hides is read after a further trap, which M-mode takes. (There might be a second processor, so that atomic
instructions are carried out as such, and not as a load and a store.)
"""

from __future__ import annotations

import mmap
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.gdb_remote import GdbRemote
from tests.support.rv64_state import M, Machine

BASE = 0x8000_0000
RAM = 16 << 20
LAUNCH = BASE + (8 << 20)  # where the MRET stands
NOWHERE = 0x4000_0000_0000_0000  # no address is mapped here, nor is there memory: fetching traps in every mode
MRET = 0x30200073
MODE_REGISTER = 65
FIRST_CSR = 66
CSRS = {
    "fcsr": 0x003,
    "stvec": 0x105, "scounteren": 0x106, "senvcfg": 0x10A, "sscratch": 0x140, "sepc": 0x141, "scause": 0x142, "stval": 0x143,
    "vsstatus": 0x200, "vstvec": 0x205, "vsscratch": 0x240, "vsepc": 0x241, "vscause": 0x242, "vstval": 0x243, "vsatp": 0x280,
    "medeleg": 0x302, "mideleg": 0x303, "mie": 0x304, "mtvec": 0x305, "mcounteren": 0x306, "menvcfg": 0x30A, "mcountinhibit": 0x320,
    "mscratch": 0x340, "mepc": 0x341, "mcause": 0x342, "mtval": 0x343, "mip": 0x344, "mtinst": 0x34A, "mtval2": 0x34B,
    "hstatus": 0x600, "hedeleg": 0x602, "hideleg": 0x603, "htimedelta": 0x605, "hcounteren": 0x606, "henvcfg": 0x60A, "htval": 0x643,
    "htinst": 0x64A, "hgatp": 0x680, "satp": 0x180, "mstatus": 0x300,
}  # fmt: skip
HVIP, PMPCFG, PMPADDR = 0x645, 0x3A0, 0x3B0
# What M-mode's own trap overwrites: read before the further trap.
EARLY = ("mepc", "mcause", "mtval", "mtval2", "mtinst", "medeleg", "mstatus")
MPP_SHIFT, MPV = 11, 1 << 39
MIE_BIT, MPIE = 1 << 3, 1 << 7
LOCKED = 0x80
WIDE = 0xA_0000_0000  # lower modes have 64 bits: QEMU lets an instruction change that


def program() -> str | None:
    """QEMU, or None where it is not installed."""
    return shutil.which("qemu-system-riscv64")


@dataclass(frozen=True)
class Result:
    """The state afterwards, and what of the RAM window changed."""

    after: Machine
    stores: Mapping[int, int]


class Qemu:
    """A running QEMU whose RAM is a shared file; `background` is what its beginning holds between runs."""

    def __init__(self, background: bytes) -> None:
        executable = program()
        assert executable is not None
        self._executable = executable
        self._folder = Path(tempfile.mkdtemp(prefix="rv64-qemu-"))
        with (self._folder / "ram").open("wb") as file:
            file.truncate(RAM)
        self._file = (self._folder / "ram").open("r+b")
        self._ram = mmap.mmap(self._file.fileno(), RAM)
        self.background = background
        self._ram[: len(background)] = background
        self._ram[LAUNCH - BASE : LAUNCH - BASE + 4] = MRET.to_bytes(4, "little")
        self._start()

    def _start(self) -> None:
        path, ram = self._folder / "gdb", self._folder / "ram"
        self._process = subprocess.Popen(
            [
                self._executable, "-machine", "virt,memory-backend=ram", "-bios", "none",
                "-cpu", "rv64,h=true,pmu-num=29", "-m", "16M", "-S", "-smp", "1,maxcpus=2",
                "-object", f"memory-backend-file,id=ram,size=16M,mem-path={ram},share=on",
                "-display", "none", "-monitor", "none", "-serial", "none", "-gdb", f"unix:{path},server=on,wait=off",
            ],
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        self._remote = self._connect(path)
        self._remote.ask(["qSupported:xmlRegisters=i386", "qXfer:features:read:target.xml:0,ffb", "Qqemu.PhyMemMode:1"])

    def _connect(self, path: Path) -> GdbRemote:
        until = time.monotonic() + 20
        while True:
            try:
                return GdbRemote(path)
            except OSError:
                if self._process.poll() is not None or time.monotonic() > until:
                    self._process.kill()
                    raise
                time.sleep(0.01)

    def close(self) -> None:
        """End the process and remove its files."""
        self._stop()
        self._ram.close()
        self._file.close()
        shutil.rmtree(self._folder)

    def _stop(self) -> None:
        self._remote.close()
        self._process.kill()
        self._process.wait()
        (self._folder / "gdb").unlink(missing_ok=True)

    def run(self, start: Machine, cells: Mapping[int, int], code: Mapping[int, bytes], steps: int = 1) -> Result:
        """Execute `steps` instructions; `cells` are bytes of data, `code` instructions, by physical address.

        Of two instructions, the first has four bytes, and the second is left out where the first one traps.
        """
        for address, byte in cells.items():
            self._ram[address - BASE] = byte
        before = bytes(self._ram[: len(self.background)])
        packets = self._prepare(start)
        for address, text in code.items():
            packets.append(f"M{address:x},{len(text):x}:{text.hex()}")
        if start.mode != M:
            status = start.words.get("mstatus", 0) | WIDE
            status = status & ~(MPIE | MIE_BIT) | (start.mode & 3) << MPP_SHIFT | (MPV if start.mode > M else 0)
            status |= MPIE if start.words.get("mstatus", 0) & MIE_BIT else 0
            packets += [_write("mstatus", status), _write("mepc", start.pc), _register(32, LAUNCH)]
            self._confirm([*packets, "s"])
            packets = [_write("mepc", start.words.get("mepc", 0))]
        packets.append("s")
        self._confirm(packets)
        if steps == 2 and self._pc() == start.pc + 4:
            self._confirm(["s"])
        result = self._collect(start)
        before = self._with(before, code)
        now = bytes(self._ram[: len(self.background)])
        stores: dict[int, int] = {}
        if now != before:
            stores = {BASE + at: byte for at, (byte, old) in enumerate(zip(now, before, strict=True)) if byte != old}
        undone = {address: self.background[address - BASE] for address in (*cells, *stores)}
        for address, byte in undone.items():
            self._ram[address - BASE] = byte
        restored = [f"M{at:x},{len(text):x}:{self.background[at - BASE : at - BASE + len(text)].hex()}" for at, text in code.items()]
        self._confirm(restored)
        if any(entry & LOCKED for entry in result.pmpcfg):  # nothing but a reset unlocks it, and not even that here
            self._stop()
            self._start()
        return Result(result, stores)

    def _pc(self) -> int:
        return _number(self._remote.ask(["p20"])[0])

    def _with(self, memory: bytes, code: Mapping[int, bytes]) -> bytes:
        changed = bytearray(memory)
        for address, text in code.items():
            changed[address - BASE : address - BASE + len(text)] = text
        return bytes(changed)

    def _prepare(self, start: Machine) -> list[str]:
        """Every register, in M-mode; satp is written twice, so that no translation is remembered."""
        values = dict.fromkeys(CSRS, 0) | start.words
        values["mstatus"] |= WIDE
        values["hstatus"] |= WIDE & ~(8 << 32)
        values["vsstatus"] |= WIDE & ~(8 << 32)
        packets = [_register(MODE_REGISTER, M), _csr(PMPCFG, 0), _csr(PMPCFG + 2, 0)]
        packets += [_csr(PMPADDR + number, value) for number, value in enumerate(start.pmpaddr)]
        for half in (0, 1):
            word = sum(entry << 8 * at for at, entry in enumerate(start.pmpcfg[8 * half : 8 * half + 8]))
            packets.append(_csr(PMPCFG + 2 * half, word))
        packets += [_csr(HVIP, values["mip"]), _write("mstatus", 3 << 13), _write("satp", 8 << 60 | 1)]
        packets += [_write(name, values[name]) for name in CSRS]
        packets += [_register(number, value) for number, value in enumerate(start.x) if number]
        packets.append(_register(32, start.pc))
        return packets

    def _collect(self, start: Machine) -> Machine:
        answers = self._remote.ask(["g", f"p{MODE_REGISTER:x}", *(_read(name) for name in EARLY)])
        general = [int.from_bytes(bytes.fromhex(answers[0][16 * at : 16 * at + 16]), "little") for at in range(33)]
        found = dict(zip(EARLY, (_number(answer) for answer in answers[2:]), strict=True))
        mode = _number(answers[1])
        if mode != M:
            self._confirm([_write("medeleg", 0), _register(32, NOWHERE), "s"])
            status = _number(self._remote.ask([_read("mstatus")])[0])
            # In a virtual machine the stub showed its own fields: those that the trap does not change are read now.
            kept = (3 << MPP_SHIFT) | MPV | MIE_BIT | MPIE | (1 << 38)
            found["mstatus"] = status & ~kept | found["mstatus"] & kept
            if status & MIE_BIT:
                raise AssertionError("M-mode did not take the trap")
            mode = status >> MPP_SHIFT & 3 | (4 if status & MPV else 0)
        later = [name for name in CSRS if name not in EARLY]
        pmp = [f"p{FIRST_CSR + PMPCFG + 2 * half:x}" for half in (0, 1)]
        pmp += [f"p{FIRST_CSR + PMPADDR + number:x}" for number in range(16)]
        answers = self._remote.ask([_read(name) for name in later] + pmp)
        found |= dict(zip(later, (_number(answer) for answer in answers), strict=False))
        halves = [_number(answer) for answer in answers[len(later) : len(later) + 2]]
        entries = [halves[at // 8] >> 8 * (at % 8) & 0xFF for at in range(16)]
        addresses = [_number(answer) for answer in answers[len(later) + 2 :]]
        return Machine(general[32], mode, general[:32], found, entries, addresses, True, start.pmp)

    def _confirm(self, packets: list[str]) -> None:
        for packet, answer in zip(packets, self._remote.ask(packets), strict=True):
            if answer != "OK" and not (packet == "s" and answer.startswith("T05")):
                raise AssertionError(f"QEMU answers {answer!r} to {packet[:40]!r}")


def _register(number: int, value: int) -> str:
    return f"P{number:x}={value.to_bytes(8, 'little').hex()}"


def _csr(number: int, value: int) -> str:
    return _register(FIRST_CSR + number, value)


def _write(name: str, value: int) -> str:
    return _csr(CSRS[name], value)


def _read(name: str) -> str:
    return f"p{FIRST_CSR + CSRS[name]:x}"


def _number(answer: str) -> int:
    return int.from_bytes(bytes.fromhex(answer), "little")
