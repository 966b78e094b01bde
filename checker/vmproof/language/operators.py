"""Unary and binary operators and comparisons on values (LANGUAGE.md, "Values")."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable

from vmproof.language.budget import Budget
from vmproof.language.convert import Mistake, is_bits, is_bool, is_integer, layout_word, to_bits, to_bool, to_leaves, usable
from vmproof.language.integers import choice_of, holds, map_integers
from vmproof.language.suggest import suggest
from vmproof.language.types import (
    ArrayType,
    BitsType,
    BoolType,
    EnumMember,
    EnumType,
    LayoutType,
    MemoryType,
    RecordType,
    RoleValue,
)
from vmproof.language.values import ArrayCopy, ElementValue, EnumValue, Fields, FormTag, IntChoice, Signed, Value, describe
from vmproof.terms import BitVecSort, Pool, Term

SYMBOLS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**", ast.LShift: "<<", ast.RShift: ">>",
    ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.In: "in", ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not", ast.Div: "/", ast.MatMult: "@",
    ast.Invert: "~", ast.USub: "-", ast.UAdd: "+", ast.Not: "not",
}  # fmt: skip

_ORDERS: dict[str, Callable[[int, int], bool]] = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
# What is equal or not while reading; states, memories and functions are not compared.
_STATIC_KINDS = (range, BoolType, BitsType, EnumType, LayoutType, RecordType, ArrayType, MemoryType, RoleValue)

_STATIC: dict[str, Callable[[int, int], int]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "&": operator.and_, "|": operator.or_, "^": operator.xor,
}  # fmt: skip


def unary(pool: Pool, symbol: str, value: Value) -> Value:
    """`-x`, `+x`, `~x` and `not x`."""
    value = usable(value)
    if symbol == "not":
        if isinstance(value, bool | int | str | tuple | dict | None) and not isinstance(value, Term):
            return not value
        return pool.not_(to_bool(pool, value, "what `not` negates"))
    if isinstance(value, IntChoice):
        return choice_of(pool, ((unary(pool, symbol, number), condition) for number, condition in value.cases))
    if is_integer(value):
        return -value if symbol == "-" else ~value if symbol == "~" else value
    if isinstance(value, Signed):
        return Signed(unary(pool, symbol, value.term))
    if isinstance(value, Fields) and isinstance(value.type, LayoutType):
        value = layout_word(pool, value)
    if is_bits(value):
        return {"-": pool.neg, "+": lambda term: term, "~": pool.bvnot}[symbol](value)
    if symbol == "~" and is_bool(value):
        raise Mistake("`~` is for bits", "use `not`")
    raise Mistake(f"`{symbol}` does not apply to {describe(value)}")


def _static_binary(budget: Budget, symbol: str, left: int, right: int) -> int:
    bits = max(left.bit_length(), right.bit_length())
    match symbol:
        case "**":
            if right < 0:
                raise Mistake("an integer has no negative power here")
            budget.integer(max(left.bit_length(), 1) * right)
            return int(left**right)
        case "<<" | ">>":
            if right < 0:
                raise Mistake("a shift by a negative amount")
            if symbol == ">>":
                return left >> right
            budget.integer(left.bit_length() + right)
            return left << right
        case "//" | "%":
            if right == 0:
                raise Mistake("division by zero")
            return left // right if symbol == "//" else left % right
        case "*":
            budget.integer(2 * bits)
        case _:
            budget.integer(bits + 1)
    if symbol not in _STATIC:
        raise Mistake(f"`{symbol}` does not apply to integers here", "integers divide with //" if symbol == "/" else "")
    return _STATIC[symbol](left, right)


def binary(pool: Pool, budget: Budget, symbol: str, left: Value, right: Value, oblige: Callable[[Term, str], None]) -> Value:
    """Any binary operator. `oblige` is told what must hold for the result to be stated (a divisor that is not zero)."""
    left, right = usable(left), usable(right)
    if isinstance(left, int) and isinstance(right, int) and is_integer(left) and is_integer(right):
        return _static_binary(budget, symbol, left, right)
    if is_integer(left) and is_integer(right):
        return map_integers(pool, lambda one, other: _static_binary(budget, symbol, one, other), left, right)
    if isinstance(left, str | tuple) and type(left) is type(right) and symbol == "+":
        budget.collection(len(left) + len(right))
        return left + right  # type: ignore[operator]
    if symbol == "*" and isinstance(left, str | tuple) and isinstance(right, int) and is_integer(right):
        budget.collection(len(left) * max(right, 0))
        return left * right
    if symbol == "|" and isinstance(left, dict) and isinstance(right, dict):
        budget.collection(len(left) + len(right))
        return left | right
    if symbol in "&|^" and (is_bool(left) or isinstance(left, bool)) and (is_bool(right) or isinstance(right, bool)):
        one, other = to_bool(pool, left), to_bool(pool, right)
        return pool.and_(one, other) if symbol == "&" else pool.or_(one, other) if symbol == "|" else pool.xor(one, other)
    if symbol in ("<<", ">>"):
        return _shift(pool, symbol, left, right)
    one, other, signed = _operands(pool, symbol, left, right)
    result = _bits_binary(pool, symbol, one, other, signed, oblige)
    return Signed(result) if signed else result


def _bits_binary(pool: Pool, symbol: str, one: Term, other: Term, signed: bool, oblige: Callable[[Term, str], None]) -> Term:
    match symbol:
        case "+":
            return pool.add(one, other)
        case "-":
            return pool.sub(one, other)
        case "*":
            return pool.mul(one, other)
        case "&":
            return pool.bvand(one, other)
        case "|":
            return pool.bvor(one, other)
        case "^":
            return pool.bvxor(one, other)
        case "//" | "%":
            oblige(pool.ne(other, pool.bv(0, other.width)), "a division whose divisor may be zero: state what it gives then")
            if signed:
                return pool.sdiv(one, other) if symbol == "//" else pool.srem(one, other)
            return pool.udiv(one, other) if symbol == "//" else pool.urem(one, other)
        case _:
            raise Mistake(f"`{symbol}` does not apply to bits", "bits divide with //" if symbol == "/" else "")


def _word(pool: Pool, value: Value) -> Value:
    """A layout value as its word, anything else as it is."""
    return layout_word(pool, value) if isinstance(value, Fields) and isinstance(value.type, LayoutType) else value


def _operands(pool: Pool, symbol: str, left: Value, right: Value) -> tuple[Term, Term, bool]:
    """Two operands of one width; integers adapt to the other's."""
    left, right = _word(pool, left), _word(pool, right)
    signed = isinstance(left, Signed) or isinstance(right, Signed)
    if signed and not all(isinstance(side, Signed) or is_integer(side) for side in (left, right)):
        raise Mistake(f"`{symbol}` between {describe(left)} and {describe(right)}", "mark both with signed(...)")
    width = next((_width(side) for side in (left, right) if _width(side) is not None), None)
    if width is None:
        raise Mistake(f"`{symbol}` does not apply to {describe(left)} and {describe(right)}")
    for side in (left, right):
        if _width(side) is None and not is_integer(side) and not (width == 1 and (isinstance(side, bool) or is_bool(side))):
            raise Mistake(f"`{symbol}` does not apply to {describe(left)} and {describe(right)}")
    widths = {_width(side) for side in (left, right)} - {None}
    if len(widths) > 1:
        raise Mistake(
            f"`{symbol}` between {describe(left)} and {describe(right)}: widths differ", "widen one with zext or sext, or take a slice"
        )
    return to_bits(pool, left, width), to_bits(pool, right, width), signed


