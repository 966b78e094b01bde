"""Forms: operands that are written in one of several ways, such as addressing modes.

The *head* of a forms operand has a fixed width and stands where the pattern names it; the form that the head selects decides what follows
in the stream (extension words, displacement, SIB byte). Forms may nest. Where the fixed bits of one form are a special case of another's
(IA-32: `rm` = 100 announces a SIB byte), the special form owns them and the general one excludes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from math import prod

from vmproof.language.layout import EMPTY, Chunk, chunk, join
from vmproof.language.patterns import DONT_CARE, Head, Literal, Pattern, PatternError, Segment, Slice, Tail, read_pattern
from vmproof.language.suggest import with_suggestion
from vmproof.language.templates import check_places

MAX_DEPTH = 8
MAX_FORMS = 256
MAX_SHAPES = 1 << 16

Choice = tuple[tuple[str, int], ...]
"""Which form each forms operand has: pairs of a tag such as `ea.form` and the index of the form."""


@dataclass(frozen=True)
class FormSpec:
    """A form as the description writes it. `operands` are the forms operands nested in its tail."""

    pattern: str
    asm: str | None = None
    operands: Mapping[str, Forms] = field(default_factory=dict)


@dataclass(frozen=True)
class BitTest:
    """Bits `hi` to `lo` of `variable` equal `value`."""

    variable: str
    hi: int
    lo: int
    value: int


@dataclass(frozen=True)
class Zero:
    """Where all tags of `given` have their values, the bits of `variable` in `mask` are zero: the encoding does not hold them."""

    given: Choice
    variable: str
    mask: int


@dataclass(frozen=True)
class Exclusion:
    """Where all tags of `given` have their values, not all of `tests` hold: these bits belong to the more special form `owner`."""

    given: Choice
    tests: tuple[BitTest, ...]
    owner: str


@dataclass(frozen=True)
class Form:
    """One way to write a forms operand. Names are local: `reg`, and `sib.form`, `sib.base` for a forms operand `sib` nested in the tail.

    `head` holds Literal and Slice segments of the head's width. `fields` are (name, width in bits), in order of appearance; `named` has the
    mask of the bits that the form holds. `excluded` lists the bits that a more special form owns, with that form's name.
    """

    name: str
    pattern: str
    head: tuple[Literal | Slice, ...]
    tail: tuple[Segment, ...]
    asm: str | None
    fields: tuple[tuple[str, int], ...]
    named: tuple[tuple[str, int], ...]
    nested: tuple[tuple[str, Forms], ...] = ()
    excluded: tuple[tuple[tuple[BitTest, ...], str], ...] = ()


@dataclass(frozen=True)
class Expansion:
    """A form with a choice of form for each forms operand nested in it; names are local."""

    choice: Choice
    head: Chunk
    tail: Chunk


@dataclass(frozen=True)
class Forms:
    """The alternatives of a forms operand. Built by `make_forms`; equal if written equally."""

    head: tuple[tuple[str, int], ...]
    alternatives: tuple[Form, ...]
    family: tuple[str, ...] = field(default=(), compare=False)  # all names that there were before `only` and `without`

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(form.name for form in self.alternatives)

    @cached_property
    def head_width(self) -> int:
        return sum(width for _, width in self.head)

    @cached_property
    def tag_width(self) -> int:
        """The bits that hold an index into `names`, at least 1."""
        return max(1, (len(self.alternatives) - 1).bit_length())

    @cached_property
    def parts(self) -> Mapping[str, tuple[int, int]]:
        """For each part of the head its highest and lowest bit in the head."""
        parts: dict[str, tuple[int, int]] = {}
        top = self.head_width
        for name, width in self.head:
            parts[name] = (top - 1, top - width)
            top -= width
        return parts

    @cached_property
    def fields(self) -> Mapping[str, int]:
        """The width of every field that some form has."""
        return {name: width for form in self.alternatives for name, width in form.fields}

    @cached_property
    def depth(self) -> int:
        return 1 + max((inner.depth for form in self.alternatives for _, inner in form.nested), default=0)

    @cached_property
    def count(self) -> int:
        """How many expansions there are."""
        return sum(prod(inner.count for _, inner in form.nested) for form in self.alternatives)

    def __getitem__(self, name: str) -> Form:
        """The form called `name`. Raises PatternError if there is none."""
        self._check([name])
        return self.alternatives[self.names.index(name)]

    def only(self, *names: str) -> Forms:
        """These forms, in the order in which they were declared. Raises PatternError for a name that is not a form's."""
        self._check(names)
        if not names:
            raise PatternError("`only` needs the name of at least one form")
        return Forms(self.head, tuple(form for form in self.alternatives if form.name in names), self.family or self.names)

    def without(self, *names: str) -> Forms:
        """All forms but these. Raises PatternError for a name that is not a form's, and if no form is left."""
        self._check(names)
        left = tuple(form for form in self.alternatives if form.name not in names)
        if not left:
            raise PatternError("`without` leaves no form")
        return Forms(self.head, left, self.family or self.names)

    def _check(self, names: tuple[str, ...] | list[str]) -> None:
        for name in names:
            if name not in self.names:
                listed = ", ".join(f"`{known}`" for known in self.names[:12]) + (", ..." if len(self.names) > 12 else "")
                raise PatternError(with_suggestion(f"there is no form `{name}` among {listed}", name, self.names))

    @cached_property
    def expansions(self) -> tuple[Expansion, ...]:
        """Every form with every choice of the forms nested in it, in order."""
        found = []
        for index, form in enumerate(self.alternatives):
            head = chunk(form.head)
            for inner in product(*(operand.expansions for _, operand in form.nested)):
                chosen = {name: expansion for (name, _), expansion in zip(form.nested, inner, strict=True)}
                choice = [("form", index)]
                for name, expansion in chosen.items():
                    choice += [(f"{name}.{tag}", value) for tag, value in expansion.choice]
                tail = join(segment_chunk(segment, chosen) for segment in form.tail)
                found.append(Expansion(tuple(choice), head, tail))
        return tuple(found)

    @cached_property
    def counts(self) -> tuple[tuple[str, int], ...]:
        """For each tag, its own and the nested ones, the number of forms it can name."""
        found = {"form": len(self.alternatives)}
        for form in self.alternatives:
            for name, inner in form.nested:
                found.update({f"{name}.{tag}": count for tag, count in inner.counts})
        return tuple(found.items())

    @cached_property
    def zeros(self) -> tuple[Zero, ...]:
        """The bits that some form does not hold. A variable nested in a form that is not chosen is zero, its tag included."""
        found: list[Zero] = []
        for index, form in enumerate(self.alternatives):
            own = (("form", index),)
            named = dict(form.named)
            for name, width in self.fields.items():
                left = ((1 << width) - 1) & ~named.get(name, 0)
                if left:
                    found.append(Zero(own, name, left))
            for name, inner in form.nested:
                found += [Zero(own + prefixed(zero.given, name), f"{name}.{zero.variable}", zero.mask) for zero in inner.zeros]
        return tuple(found)

    @cached_property
    def exclusions(self) -> tuple[Exclusion, ...]:
        """The bits that a form leaves to a more special one."""
        found: list[Exclusion] = []
        for index, form in enumerate(self.alternatives):
            own = (("form", index),)
            found += [Exclusion(own, tests, owner) for tests, owner in form.excluded]
            for name, inner in form.nested:
                found += [prefixed_exclusion(exclusion, name, own) for exclusion in inner.exclusions]
        return tuple(found)


