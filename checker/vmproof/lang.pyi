"""The names of the description language, for editors. `spec/README.md` is the reference.

There is no module behind this stub: descriptions are read by vmproof, never imported. The types are as precise as Python's
notation allows; vmproof checks widths, which these cannot.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar, overload

_F = TypeVar("_F", bound=Callable[..., Any])
_C = TypeVar("_C", bound=type)

# Types

class _Word:
    """A word of bits. Operators need equal widths on both sides; integer literals adapt."""

    def __add__(self, other: Any) -> Any: ...
    def __radd__(self, other: Any) -> Any: ...
    def __sub__(self, other: Any) -> Any: ...
    def __rsub__(self, other: Any) -> Any: ...
    def __mul__(self, other: Any) -> Any: ...
    def __rmul__(self, other: Any) -> Any: ...
    def __floordiv__(self, other: Any) -> Any: ...
    def __mod__(self, other: Any) -> Any: ...
    def __and__(self, other: Any) -> Any: ...
    def __or__(self, other: Any) -> Any: ...
    def __xor__(self, other: Any) -> Any: ...
    def __invert__(self) -> Any: ...
    def __neg__(self) -> Any: ...
    def __lshift__(self, amount: Any) -> Any: ...
    def __rshift__(self, amount: Any) -> Any: ...
    def __lt__(self, other: Any) -> Any: ...
    def __le__(self, other: Any) -> Any: ...
    def __gt__(self, other: Any) -> Any: ...
    def __ge__(self, other: Any) -> Any: ...
    def __getitem__(self, bits: Any) -> Any:
        """`x[7:4]`: four bits, high end first, both ends included; `x[3]`: one bit."""

class bits(_Word):
    """`bits[n]`: a word of n bits. `bits[n](x)` converts a bool, an integer, an enum member, a layout or n bits, never a width."""

    def __init__(self, value: Any) -> None: ...
    def __class_getitem__(cls, width: int) -> type[Any]: ...

class Enum:
    """Base of an enumeration: `class Mode(Enum)` with members `user = 0`. `Mode(x)` turns bits that are a member into one."""

    def __init__(self, value: Any) -> None: ...

class Layout:
    """Base of a word with named bit fields: `class Psw(Layout[16])` with `C: 0`, `IPM: (10, 8) = role.control`."""

    def __init__(self, word: Any) -> None: ...
    def __class_getitem__(cls, width: int) -> type[Any]: ...

class Record:
    """Base of a record: fields by name; `Entry(valid=True, frame=f)` makes one."""

    def __init__(self, **fields: Any) -> None: ...

class State:
    """Base of the class that lists the machine's registers and memory; a class with that one as its base adds fields to them."""

class array:
    """`array[index, element]` as a type; `array(lambda i: ...)` is a whole array."""

    def __init__(self, element: Callable[..., Any]) -> None: ...
    def __class_getitem__(cls, parameters: tuple[Any, Any]) -> type[Any]: ...

class memory:
    """`memory[address, cell]` or `memory[address, cell, big]`: storage; several cells make a word, little endian unless `big`."""

    def __class_getitem__(cls, parameters: tuple[Any, ...]) -> type[Any]: ...

class _ByteOrder: ...

big: _ByteOrder

class Access:
    """What a translation is asked for."""

    read: Access
    write: Access
    fetch: Access

def unsized(name: str) -> type[Any]:
    """A type whose number of elements nobody needs to know."""

def constant(type: Any) -> Any:
    """A value of the type that is arbitrary and never changes."""

def parameter(default: int) -> int:
    """An integer that a theorem, or `vmproof mc --set`, may set; `default` where nobody does."""

def field(high: int, low: int, type: type[Any]) -> Any:
    """Bits high..low of a layout, holding a value of the type."""

# Roles

class _Role:
    control: Any
    """Governs the machine: translation registers, masks, vectors, what the current mode hides."""
    status: Any
    """Set in passing by ordinary instructions."""
    platform: Any
    """What the machine is built with; constant in a run."""
    external: Any
    """Stands for what is outside the description: TLBs, caches, reset lines."""
    def mode(self, *, least: Any) -> Any:
        """The privilege mode; `least` is its least privileged member."""

role: _Role

# Functions of the machine

def legal(function: _F) -> _F:
    """`f(m)`: what holds in every state the machine can be in."""

@overload
def translation(function: _F) -> _F:
    """`f(m, va, access)` or `f(m, va, access, size)`: the physical address of a cell, or a trap."""

@overload
def translation(*, page: int) -> Callable[[_F], _F]:
    """`f(m, va, access)`, called once for each page of 2 to the power of `page` cells that an access touches."""

def stage(function: _F) -> _F:
    """`f(m, address: bits[n], ...) -> bits[n]`: a stage of the translation, such as a guest's second one."""

@overload
def fetch(function: _F) -> _F:
    """`f(m)`: the instruction word at `m.pc`; `f(m, at)`: the unit of the instruction stream at that address."""

@overload
def fetch(*, low_first: bool) -> Callable[[_F], _F]:
    """`f(m, at)`: the unit at that address, of which an instruction's own word has the least significant one first."""

def trap_entry(function: _F) -> _F:
    """`f(m, cause, value)`: what the hardware does on a trap; `m.pc` is the address of the instruction that trapped."""