def _width(value: Value) -> int | None:
    term = value.term if isinstance(value, Signed) else value
    return term.sort.width if isinstance(term, Term) and isinstance(term.sort, BitVecSort) else None


def _shift(pool: Pool, symbol: str, left: Value, right: Value) -> Value:
    left, right = _word(pool, left), _word(pool, right)
    width = _width(left)
    if width is None:
        raise Mistake(f"`{symbol}` shifts bits, not {describe(left)}", "give it a width with bits[n](...)" if is_integer(left) else "")
    term = left.term if isinstance(left, Signed) else left
    if isinstance(right, Signed):
        raise Mistake("a shift amount is unsigned")
    if is_integer(right) and isinstance(right, int):
        if right < 0:
            raise Mistake("a shift by a negative amount")
        amount = pool.bv(min(right, (1 << width) - 1), width) if width > 1 or right < 2 else None
        if amount is None or right >= width:
            gone = pool.extract(term, width - 1, width - 1) if isinstance(left, Signed) and symbol == ">>" else pool.bv(0, 1)
            result = pool.sext(gone, width)
            return Signed(result) if isinstance(left, Signed) else result
    elif isinstance(right, IntChoice):
        if any(number < 0 for number, _ in right.cases):
            raise Mistake("a shift by a negative amount")
        amount = to_bits(pool, choice_of(pool, ((min(number, (1 << width) - 1), condition) for number, condition in right.cases)), width)
    elif is_bool(right) or is_bits(right):
        raw = to_bits(pool, right, 1) if is_bool(right) else right
        if raw.width <= width:
            amount = pool.zext(raw, width)
        else:  # an amount beyond the width shifts everything out
            high = pool.ne(pool.extract(raw, raw.width - 1, width), pool.bv(0, raw.width - width))
            amount = pool.ite(high, pool.bv(-1, width), pool.extract(raw, width - 1, 0))
    else:
        raise Mistake(f"a shift by {describe(right)}")
    if symbol == "<<":
        result = pool.shl(term, amount)
    else:
        result = pool.ashr(term, amount) if isinstance(left, Signed) else pool.lshr(term, amount)
    return Signed(result) if isinstance(left, Signed) else result