def prefixed(choice: Choice, operand: str) -> Choice:
    """The choice with `operand.` before its tags."""
    return tuple((f"{operand}.{tag}", value) for tag, value in choice)


def prefixed_exclusion(exclusion: Exclusion, operand: str, given: Choice = ()) -> Exclusion:
    """The exclusion with `operand.` before its names, under the further condition `given`."""
    tests = tuple(BitTest(f"{operand}.{test.variable}", test.hi, test.lo, test.value) for test in exclusion.tests)
    return Exclusion(given + prefixed(exclusion.given, operand), tests, exclusion.owner)


def segment_chunk(segment: Segment, chosen: Mapping[str, Expansion]) -> Chunk:
    """The bits of a segment where the forms operands have the expansions `chosen`."""
    match segment:
        case Literal() | Slice():
            return chunk([segment])
        case Head(operand, hi, lo):
            return chosen[operand].head.cut(hi, lo).prefixed(f"{operand}.")
        case Tail(operand):
            return chosen[operand].tail.prefixed(f"{operand}.")


def make_forms(head_pattern: str, alternatives: Mapping[str, FormSpec]) -> Forms:
    """The forms operand whose head is `head_pattern` (named parts such as `mode[3] reg[3]`) and whose forms are `alternatives`.

    Raises PatternError, with `form` naming the alternative, for a pattern or template that is wrong, for a field that has two widths, and
    for two forms that share encodings where neither is a special case of the other.
    """
    head = _head(head_pattern)
    if not alternatives:
        raise PatternError("a forms operand needs at least one form")
    if len(alternatives) > MAX_FORMS:
        raise PatternError(f"a forms operand has {len(alternatives)} forms; at most {MAX_FORMS} are supported")
    made = []
    for name, spec in alternatives.items():
        try:
            made.append(_form(name, spec, head, head_pattern))
        except PatternError as error:
            raise PatternError(f"form `{name}`: {error.message}", error.offset, name) from None
    _check_fields(made)
    forms = Forms(head, _with_exclusions(made))
    if forms.depth > MAX_DEPTH:
        raise PatternError(f"forms are nested {forms.depth} deep; at most {MAX_DEPTH} are supported")
    if forms.count > MAX_SHAPES:
        raise PatternError(f"there are {forms.count} combinations of forms; at most {MAX_SHAPES} are supported")
    return forms