def undefined(function: _F) -> _F:
    """`f(m, word)`: what an encoding does that no pattern matches."""

def after_instruction(function: _F) -> _F:
    """`f(m, before)`: runs after an instruction that completed; it may trap, and the instruction's effects are then kept."""

def instruction(
    pattern: str, *, name: str = ..., mnemonic: str = ..., asm: str = ..., classes: Any = ..., **operands: Any
) -> Callable[[_F], _F]:
    """An instruction: its pattern as manuals write it, most significant bit first; operands may be restricted to forms."""

def scenario(title: str) -> Callable[[_C], _C]:
    """How a guest is run: a class with `runs` and, where needed, `host`, `own`, `search`, `reserved`, `timing`; its base may be another."""

# Systems

def init(function: _F) -> _F:
    """`f(w)`: what holds of the initial states. All of several must hold."""

def action(function: _F) -> _F:
    """`f(w, parameter: type, ...)`: a step, for any values of its parameters; it is possible where no `require` fails."""

def fair(function: _F) -> _F:
    """Above an action: it does not stay possible for ever without happening, for each value of its parameters."""

def invariant(
    sentence: str, *, name: str = ..., using: tuple[str, ...] = ..., follows: tuple[str, ...] = ...
) -> Callable[[_F], _F]:
    """`f(w, parameter: type, ...)`: holds in every reachable state, for all values of its parameters."""

def reachable(sentence: str, *, name: str = ...) -> Callable[[_F], _F]:
    """`f(w, parameter: type, ...)`: holds in some reachable state, for some values of its parameters."""

def eventually(
    sentence: str, *, name: str = ..., premise: Callable[..., Any] = ..., measure: Callable[..., Any] = ...
) -> Callable[[_F], _F]:
    """`f(w, parameter: type, ...)`: comes to hold in every fair execution, from each state where `premise` holds on."""

def abstraction(function: _F) -> _F:
    """`f(w, a)`: assigns every field of the abstract state `a`, as it is read off the concrete state `w`."""

def simulates(*actions: str, stutters: bool = ...) -> Callable[[_F], _F]:
    """`f(w, a, parameter, ...)`: names, by calling it on `a`, the abstract action that these concrete ones are; with `stutters=True` they
    may also leave the abstract state as it is."""

def offers(*actions: str) -> Callable[[_F], _F]:
    """`f(w, a, parameter, ...)`: where it holds, exactly one of these concrete actions is possible, with these parameters."""

def ensures(*actions: str) -> Callable[[_F], _F]:
    """`f(w, after, parameter, ..., other: type, ...)`: holds of the states before and after each step of these concrete actions."""

def observes(function: _F) -> _F:
    """`f(w, who: Domain, place: type, ...)`: what the domain `who` sees of the state, at every place."""

def may_flow(function: _F) -> _F:
    """`f(source: Domain, to: Domain)`: whether the first domain may influence the second."""

def acts_for(*actions: str) -> Callable[[_F], _F]:
    """`f(w, parameter, ...)`: the domain on whose behalf these actions happen."""

def tells(*actions: str) -> Callable[[_F], _F]:
    """`f(w, parameter, ...)`: what these actions let the domain know that they happen for."""

def joint(*actions: Callable[..., Any]) -> Any:
    """After the `=` of a component: these of its actions (all, if none is named) happen only where an action of the whole calls them."""

def forall(claim: Callable[..., Any], *types: Any) -> Any:
    """`forall(lambda x, y: ..., X, Y)`: true for all values of the types."""

def exists(claim: Callable[..., Any], *types: Any) -> Any:
    """`exists(lambda x: ..., X)`: true for some value of the types."""

class _Forms:
    def only(self, *names: str) -> _Forms:
        """The same operand with these forms alone."""
    def without(self, *names: str) -> _Forms:
        """The same operand without these forms."""

class _Form: ...

def forms(head: str, **alternatives: _Form) -> _Forms:
    """An operand that is written in several ways: the parts of its head, then its forms by name."""

def form(pattern: str, *, asm: str = ...) -> _Form:
    """One way to write an operand: the bits of its head and, after `+`, what follows the instruction's own word."""

# Words

def cat(*words: Any) -> Any:
    """The words side by side, the first most significant; width: the sum."""

def zext(word: Any, width: int) -> Any:
    """The word with zeros in front, `width` bits in all."""

def sext(word: Any, width: int) -> Any:
    """The word with copies of its sign in front, `width` bits in all."""

def signed(word: Any) -> Any:
    """The word, to be compared, divided or shifted right as a signed one."""

def implies(premise: Any, conclusion: Any) -> Any:
    """`not premise or conclusion`."""

# Effects

def trap(cause: Any, value: Any = ...) -> Any:
    """Ends the instruction; its effects are dropped, except those inside `with kept():`."""

def kept() -> AbstractContextManager[None]:
    """Effects inside survive a trap."""

def attempt(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls a translation without trapping: a record with `ok`, `value`, `cause`, `detail`."""

def wait() -> None:
    """The machine halts or idles here until something outside wakes it."""

def choose(type: Any) -> Any:
    """A value nobody knows."""

def unpredictable() -> None:
    """Any effect within the rights of the current mode, or a trap."""

def require(condition: Any) -> None:
    """The step is not possible where the condition is false."""