def compare(pool: Pool, symbol: str, left: Value, right: Value) -> Value:
    """One comparison. A static bool where both sides are static, else a Bool term."""
    left, right = usable(left), usable(right)
    if symbol in ("==", "!="):
        result = equal(pool, left, right)
        if symbol == "==":
            return result
        return pool.not_(result) if isinstance(result, Term) else not result
    if symbol in ("in", "not in"):
        found = contains(pool, left, right)
        if symbol == "in":
            return found
        return pool.not_(found) if isinstance(found, Term) else not found
    if symbol in ("is", "is not"):
        if left is None or right is None:
            return (left is right) == (symbol == "is")
        raise Mistake(f"`{symbol}` compares with None only", "use ==")
    if is_integer(left) and is_integer(right):
        order = _ORDERS[symbol]
        if isinstance(left, int) and isinstance(right, int):
            return order(left, right)
        return holds(pool, order, left, right)
    for side in (left, right):
        if isinstance(side, EnumMember | EnumValue):
            raise Mistake(f"members of {side.type} have no order", "compare with == or `in`")
    one, other, signed = _operands(pool, symbol, left, right)
    less, at_most = (pool.slt, pool.sle) if signed else (pool.ult, pool.ule)
    return {
        "<": lambda: less(one, other),
        "<=": lambda: at_most(one, other),
        ">": lambda: less(other, one),
        ">=": lambda: at_most(other, one),
    }[symbol]()


def _bool(pool: Pool, value: Value) -> Term:
    return to_bool(pool, value)