def _head(text: str) -> tuple[tuple[str, int], ...]:
    pattern = read_pattern(text, {})
    parts: list[tuple[str, int]] = []
    for segment in pattern.base:
        if not isinstance(segment, Slice) or segment.lo != 0 or segment.hi + 1 != pattern.named[segment.variable][0] or pattern.tail:
            raise PatternError("the head of a forms operand consists of named parts only, such as `mode[3] reg[3]`", 0)
        if segment.variable in ("form", "tail"):
            raise PatternError(f"a part of the head cannot be called `{segment.variable}`, which has a meaning of its own", 0)
        parts.append((segment.variable, segment.hi + 1))
    return tuple(parts)


def _form(name: str, spec: FormSpec, head: tuple[tuple[str, int], ...], head_pattern: str) -> Form:
    pattern = read_pattern(spec.pattern, spec.operands)
    width = sum(bits for _, bits in head)
    own_head = tuple(segment for segment in pattern.base if isinstance(segment, Literal | Slice))
    if len(own_head) != len(pattern.base):
        raise PatternError("a forms operand can be nested only after `+`", 0)
    if pattern.base_bits != width:
        raise PatternError(f"the head has {pattern.base_bits} bits, but `{head_pattern.strip()}` has {width}", 0)
    fields, named = _fields(pattern, spec.operands)
    reserved = {"form", "tail"} & {*pattern.order}
    if reserved:
        raise PatternError(f"a field cannot be called `{min(reserved)}`, which has a meaning of its own", 0)
    if spec.asm is not None:
        check_places(spec.asm, dict(fields), spec.operands)
    nested = tuple((operand, spec.operands[operand]) for operand in pattern.order if operand in spec.operands)
    return Form(name, spec.pattern, own_head, pattern.tail, spec.asm, fields, named, nested)


def _fields(pattern: Pattern, operands: Mapping[str, Forms]) -> tuple[tuple[tuple[str, int], ...], tuple[tuple[str, int], ...]]:
    fields: list[tuple[str, int]] = []
    named: list[tuple[str, int]] = []
    for name in pattern.order:
        if name in operands:
            forms = operands[name]
            inner = [("form", forms.tag_width), *forms.fields.items()]
            fields += [(f"{name}.{part}", width) for part, width in inner]
            named += [(f"{name}.{part}", (1 << width) - 1) for part, width in inner]
        else:
            width, mask = pattern.named[name]
            fields.append((name, width))
            named.append((name, mask))
    return tuple(fields), tuple(named)


