"""Simplified terms mean what was written: against a naive evaluator of the written tree, and against Z3 for all values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import z3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vmproof.terms import BOOL, ArraySort, ArrayValue, Evaluator, Op, Pool, Sort, Term, bitvec, deserialize, evaluate, serialize, substitute
from vmproof.terms import to_text as text

# A tree as written: (constructor, sort, arguments); a sort here is 0 for bool, n for n bits, "m" for the arrays.
Tree = tuple[Any, ...]
INDEX, ELEMENT = 2, 3
ARRAY_SORT = ArraySort(bitvec(INDEX), bitvec(ELEMENT))
WIDTHS = (1, 2, 3, 4, 8)
BITS2 = ("add", "sub", "mul", "udiv", "urem", "sdiv", "srem", "bvand", "bvor", "bvxor", "shl", "lshr", "ashr")
COMPARE = ("ult", "ule", "slt", "sle")


def sort_of(kind: Any) -> Sort:
    return BOOL if kind == 0 else ARRAY_SORT if kind == "m" else bitvec(kind)


@st.composite
def trees(draw: Callable[..., Any], kind: Any, depth: int) -> Tree:
    """A tree of `kind`; small constants, few variables and repeated subtrees, so that rules meet their patterns."""

    def sub(k: Any) -> Tree:
        return draw(trees(k, depth - 1))  # type: ignore[no-any-return]

    def pick(*names: str) -> str:
        return draw(st.sampled_from(names))  # type: ignore[no-any-return]

    if depth == 0 or draw(st.integers(0, 9)) == 0:
        if kind == "m":
            return ("var", kind, pick("m", "n")) if draw(st.integers(0, 3)) else ("array_const", kind, draw(trees(ELEMENT, 0)))
        if kind and draw(st.booleans()):
            special = st.sampled_from([0, 1, (1 << kind) - 1, 1 << (kind - 1)])
            return ("const", kind, draw(special | st.integers(0, (1 << kind) - 1)))
        if kind == 0 and draw(st.integers(0, 5)) == 0:
            return ("const", kind, draw(st.booleans()))
        return ("var", kind, pick("x", "y"))
    choice = draw(st.integers(0, 4))
    if kind == "m":
        if choice < 3:
            return ("store", kind, sub("m"), sub(INDEX), sub(ELEMENT))
        return ("ite", kind, sub(0), sub("m"), sub("m"))
    if choice == 0:
        condition, a, b = sub(0), sub(kind), sub(kind)
        if draw(st.booleans()):
            inner = draw(st.sampled_from([condition, ("not_", 0, condition), sub(0)]))
            b = ("ite", kind, inner, *draw(st.permutations([a, b])))
        return ("ite", kind, condition, a, b)
    if kind == 0:
        if choice == 1:
            other = draw(st.sampled_from([0, 0, "m", *WIDTHS]))
            return (pick("eq", "ne"), kind, sub(other), sub(other))
        if choice == 2:
            other = draw(st.sampled_from(WIDTHS))
            return (pick(*COMPARE), kind, sub(other), sub(other))
        if choice == 3:
            return ("not_", kind, sub(0))
        parts = [sub(0) for _ in range(draw(st.integers(0, 3)))]
        if parts and draw(st.booleans()):
            parts.append(("not_", 0, parts[0]))
        return (pick("and_", "or_"), kind, *parts) if len(parts) != 2 else (pick("xor", "implies", "and_", "or_"), kind, *parts)
    if choice == 1:
        a = sub(kind)
        b = draw(st.sampled_from([a, sub(kind), (pick("neg", "bvnot"), kind, a), (pick(*BITS2), kind, a, sub(kind))]))
        return (pick(*BITS2), kind, *draw(st.permutations([a, b])))
    if choice == 2:
        if kind > 1 and draw(st.booleans()):
            cut = draw(st.integers(1, kind - 1))
            a, b = sub_of_width(draw, cut, depth), sub_of_width(draw, kind - cut, depth)
            return ("concat", kind, a, b)
        return (pick("neg", "bvnot"), kind, sub(kind))
    if choice == 3:
        wide = [w for w in WIDTHS if w >= kind]
        width = draw(st.sampled_from(wide))
        lo = draw(st.integers(0, width - kind))
        return ("extract", kind, sub(width), lo + kind - 1, lo)
    if kind == ELEMENT:
        return ("select", kind, sub("m"), sub(INDEX))
    narrow = [w for w in WIDTHS if w <= kind]
    return (pick("zext", "sext"), kind, sub(draw(st.sampled_from(narrow))))


def sub_of_width(draw: Callable[..., Any], width: int, depth: int) -> Tree:
    if width in WIDTHS:
        return draw(trees(width, depth - 1))  # type: ignore[no-any-return]
    lo = draw(st.integers(0, 8 - width))
    return ("extract", width, draw(trees(8, depth - 1)), lo + width - 1, lo)


def build(pool: Pool, tree: Tree) -> Term:
    op, kind, *args = tree
    if op == "var":
        return pool.var(f"{args[0]}{kind}", sort_of(kind))
    if op == "const":
        return pool.bool(args[0]) if kind == 0 else pool.bv(args[0], kind)
    if op == "array_const":
        return pool.array_const(ARRAY_SORT, build(pool, args[0]))
    built = [build(pool, arg) if isinstance(arg, tuple) else arg for arg in args]
    if op in ("zext", "sext"):
        built.append(kind)
    result: Term = getattr(pool, op)(*built)
    assert result.sort == sort_of(kind), tree
    return result


def signed(value: int, width: int) -> int:
    return value - 2**width if value >= 2 ** (width - 1) else value


def truncated(a: int, b: int) -> int:
    """a / b without the fraction."""
    return -(-a // b) if (a < 0) != (b < 0) else a // b


def naive(tree: Tree, env: dict[str, Any]) -> Any:
    """The value by the textbook: bool, int, or a tuple with all elements of an array."""
    op, kind, *args = tree
    if op == "var":
        return env[f"{args[0]}{kind}"]
    if op == "const":
        return args[0]
    values = [naive(arg, env) if isinstance(arg, tuple) else arg for arg in args]
    a: Any = values[0] if values else None
    b: Any = values[1] if len(values) > 1 else None
    full = 2**kind if isinstance(kind, int) else 0
    width = args[0][1] if args and isinstance(args[0], tuple) else 0
    if op == "array_const":
        return (a,) * 2**INDEX
    if op == "store":
        return tuple(values[2] if i == b else old for i, old in enumerate(a))
    if op in ("and_", "or_"):
        return all(values) if op == "and_" else any(values)
    if op == "ite":
        return values[1] if a else values[2]
    table: dict[str, Callable[[], Any]] = {
        "select": lambda: a[b],
        "not_": lambda: not a,
        "xor": lambda: a != b,
        "implies": lambda: b if a else True,
        "eq": lambda: a == b,
        "ne": lambda: a != b,
        "ult": lambda: a < b,
        "ule": lambda: a <= b,
        "slt": lambda: signed(a, width) < signed(b, width),
        "sle": lambda: signed(a, width) <= signed(b, width),
        "add": lambda: (a + b) % full,
        "sub": lambda: (a - b) % full,
        "mul": lambda: a * b % full,
        "neg": lambda: -a % full,
        "bvnot": lambda: full - 1 - a,
        "bvand": lambda: sum(2**i for i in range(kind) if a // 2**i % 2 and b // 2**i % 2),
        "bvor": lambda: sum(2**i for i in range(kind) if a // 2**i % 2 or b // 2**i % 2),
        "bvxor": lambda: sum(2**i for i in range(kind) if a // 2**i % 2 != b // 2**i % 2),
        "udiv": lambda: a // b if b else full - 1,
        "urem": lambda: a % b if b else a,
        "sdiv": lambda: truncated(signed(a, kind), signed(b, kind)) % full if b else (1 if a >= full // 2 else full - 1),
        "srem": lambda: (signed(a, kind) - signed(b, kind) * truncated(signed(a, kind), signed(b, kind))) % full if b else a,
        "shl": lambda: a * 2**b % full,
        "lshr": lambda: a // 2**b,
        "ashr": lambda: signed(a, kind) // 2**b % full,
        "concat": lambda: a * 2 ** args[1][1] + b,
        "extract": lambda: a // 2 ** args[2] % full,
        "zext": lambda: a,
        "sext": lambda: signed(a, width) % full,
    }
    return table[op]()


def environments() -> st.SearchStrategy[dict[str, Any]]:
    bits: dict[str, st.SearchStrategy[Any]] = {f"{n}{w}": st.integers(0, 2**w - 1) for n in "xy" for w in WIDTHS}
    bits |= {f"{n}0": st.booleans() for n in "xy"}
    bits |= {f"{n}m": st.tuples(*[st.integers(0, 2**ELEMENT - 1)] * 2**INDEX) for n in "mn"}
    return st.fixed_dictionaries(bits)


def as_value(value: Any) -> Any:
    return ArrayValue(value[0], enumerate(value)) if isinstance(value, tuple) else value


def as_naive(value: Any) -> Any:
    return tuple(value.get(i) for i in range(2**INDEX)) if isinstance(value, ArrayValue) else value


kinds = st.sampled_from([0, "m", *WIDTHS])
any_tree = kinds.flatmap(lambda kind: trees(kind, 4))
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
checked = settings(max_examples=150, suppress_health_check=SLOW)


@checked
@given(any_tree, st.lists(environments(), min_size=3, max_size=3))
def test_a_simplified_term_has_the_value_of_the_written_tree(tree: Tree, envs: list[dict[str, Any]]) -> None:
    pool = Pool()
    evaluator = Evaluator([build(pool, tree)])
    for env in envs:
        (value,) = evaluator.run(lambda variable, env=env: as_value(env[variable.name]))  # type: ignore[misc]
        expected = naive(tree, env)
        assert as_naive(value) == expected
        assert type(as_naive(value)) is type(expected)


@checked
@given(any_tree, environments())
def test_substituting_values_is_evaluating(tree: Tree, env: dict[str, Any]) -> None:
    pool = Pool()
    term = build(pool, tree)
    variables = [pool.var(name, sort_of("m" if name[1:] == "m" else int(name[1:]))) for name in env]
    constants = {v: pool.value(v.sort, as_value(env[v.name])) for v in variables}
    (closed,) = substitute(pool, [term], constants)
    assert as_naive(evaluate([closed], {})[0]) == naive(tree, env)
    if tree[1] != "m":
        assert closed.is_const


@checked
@given(any_tree)
def test_a_term_survives_the_way_to_another_process(tree: Tree) -> None:
    pool = Pool()
    term = build(pool, tree)
    crowded = Pool()
    for name in ("y8", "y4"):  # other ids than in `pool`
        crowded.var(name, bitvec(int(name[1])))
    for other in (Pool(), crowded):
        (copy,) = deserialize(other, serialize([term]))
        assert copy.pool is other
        assert text(copy) == text(term)
    assert deserialize(pool, serialize([term])) == [term]


def z3_of_tree(tree: Tree) -> Any:
    """The written tree in Z3's terms."""
    op, kind, *args = tree
    if op == "var":
        return z3.Const(f"{args[0]}{kind}", z3_sort(kind))
    if op == "const":
        return z3.BoolVal(args[0]) if kind == 0 else z3.BitVecVal(args[0], kind)
    values = [z3_of_tree(arg) if isinstance(arg, tuple) else arg for arg in args]
    width = args[0][1] if args and isinstance(args[0], tuple) else 0
    table: dict[str, Callable[..., Any]] = {
        "array_const": lambda a: z3.K(z3.BitVecSort(INDEX), a),
        "not_": z3.Not, "and_": lambda *a: z3.And(*a), "or_": lambda *a: z3.Or(*a), "xor": z3.Xor, "implies": z3.Implies,
        "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "ite": z3.If, "select": z3.Select, "store": z3.Store,
        "ult": z3.ULT, "ule": z3.ULE, "slt": lambda a, b: a < b, "sle": lambda a, b: a <= b,
        "zext": lambda a: z3.ZeroExt(kind - width, a), "sext": lambda a: z3.SignExt(kind - width, a),
        "extract": lambda a, hi, lo: z3.Extract(hi, lo, a), "concat": z3.Concat,
        "neg": lambda a: -a, "bvnot": lambda a: ~a,
    } | BINARY_Z3  # fmt: skip
    return table[op](*values)


