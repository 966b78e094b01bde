"""Decorated functions of a description: what each must look like, and where the machine keeps it."""

from __future__ import annotations

import ast
import math
import re

from vmproof.errors import InputError, Place
from vmproof.language.assembly import check_template
from vmproof.language.builtins import Decorator
from vmproof.language.convert import Mistake, usable
from vmproof.language.encoding import DONT_CARE, parse_encoding
from vmproof.language.expressions import Expressions
from vmproof.language.forms import Forms
from vmproof.language.machine import Instruction, Machine, Scenario
from vmproof.language.patterns import PatternError
from vmproof.language.source import Source
from vmproof.language.suggest import suggest
from vmproof.language.types import BitsType, BoolType, EnumType, MemoryType, RoleValue, StateType, component_of, join, leaves
from vmproof.language.values import Function, describe
from vmproof.terms import BitVecSort, Pool, Sort

MIN_PAGE = 5  # so that an access of a machine touches two pages at most
MAX_SHAPES = 200_000  # of all instructions together: each is looked at when the decoder is made
_OPTIONS = ("name", "mnemonic", "asm", "classes")


MIN_PAGE = 5  # so that no access of a machine touches more than two pages


class Registrar:
    """Takes the declarations of a description into its `Machine`, and checks at the end that it is whole."""

    def __init__(self, machine: Machine, pool: Pool) -> None:
        self.machine = machine
        self.pool = pool
        self.by_name: dict[str, Instruction] = {}
        self.shapes = 0

    def state(
        self,
        kind: StateType,
        modes: dict[str, RoleValue],
        joint: dict[str, frozenset[str] | None],
        extends: bool,
        run: Expressions,
        node: ast.ClassDef,
    ) -> None:
        if self.machine.state.fields and not extends:
            raise run.wrong(node, f"a description has one State; the first is `{self.machine.state}`")
        memories = [(name, inner) for name, inner in kind.fields.items() if isinstance(inner, MemoryType)]
        if len(memories) > 1:
            raise run.wrong(node, f"the state has two memories, `{memories[0][0]}` and `{memories[1][0]}`")
        self.machine.state, self.machine.mode_roles, self.machine.joint = kind, modes, joint
        self.machine.systems[kind] = self.machine
        if memories:
            self.machine.memory_name, self.machine.memory = memories[0]
        paths = [join(name, leaf.path) for name, inner in kind.fields.items() for leaf in leaves(inner)]
        self.machine.registers = tuple(path for path in paths if path not in ("pc", self.machine.memory_name))

    def scenario(self, scenario: Scenario, run: Expressions, node: ast.ClassDef) -> None:
        if any(item.name == scenario.name for item in self.machine.scenarios):
            raise run.wrong(node, f"there are two scenarios `{scenario.name}`")
        self.machine.scenarios.append(scenario)

    def fetch(self, function: Function, run: Expressions, node: ast.FunctionDef, call: ast.Call) -> None:
        """`@fetch(low_first=True)`."""
        given = {keyword.arg: usable(run.eval(keyword.value)) for keyword in call.keywords}
        if call.args or list(given) != ["low_first"] or not isinstance(given["low_first"], bool):
            raise run.wrong(call, "@fetch takes no arguments but low_first=True")
        self.function(Decorator.FETCH, function, run, node)
        self.machine.fetch_low_first = given["low_first"]
        if not self.machine.fetch_takes_address:
            raise run.wrong(node, f"@fetch `{node.name}` takes the address of a unit, for an instruction may have several", "f(m, at)")

    def translation(self, function: Function, run: Expressions, node: ast.FunctionDef, call: ast.Call) -> None:
        """`@translation(page=12)`."""
        given = {keyword.arg: usable(run.eval(keyword.value)) for keyword in call.keywords}
        page = given.get("page")
        if call.args or list(given) != ["page"] or not isinstance(page, int) or isinstance(page, bool):
            raise run.wrong(call, "@translation takes no arguments but page=n, for pages of 2 to the power of n cells")
        self.function(Decorator.TRANSLATION, function, run, node)
        machine = self.machine
        widest = min(machine.virtual_width, machine.memory.address if machine.memory else machine.virtual_width)
        if not MIN_PAGE <= page < widest:
            raise run.wrong(call, f"a page has 2 to the power of {MIN_PAGE} to {widest - 1} cells, not of {page}")
        if machine.translation_takes_size:
            raise run.wrong(node, f"`{node.name}` translates pages, so it takes no size")
        machine.translation_page = page

    def function(self, kind: Decorator, function: Function, run: Expressions, node: ast.FunctionDef) -> None:
        """Any decorated function but an instruction."""
        machine = self.machine
        self._plain_parameters(run, node)
        parameters = node.args.args
        counts = {
            Decorator.LEGAL: (1, 1),
            Decorator.FETCH: (1, 2),
            Decorator.AFTER: (2, 2),
            Decorator.UNDEFINED: (2, 2),
            Decorator.TRAP_ENTRY: (1, 3),
            Decorator.TRANSLATION: (3, 99),
            Decorator.STAGE: (2, 99),
        }
        if kind not in counts:
            raise run.wrong(node, f"{kind} decorates a class")
        low, high = counts[kind]
        if not low <= len(parameters) <= high:
            raise run.wrong(node, f"{kind} `{node.name}` takes {_count(low, high)}, not {len(parameters)}")
        if kind is Decorator.LEGAL:
            machine.legal.append(function)
            return
        slot = {
            Decorator.FETCH: "fetch",
            Decorator.AFTER: "after",
            Decorator.UNDEFINED: "undefined",
            Decorator.TRAP_ENTRY: "trap_entry",
            Decorator.TRANSLATION: "translation",
            Decorator.STAGE: "stage",
        }[kind]
        if getattr(machine, slot) is not None:
            raise run.wrong(node, f"a description has one {kind}; the first is `{getattr(machine, slot).name}`")
        setattr(machine, slot, function)
        if kind is Decorator.FETCH:
            machine.fetch_takes_address = len(parameters) == 2
        elif kind is Decorator.TRAP_ENTRY:
            self._trap_entry(run, parameters)
        elif kind is Decorator.TRANSLATION:
            self._translation(run, node, parameters)
        elif kind is Decorator.STAGE:
            self._stage(run, node, parameters)

    def _plain_parameters(self, run: Expressions, node: ast.FunctionDef) -> None:
        """What the tool calls itself takes its arguments by position."""
        for parameter in (*node.args.posonlyargs, *node.args.kwonlyargs):
            raise run.wrong(parameter, f"`/` and `*` in the parameters of `{node.name}` are not part of the language")

    def _trap_entry(self, run: Expressions, parameters: list[ast.arg]) -> None:
        kinds = [usable(run.eval(parameter.annotation)) if parameter.annotation is not None else None for parameter in parameters[1:]]
        for parameter, kind in zip(parameters[1:], kinds, strict=True):
            if not isinstance(kind, EnumType | BitsType | BoolType):
                raise run.wrong(parameter, f"`{parameter.arg}` of a trap entry needs a type: bits[n], an enumeration or bool")
        if kinds:
            if not isinstance(kinds[0], EnumType):
                raise run.wrong(parameters[1], "the cause of a trap is an enumeration")
            self.machine.cause_type = kinds[0]
        if len(kinds) > 1:
            self.machine.value_type = kinds[1]

    def _translation(self, run: Expressions, node: ast.FunctionDef, parameters: list[ast.arg]) -> None:
        va = usable(run.eval(parameters[1].annotation)) if parameters[1].annotation is not None else None
        if not isinstance(va, BitsType):
            raise run.wrong(parameters[1], "the address that a translation takes needs a type", f"{parameters[1].arg}: bits[n]")
        self.machine.virtual_width = va.width
        required = len(parameters) - len(node.args.defaults)
        self.machine.translation_takes_size = len(parameters) > 3 and parameters[3].arg == "size"
        if required > 3 + self.machine.translation_takes_size:
            extra = parameters[3 + self.machine.translation_takes_size]
            raise run.wrong(extra, f"`{extra.arg}` of the translation needs a default", "after (m, address, access) only `size` needs none")

    def _stage(self, run: Expressions, node: ast.FunctionDef, parameters: list[ast.arg]) -> None:
        annotations = (parameters[1].annotation, node.returns)
        taken, given = (usable(run.eval(annotation)) if annotation is not None else None for annotation in annotations)
        if not isinstance(taken, BitsType) or not isinstance(given, BitsType):
            hint = f"def {node.name}(m, {parameters[1].arg}: bits[n], ...) -> bits[n]"
            raise run.wrong(node, "the address that a stage takes and the one that it gives need a type", hint)
        self.machine.stage_widths = taken.width, given.width

    def instruction(self, function: Function, run: Expressions, node: ast.FunctionDef, call: ast.Call) -> None:
        """`@instruction("pattern", name=, mnemonic=, asm=, classes=, operand=forms)`."""
        self._plain_parameters(run, node)
        if len(call.args) != 1 or isinstance(call.args[0], ast.Starred):
            raise run.wrong(call, "@instruction(...) takes one pattern")
        pattern = usable(run.eval(call.args[0]))
        if not isinstance(pattern, str):
            raise run.wrong(call.args[0], f"a pattern is a string, not {describe(pattern)}")
        options: dict[str, object] = {}
        operands: dict[str, Forms] = {}
        for keyword in call.keywords:
            value = usable(run.eval(keyword.value)) if keyword.arg is not None else None
            if keyword.arg in _OPTIONS:
                options[keyword.arg] = value
            elif keyword.arg is not None and isinstance(value, Forms):
                operands[keyword.arg] = value
            else:
                shown = "**" if keyword.arg is None else keyword.arg
                raise run.wrong(keyword, f"@instruction(...) has no option `{shown}`", suggest(shown, _OPTIONS))
        for name in ("name", "mnemonic", "asm"):
            if name in options and not isinstance(options[name], str):
                raise run.wrong(call, f"`{name}` of an instruction is a string")
        classes = options.get("classes", ())
        if isinstance(classes, str):
            classes = (classes,)
        pattern = self._filled(run, call.args[0], pattern)
        try:
            encoding = parse_encoding(pattern, operands)
        except PatternError as problem:
            raise run.wrong(call.args[0], f"in the pattern of `{node.name}`: {problem.message}") from None
        self.shapes += math.prod(forms.count for forms in encoding.forms.values())
        if self.shapes > MAX_SHAPES:
            raise run.wrong(call.args[0], f"the patterns have more than {MAX_SHAPES} combinations of forms")
        run.budget.charge(20 * self.shapes)
        name = str(options.get("name", node.name))
        first = self.by_name.get(name)
        if first is not None:
            hint = "give each its own with name=" if first.function.node is node else ""
            raise run.wrong(node, f"two instructions are called `{name}`", hint)
        self._check_operands(run, node, encoding.forms, [variable for variable, _ in encoding.variables])
        asm = options.get("asm")
        if isinstance(asm, str):
            asm = self._filled(run, call, asm, [variable for variable, _ in encoding.variables], encoding.forms)
            try:
                check_template(asm, encoding)
            except PatternError as problem:
                raise run.wrong(call, f"in the assembly text of `{name}`: {problem.message}") from None
        if not isinstance(classes, tuple) or not all(isinstance(item, str) for item in classes):
            raise run.wrong(call, "`classes` names operands")
        for item in classes:
            if item not in encoding.widths:
                raise run.wrong(call, f"`{name}` has no operand `{item}`", suggest(item, encoding.widths))
        variables: tuple[tuple[str, Sort], ...] = tuple((variable, BitVecSort(width)) for variable, width in encoding.variables)
        made = Instruction(
            name=name,
            mnemonic=str(options.get("mnemonic", name)),
            encoding=encoding,
            variables=variables,
            asm=asm if isinstance(asm, str) else None,
            classes=classes,
            line=node.lineno,
            doc=ast.get_docstring(node) or "",
            function=function,
            place=run.place(node),
        )
        self.by_name[name] = made
        self.machine.instructions.append(made)

    def _filled(self, run: Expressions, node: ast.AST, text: str, kept: list[str] | None = None, forms: object = ()) -> str:
        """`{name}` in a pattern is the module-level name's text; in an assembly text the operands' names stay."""

        length = len(text)

        def value(match: re.Match[str]) -> str:
            nonlocal length
            name = match.group(1)
            if kept is not None and (name in kept or name in forms or not re.fullmatch(r"\w+", name)):  # type: ignore[operator]
                return match.group(0)
            try:
                found = run.lookup(name)
            except Mistake as problem:
                if kept is not None:
                    return match.group(0)
                raise run.wrong(node, problem.message, problem.hint) from None
            if isinstance(found, bool) or not isinstance(found, str | int):
                raise run.wrong(node, f"`{name}` is {describe(found)}, not a string")
            length += len(str(found))
            run.budget.collection(length)
            return str(found)

        return re.sub(r"\{(\w+)\}", value, text)

    def _check_operands(self, run: Expressions, node: ast.FunctionDef, forms: object, variables: list[str]) -> None:
        if not node.args.args:
            raise run.wrong(node, f"the instruction `{node.name}` takes the state first")
        given = {parameter.arg for parameter in node.args.args[1:]}
        wanted = {name.split(".")[0] for name in variables if name != DONT_CARE} | set(forms)  # type: ignore[call-overload]
        for parameter in node.args.args[1:]:
            if parameter.arg not in wanted:
                raise run.wrong(parameter, f"the pattern of `{node.name}` has no operand `{parameter.arg}`", suggest(parameter.arg, wanted))
        missing = sorted(wanted - given)
        if missing:
            raise run.wrong(node, f"`{node.name}` does not take the operand `{missing[0]}` of its pattern")

    def finish(self, source: Source) -> None:
        """Check that the description is whole. Raises `InputError` where something is missing."""
        machine = self.machine
        start = source.at(1)
        if machine.relating:
            raise InputError("this file relates systems and is none", start, "a theorem names it as its `mapping` or `policy`")
        if not machine.state.fields:
            raise InputError("the description has no State", start, "a machine is a class with base State")
        for name, inner in machine.state.fields.items():
            if machine.instructions and component_of(inner) is not None:
                raise InputError(f"`{name}` is a component, which a system has and a machine has not", source.at(machine.state.lines[name]))
        if machine.translation is not None and machine.memory is None:
            raise InputError("there is a @translation, but the state has no memory", start)
        if machine.stage is not None and machine.translation is None:
            declared = machine.stage.module.source.place(machine.stage.node)
            raise InputError("there is a @stage, but no @translation that it is a stage of", declared)
        if machine.virtual_width == 0 and machine.memory is not None:
            machine.virtual_width = machine.memory.address
        pc = machine.state.fields.get("pc")
        if machine.instructions and not isinstance(pc, BitsType):
            raise InputError("the state has no `pc: bits[n]`, the address of the instruction", start)
        cell = machine.memory.cell if machine.memory else 8
        for item in machine.instructions:
            for shape in item.encoding.shapes():
                if shape.bits % cell:
                    place: Place = item.place or start
                    raise InputError(f"`{item.name}` has {shape.bits} bits, no whole number of cells of {cell} bits", place)
        if machine.trap_entry is None and machine.instructions and any(_traps(item.function) for item in machine.instructions):
            raise InputError("instructions trap, but there is no @trap_entry", start)


def _traps(function: Function) -> bool:
    return any(
        isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id == "trap" for part in ast.walk(function.node)
    )


def _count(low: int, high: int) -> str:
    if low == high:
        return f"{low} parameter{'s' * (low != 1)}"
    return f"{low} parameters or more" if high > 9 else f"{low} to {high} parameters"