def _check_fields(forms: list[Form]) -> None:
    first: dict[str, tuple[int, str]] = {}
    nested: dict[str, tuple[Forms, str]] = {}
    for form in forms:
        for name, width in form.fields:
            other, owner = first.setdefault(name, (width, form.name))
            if other != width:
                message = f"field `{name}` has {other} bits in form `{owner}` and {width} bits in form `{form.name}`; use two names"
                raise PatternError(message, form=form.name)
        for name, inner in form.nested:
            known, owner = nested.setdefault(name, (inner, form.name))
            if known != inner:
                message = f"`{name}` stands for different forms in form `{owner}` and form `{form.name}`; use two names"
                raise PatternError(message, form=form.name)
    for name, (_, owner) in nested.items():
        if name in first:
            raise PatternError(f"`{name}` is a forms operand in form `{owner}` and a field of bits in another form", form=owner)


def _fixed(form: Form) -> Chunk:
    """The bits of a form up to the first place that depends on a nested form."""
    chunks = []
    for segment in (*form.head, *form.tail):
        match segment:
            case Literal() | Slice():
                chunks.append(chunk([segment]))
            case Head(_, hi, lo):
                chunks.append(Chunk(hi - lo + 1, 0, 0, ()))
            case Tail():
                break
    return join(chunks) if chunks else EMPTY


def _with_exclusions(forms: list[Form]) -> tuple[Form, ...]:
    """The forms, each with the bits that more special forms own."""
    fixed = [_fixed(form) for form in forms]
    bits = max(each.bits for each in fixed)
    cubes = [(each.mask << bits - each.bits, each.match << bits - each.bits) for each in fixed]
    made = []
    for form, own, cube in zip(forms, fixed, cubes, strict=True):
        excluded = []
        for other, theirs, their_cube in zip(forms, fixed, cubes, strict=True):
            if other is form or not _meet(cube, their_cube):
                continue
            if _within(their_cube, cube) and their_cube[0] != cube[0]:
                tests = _tests(own, theirs)
                if tests is None:
                    message = f"form `{other.name}` is a special case of form `{form.name}`, but no field of `{form.name}` tells them apart"
                    raise PatternError(message, form=other.name)
                excluded.append((tests, other.name))
            elif not (_within(cube, their_cube) and their_cube[0] != cube[0]) and not _shared_is_owned(cube, their_cube, cubes):
                first, second = sorted((form, other), key=forms.index)
                message = f"forms `{first.name}` and `{second.name}` share encodings, and neither is a special case of the other"
                raise PatternError(message, form=second.name)
        made.append(replace(form, excluded=tuple(excluded)) if excluded else form)
    return tuple(made)


def _meet(first: tuple[int, int], second: tuple[int, int]) -> bool:
    return not (first[1] ^ second[1]) & first[0] & second[0]


def _within(inner: tuple[int, int], outer: tuple[int, int]) -> bool:
    return outer[0] & ~inner[0] == 0 and _meet(inner, outer)


def _shared_is_owned(first: tuple[int, int], second: tuple[int, int], cubes: list[tuple[int, int]]) -> bool:
    """Whether a third form, more special than both, owns all that the two share."""
    shared = (first[0] | second[0], first[1] | second[1])
    return first[0] != second[0] and any(
        _within(shared, third) and _within(third, first) and _within(third, second) and third not in (first, second) for third in cubes
    )


def _tests(general: Chunk, special: Chunk) -> tuple[BitTest, ...] | None:
    """What the fields of `general` are where its bits are those of `special`; None where bits that no field holds matter, too."""
    if special.mask & (1 << max(0, special.bits - general.bits)) - 1:
        return None
    tests = []
    covered = general.mask
    shift = general.bits - special.bits
    mask = special.mask << shift if shift >= 0 else special.mask >> -shift
    match = special.match << shift if shift >= 0 else special.match >> -shift
    for piece in general.pieces:
        if piece.variable == DONT_CARE:
            continue
        # Each run of fixed bits within the piece is one test.
        low = general.bits - 1 - piece.start - (piece.hi - piece.lo)
        bit = piece.lo
        while bit <= piece.hi:
            end = bit
            while end <= piece.hi and mask >> low + end - piece.lo & 1:
                end += 1
            if end > bit:
                at = low + bit - piece.lo
                ones = (1 << end - bit) - 1
                tests.append(BitTest(piece.variable, end - 1, bit, match >> at & ones))
                covered |= ones << at
            bit = end + 1
    return tuple(tests) if mask & ~covered == 0 else None