BINARY_Z3: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "udiv": z3.UDiv, "urem": z3.URem,
    "sdiv": lambda a, b: a / b, "srem": z3.SRem, "bvand": lambda a, b: a & b, "bvor": lambda a, b: a | b,
    "bvxor": lambda a, b: a ^ b, "shl": lambda a, b: a << b, "lshr": z3.LShR, "ashr": lambda a, b: a >> b,
}  # fmt: skip


def z3_sort(kind: Any) -> Any:
    if kind == "m":
        return z3.ArraySort(z3.BitVecSort(INDEX), z3.BitVecSort(ELEMENT))
    return z3.BoolSort() if kind == 0 else z3.BitVecSort(kind)


def z3_of_term(term: Term) -> Any:
    """The simplified term in Z3's terms."""
    args = [z3_of_term(arg) for arg in term.args]
    op = term.op
    if op is Op.VAR:
        kind = "m" if term.sort == ARRAY_SORT else term.width
        return z3.Const(term.name, z3_sort(kind))
    if op is Op.CONST:
        return z3.BitVecVal(term.value, term.width) if term.width else z3.BoolVal(term.value)
    table: dict[Op, Callable[..., Any]] = {
        Op.NOT: z3.Not, Op.AND: lambda *a: z3.And(*a), Op.EQ: lambda a, b: a == b, Op.ITE: z3.If, Op.SELECT: z3.Select,
        Op.STORE: z3.Store, Op.ARRAY: lambda a: z3.K(z3.BitVecSort(INDEX), a), Op.ULT: z3.ULT, Op.SLT: lambda a, b: a < b,
        Op.CONCAT: z3.Concat, Op.EXTRACT: lambda a: z3.Extract(*term.data, a), Op.BVNOT: lambda a: ~a, Op.NEG: lambda a: -a,
        Op.SEXT: lambda a: z3.SignExt(term.width - a.size(), a),
    }  # fmt: skip
    table |= {o: BINARY_Z3[o.name.lower()] for o in Op if o.name.lower() in BINARY_Z3}
    return table[op](*args)


@settings(max_examples=80, suppress_health_check=SLOW)
@given(kinds.flatmap(lambda kind: trees(kind, 3)))
def test_z3_finds_no_values_where_simplifying_changed_the_meaning(tree: Tree) -> None:
    term = build(Pool(), tree)
    solver = z3.Solver()
    solver.add(z3_of_tree(tree) != z3_of_term(term))
    assert solver.check() == z3.unsat, f"{tree} became {term}"


@pytest.mark.parametrize("op", BITS2)
def test_operations_agree_with_z3_on_all_pairs_of_three_bits(op: str) -> None:
    pool = Pool()
    for a in range(8):
        for b in range(8):
            folded = getattr(pool, op)(pool.bv(a, 3), pool.bv(b, 3)).value
            expected = z3.simplify(BINARY_Z3[op](z3.BitVecVal(a, 3), z3.BitVecVal(b, 3))).as_long()
            x, y = pool.var("x", bitvec(3)), pool.var("y", bitvec(3))
            assert folded == expected == evaluate([getattr(pool, op)(x, y)], {x: a, y: b})[0], (op, a, b)
