"""Encodings as terms over their operands: which values are encodings, the instruction's word, its length."""

from __future__ import annotations

from collections.abc import Mapping

from vmproof.language.encoding import Encoding
from vmproof.language.forms import Forms
from vmproof.language.patterns import Head, Literal, Slice, Tail
from vmproof.language.types import join
from vmproof.terms import Pool, Term


def valid(pool: Pool, encoding: Encoding, operands: Mapping[str, Term]) -> Term:
    """Which operand values are encodings of the instruction: tags in range, unheld bits zero, no more special form's bits."""

    def given(choice: tuple[tuple[str, int], ...]) -> Term:
        return pool.and_(*(pool.eq(operands[tag], pool.bv(index, operands[tag].width)) for tag, index in choice))

    claims = [
        pool.ult(operands[tag], pool.bv(count, operands[tag].width))
        for tag, count in encoding.counts
        if count < 1 << operands[tag].width
    ]
    for zero in encoding.zeros:
        variable = operands[zero.variable]
        masked = pool.bvand(variable, pool.bv(zero.mask, variable.width))
        claims.append(pool.implies(given(zero.given), pool.eq(masked, pool.bv(0, variable.width))))
    for exclusion in encoding.exclusions:
        tests = [
            pool.eq(pool.extract(operands[test.variable], test.hi, test.lo), pool.bv(test.value, test.hi - test.lo + 1))
            for test in exclusion.tests
        ]
        claims.append(pool.not_(pool.and_(given(exclusion.given), *tests)))
    return pool.and_(*claims)


def word(pool: Pool, encoding: Encoding, operands: Mapping[str, Term]) -> Term:
    """The instruction's own word or words (`m.instruction`), `base_bits` wide."""
    return pool.concat(*(_segment(pool, segment, encoding.forms, operands, "") for segment in encoding.written))


def _segment(
    pool: Pool, segment: Literal | Slice | Head | Tail, forms: Mapping[str, Forms], operands: Mapping[str, Term], prefix: str
) -> Term:
    match segment:
        case Literal():
            return pool.bv(int(segment.bits.replace("-", "0"), 2), len(segment.bits))
        case Slice():
            return pool.extract(operands[join(prefix, segment.variable)], segment.hi, segment.lo)
        case Head():
            kind = forms[segment.operand]
            inner = join(prefix, segment.operand)
            tag = operands[f"{inner}.form"]
            heads = [pool.concat(*(_segment(pool, part, {}, operands, inner) for part in form.head)) for form in kind.alternatives]
            whole = heads[-1]
            for index in reversed(range(len(heads) - 1)):
                whole = pool.ite(pool.eq(tag, pool.bv(index, tag.width)), heads[index], whole)
            return pool.extract(whole, segment.hi, segment.lo)
        case _:
            raise TypeError("a tail is no part of the instruction's own word")


def length(pool: Pool, encoding: Encoding, operands: Mapping[str, Term], width: int, cell_width: int) -> Term:
    """How many fetch cells of `cell_width` bits an instruction has, as bits of `width`."""
    shapes = encoding.shapes()
    cells: dict[int, list[Term]] = {}
    for shape in shapes:
        condition = pool.and_(*(pool.eq(operands[tag], pool.bv(index, operands[tag].width)) for tag, index in shape.choices))
        cells.setdefault(shape.bits // cell_width, []).append(condition)
    ordered = sorted(cells.items(), key=lambda item: -len(item[1]))
    result = pool.bv(ordered[0][0], width)
    for count, conditions in ordered[1:]:
        result = pool.ite(pool.or_(*conditions), pool.bv(count, width), result)
    return result
