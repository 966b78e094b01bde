"""Terms: immutable nodes of a directed acyclic graph, made only by a Pool, which keeps one node for each structure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from .sorts import Sort
from .values import Value

if TYPE_CHECKING:
    from .pool import Pool


class Op(StrEnum):
    """What a node computes. Names and meanings are SMT-LIB's (theories Core, FixedSizeBitVectors, ArraysEx, logic QF_ABV).

    The pool has one way to write each thing, so there are fewer operators than constructors: `or` is `not(and(not ..))`,
    `a <= b` is `not(b < a)`, `a - b` is `a + neg(b)`, a zero extension is a concat with zeros, a shift by a constant is
    a concat of an extract.
    """

    __hash__ = str.__hash__  # Enum's own is a Python function, and operators are keys in every inner loop

    CONST = "const"  # data: bool or int
    VAR = "var"  # data: the name
    NOT = "not"
    AND = "and"  # two or more arguments, ordered by id
    EQ = "="  # of any sort; on bool it is "if and only if"
    ITE = "ite"  # condition, then, else; of any sort
    BVNOT = "bvnot"
    NEG = "bvneg"
    ADD = "bvadd"  # two arguments; a constant is the second one (also of the commutative operators below)
    MUL = "bvmul"
    UDIV = "bvudiv"
    UREM = "bvurem"
    SDIV = "bvsdiv"
    SREM = "bvsrem"
    BVAND = "bvand"
    BVOR = "bvor"
    BVXOR = "bvxor"
    SHL = "bvshl"
    LSHR = "bvlshr"
    ASHR = "bvashr"
    CONCAT = "concat"  # two or more arguments, the most significant first
    EXTRACT = "extract"  # data: (hi, lo), both inclusive
    SEXT = "sign_extend"  # to the term's own width
    ULT = "bvult"
    SLT = "bvslt"
    SELECT = "select"
    STORE = "store"
    ARRAY = "const-array"  # the array that holds its argument everywhere


class Term:
    """A node. Equality is identity: within a pool, equal structure is the same object.

    `id` counts terms in order of creation, so arguments have smaller ids. `width` is the number of bits, 0 where the
    sort is not a bit vector. `data` is what the operator needs beside its arguments (see Op).
    """

    __slots__ = ("args", "data", "id", "op", "pool", "sort", "width")

    op: Op
    args: tuple[Term, ...]
    sort: Sort
    width: int
    data: Any
    id: int
    pool: Pool
    is_const: ClassVar[bool] = False

    def __init__(self, op: Op, args: tuple[Term, ...], sort: Sort, width: int, data: Any, number: int, pool: Pool) -> None:
        self.op = op
        self.args = args
        self.sort = sort
        self.width = width
        self.data = data
        self.id = number
        self.pool = pool

    @property
    def value(self) -> Value:
        """The value of a constant; ValueError if the term is none (constant arrays are built of stores, and are none)."""
        if not self.is_const:
            raise ValueError(f"the term {self} is not a constant")
        value: Value = self.data
        return value

    @property
    def name(self) -> str:
        """The name of a variable; ValueError if the term is none."""
        if self.op is not Op.VAR:
            raise ValueError(f"the term {self} is not a variable")
        name: str = self.data
        return name

    def __bool__(self) -> NoReturn:
        raise TypeError("a term has no truth value until it is evaluated; use pool.and_, pool.or_, pool.ite, or `is`")

    def __repr__(self) -> str:
        from .printer import brief  # the printer imports this module

        return brief(self)

    def __copy__(self) -> Term:
        return self

    def __deepcopy__(self, memo: object) -> Term:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a term cannot be pickled; use vmproof.terms.serialize")


class Constant(Term):
    """A leaf with a known value, its `data`."""

    __slots__ = ()

    is_const: ClassVar[bool] = True