def equal(pool: Pool, left: Value, right: Value) -> Value:
    """`left == right`; raises `Mistake` where the two are of kinds that are never compared."""
    if isinstance(right, FormTag) and not isinstance(left, FormTag):
        left, right = right, left
    if isinstance(left, FormTag):
        if not isinstance(right, str):
            raise Mistake(f"`{left.operand}.form` is compared with the names of its forms, not with {describe(right)}")
        if right not in left.names and right in left.family:
            return False
        if right not in left.names:
            raise Mistake(f"`{left.operand}` has no form `{right}`", suggest(right, left.names))
        return pool.eq(left.term, pool.bv(left.names.index(right), left.term.width))
    enums = [side for side in (left, right) if isinstance(side, EnumMember | EnumValue)]
    if enums:
        if len(enums) < 2 or enums[0].type is not enums[1].type:
            kind: EnumType = enums[0].type
            other = right if isinstance(left, EnumMember | EnumValue) else left
            raise Mistake(
                f"{kind} compares with its own members only, not with {other if isinstance(other, EnumMember) else describe(other)}"
            )
        if isinstance(left, EnumMember) and isinstance(right, EnumMember):
            return left.value == right.value
        return pool.eq(*(pool.bv(side.value, side.type.width) if isinstance(side, EnumMember) else side.term for side in (left, right)))
    if isinstance(left, ElementValue) or isinstance(right, ElementValue):
        if not (isinstance(left, ElementValue) and isinstance(right, ElementValue) and left.type is right.type):
            raise Mistake(f"{describe(left)} and {describe(right)} are never compared")
        return pool.eq(left.term, right.term)
    if isinstance(left, tuple) and isinstance(right, tuple):
        if len(left) != len(right):
            return False
        parts = [equal(pool, a, b) for a, b in zip(left, right, strict=True)]
        if all(isinstance(part, bool) for part in parts):
            return all(parts)
        return pool.and_(*(_bool(pool, part) for part in parts))
    if isinstance(left, ArrayCopy) and isinstance(right, ArrayCopy) and left.type == right.type:
        return pool.and_(*(pool.eq(term, right.terms[path]) for path, term in left.terms.items()))
    if isinstance(left, Fields) and isinstance(right, Fields) and left.type is right.type:
        one, other = to_leaves(pool, left, left.type), to_leaves(pool, right, left.type)
        return pool.and_(*(pool.eq(term, other[path]) for path, term in one.items()))
    if isinstance(left, bool) and isinstance(right, bool):
        return left == right
    if is_integer(left) and is_integer(right):
        if isinstance(left, int) and isinstance(right, int):
            return left == right
        return holds(pool, operator.eq, left, right)
    if (isinstance(left, bool) or is_bool(left)) and (isinstance(right, bool) or is_bool(right)):
        return pool.eq(_bool(pool, left), _bool(pool, right))
    if _width(_word(pool, left)) is not None or _width(_word(pool, right)) is not None:
        plain = [side.term if isinstance(side, Signed) else side for side in (left, right)]  # equality is the same either way
        one_term, other_term, _ = _operands(pool, "==", *plain)
        return pool.eq(one_term, other_term)
    if left is None or right is None or isinstance(left, str) or isinstance(right, str):
        if isinstance(left, Term) or isinstance(right, Term):
            raise Mistake(f"{describe(left)} and {describe(right)} are never compared")
        return left == right
    if any(isinstance(one, tuple) and is_integer(other) and isinstance(other, int) for one, other in ((left, right), (right, left))):
        return False
    if type(left) is type(right) and isinstance(left, _STATIC_KINDS):
        return bool(left is right or left == right)
    raise Mistake(f"{describe(left)} and {describe(right)} are never compared")


def contains(pool: Pool, item: Value, group: Value) -> Value:
    """`item in group` for a static tuple, range, dictionary or string."""
    if isinstance(group, str):
        if not isinstance(item, str):
            raise Mistake(f"{describe(item)} in a string")
        return item in group
    if not isinstance(group, tuple | range | dict):
        raise Mistake(f"`in` needs a tuple, a range or a dictionary, not {describe(group)}")
    if isinstance(group, range) and isinstance(item, int):
        return item in group
    if len(group) > 4096:
        raise Mistake(f"`in` over {len(group)} items", "compare with the ends of the range")
    found: list[Value] = [equal(pool, item, member) for member in group]
    if all(isinstance(part, bool) for part in found):
        return any(found)
    return pool.or_(*(_bool(pool, part) for part in found))
