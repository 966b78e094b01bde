"""From files to a description: module-level statements, imports, classes and decorators. Nothing is executed by Python."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from vmproof.errors import InputError
from vmproof.language.behaviour import SYSTEM_DECORATORS, check_system, declare_behaviour, named
from vmproof.language.budget import Budget, BudgetError
from vmproof.language.builtins import Decorator, Transform
from vmproof.language.classes import declare_enum, declare_layout, declare_record, declare_scenario, declare_state
from vmproof.language.convert import Mistake, usable
from vmproof.language.declare import Registrar
from vmproof.language.description import Description
from vmproof.language.finding import find_file, is_folder
from vmproof.language.interpreter import Interpreter
from vmproof.language.machine import Machine, Scenario
from vmproof.language.module import Module
from vmproof.language.relating import RELATING, declare_relating
from vmproof.language.relations import Relation
from vmproof.language.run import Dead
from vmproof.language.source import Source, parse, read_source
from vmproof.language.suggest import suggest
from vmproof.language.systems import System
from vmproof.language.types import StateType
from vmproof.language.values import Constant, Function, Setting, SystemFile, Unsized, Unusable, Value, describe
from vmproof.terms import Pool

MAX_FILES = 200
MAX_PROBLEMS = 100  # mistakes that are collected before reading ends


def load_system(
    path: Path,
    sizes: Mapping[str, int] | None = None,
    parameters: Mapping[str, int] | None = None,
    budget: Budget | None = None,
    texts: Mapping[Path, str] | None = None,
) -> System:
    """Read a transition system. Raises `InputError`, one sentence with its place, where it is wrong.

    `sizes` gives unsized types a number of elements, `parameters` sets what the file declares with `parameter(default)`; a name that the
    file does not have is an error. `texts` as for `load`.
    """
    loader = Loader(path, budget or Budget(), texts=texts)
    loader.machine.sizes, loader.machine.settings = dict(sizes or {}), dict(parameters or {})
    return loader.system(loader.read(path))


def load_relation(
    path: Path, sizes: Mapping[str, int] | None = None, parameters: Mapping[str, int] | None = None, texts: Mapping[Path, str] | None = None
) -> Relation:
    """Read a file that relates systems. `sizes`, `parameters` and `texts` as for `load_system`. Raises `InputError`."""
    loader = Loader(path, Budget(), texts=texts)
    loader.machine.sizes, loader.machine.settings = dict(sizes or {}), dict(parameters or {})
    return loader.relation(loader.read(path))


def load(path: Path, budget: Budget | None = None, texts: Mapping[Path, str] | None = None, pool: Pool | None = None) -> Description:
    """Read an ISA description. Raises `InputError`, one sentence with its place, where it is wrong.

    `texts` stand in for the contents of files, by resolved path: how a changed description is judged without a file being written. In the
    `pool` of another description what means the same in both is one term.
    """
    loader = Loader(path, budget or Budget(), texts=texts, pool=pool)
    return loader.load(loader.read(path))


def load_text(text: str, path: Path, budget: Budget | None = None) -> Description:
    """As `load`, for a text that is at hand; `path` names it in messages and is where its imports are looked up."""
    loader = Loader(path, budget or Budget())
    return loader.load(parse(text, path))


class Loader:
    """Reads one description and what it imports. With `problems` a list, mistakes are collected there instead of ending the reading."""

    def __init__(
        self,
        path: Path,
        budget: Budget,
        problems: list[InputError] | None = None,
        texts: Mapping[Path, str] | None = None,
        pool: Pool | None = None,
    ) -> None:
        self.path = path
        self.budget = budget
        self.pool = Pool() if pool is None else pool
        self.machine = Machine(path.stem)
        self.registrar = Registrar(self.machine, self.pool)
        self.modules: dict[Path, Module] = {}  # the files of the machine that is being read, and those that any machine can share
        self._files: dict[Path, SystemFile] = {}  # the files that this machine imports as a whole
        self._read_whole: dict[Path, Module] = {}  # files that some machine imports as a whole, without bindings
        self._reading: set[Path] = set()
        self.problems = problems
        self.texts = dict(texts or {})
        self.sources: list[Source] = []

    def read(self, path: Path) -> Source:
        """The source of a file, or the text that stands in for it."""
        text = self.texts.get(path.resolve())
        return read_source(path) if text is None else parse(text, path)

    def load(self, source: Source) -> Description:
        try:
            with self.budget.running():
                main = self._module(source)
                if self.problems is None or self.machine.state.fields:
                    with self._collecting():
                        self.registrar.finish(source)
                doc = ast.get_docstring(source.tree) or ""
                return Description(self.path, doc, self.pool, self.machine, main, self.budget, tuple(self.sources))
        except RecursionError:
            raise InputError("the description is nested too deeply to be read", source.at(1)) from None

    def library(self, source: Source) -> Module:
        """Read a file of functions and tables, which is no machine and no system by itself."""
        try:
            with self.budget.running():
                return self._module(source)
        except RecursionError:
            raise InputError("the file is nested too deeply to be read", source.at(1)) from None

    def system(self, source: Source) -> System:
        """Read the files as a transition system."""
        try:
            with self.budget.running():
                main = self._module(source)
                check_system(self.machine, source)
                doc = ast.get_docstring(source.tree) or ""
                return System(self.path, doc, self.pool, self.machine, main, self.budget, tuple(self.sources))
        except RecursionError:
            raise InputError("the description is nested too deeply to be read", source.at(1)) from None

    def relation(self, source: Source) -> Relation:
        """Read a file that relates systems."""
        try:
            with self.budget.running():
                main = self._module(source)
                return Relation(self.path, self.pool, self.machine, main, self.budget, tuple(self.sources))
        except RecursionError:
            raise InputError("the description is nested too deeply to be read", source.at(1)) from None

    @contextmanager
    def _collecting(self) -> Iterator[None]:
        try:
            yield
        except InputError as problem:
            if self.problems is None:
                raise
            self.problems.append(problem)
            if len(self.problems) >= MAX_PROBLEMS:
                raise

    def _module(self, source: Source, bindings: Mapping[str, Value] | None = None) -> Module:
        module = Module(source, self.machine, dict(bindings or {}))
        key = source.path.resolve()
        if all(known.path.resolve() != key for known in self.sources):  # a component may be read with several bindings
            self.sources.append(source)
        self._reading.add(key)
        try:
            run = Interpreter(self.pool, self.budget, module, self.machine, {}, None)
            for node in source.tree.body:
                with self._collecting():
                    self._statement(run, module, node)
            self._use_all(run, module)
        finally:
            self._reading.discard(key)
        self.modules[key] = module
        return module

    def _use_all(self, run: Interpreter, module: Module) -> None:
        """Read the files that are named in functions only, so that all types and constants are known when the reading ends."""
        for node in module.source.tree.body:
            for name in _defined(node) if isinstance(node, ast.ImportFrom) else ():
                value = module.names.get(name)
                if isinstance(value, SystemFile) and not value.used:
                    with self._collecting():
                        try:
                            value.load()
                        except Mistake as problem:
                            raise run.wrong(node, problem.message, problem.hint) from None

    # statements of a module

    def _statement(self, run: Interpreter, module: Module, node: ast.stmt) -> None:
        """Read one statement; what it would have defined is known to be wrong where it fails."""
        run.frame.names = module.loop_names
        try:
            self.budget.step(self.pool)
            self._read(run, module, node)
        except (InputError, Mistake, BudgetError, Dead) as problem:
            module.failed(_defined(node))
            if isinstance(node, ast.ImportFrom) and node.module != "vmproof.lang" and any(alias.name == "*" for alias in node.names):
                module.incomplete = True
            if isinstance(problem, InputError):
                raise
            if isinstance(problem, Mistake):
                raise run.wrong(node, problem.message, problem.hint) from None
            raise run.wrong(node, str(problem) or "this ends the reading of the file") from None

    def _read(self, run: Interpreter, module: Module, node: ast.stmt) -> None:
        match node:
            case ast.ImportFrom():
                self._import(run, module, node)
            case ast.Import():
                raise run.wrong(node, "`import` is not part of the language", "write `from file import name`")
            case ast.ClassDef():
                self._class(run, module, node)
            case ast.FunctionDef():
                self._function(run, module, node)
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign() if module.turn == 0:
                self._assign(run, module, node)
            case ast.For():
                self._loop(run, module, node)
            case ast.If():
                held = run.condition(node.test)
                if not held.is_const:
                    raise run.wrong(node.test, "a condition outside functions must be known while reading")
                for statement in node.body if held is self.pool.true else node.orelse:
                    self._statement(run, module, statement)
            case ast.Expr() if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                return  # a docstring
            case ast.Pass():
                return
            case _:
                run.statement(node)
                names = run.frame.names
                for name in names:
                    if module.turn == 0 and name not in module.loop_names:
                        self._define(run, module, node, name, names[name])
                module.loop_names = dict(names) if module.turn else module.loop_names

    def _assign(self, run: Interpreter, module: Module, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> None:
        run.statement(node)
        for name, value in run.frame.names.items():
            if module.loop_names.get(name, _NOTHING) is not value:
                self._define(run, module, node, name, value)
        run.frame.names = module.loop_names

    def _define(self, run: Interpreter, module: Module, node: ast.AST, name: str, value: Value) -> None:
        """A name is defined once in a file, and never one of the language; a name that is imported twice is the same thing."""
        if name in run.language:
            raise run.wrong(node, f"`{name}` is a name of the language")
        if isinstance(value, Constant | Setting | Unsized):
            value = named(run, name, value)
        again = module.turn > 0 and module.lines.get(name) == getattr(node, "lineno", 1)  # another turn of the same loop
        known = module.names.get(name, value)
        if known is not value and not again and not isinstance(known, Unusable):
            raise run.wrong(node, f"`{name}` is defined twice; first in line {module.lines.get(name, 1)}")
        module.names[name] = value
        module.lines.setdefault(name, getattr(node, "lineno", 1))

    def _loop(self, run: Interpreter, module: Module, node: ast.For) -> None:
        if node.orelse:
            raise run.wrong(node, "`else` of a loop is not part of the language")
        items = tuple(run.iterate(run.eval(node.iter)))
        outer = module.loop_names
        module.turn += 1
        try:
            for item in items:
                run.frame.names = module.loop_names
                run.bind(node.target, item)
                module.loop_names = dict(run.frame.names)
                for statement in node.body:
                    if isinstance(statement, ast.Break | ast.Continue):
                        raise run.wrong(statement, "a loop outside functions has no break or continue")
                    self._statement(run, module, statement)
        finally:
            module.turn -= 1
            module.loop_names = outer
            run.frame.names = outer

    def _class(self, run: Interpreter, module: Module, node: ast.ClassDef) -> None:
        if node.decorator_list:
            if len(node.decorator_list) != 1 or len(node.bases) > 1 or node.keywords or not isinstance(node.decorator_list[0], ast.Call):
                raise run.wrong(node, "a decorated class is a scenario", '@scenario("how the guest is run") above a class')
            call = node.decorator_list[0]
            if usable(run.eval(call.func)) is not Decorator.SCENARIO:
                raise run.wrong(call, "only @scenario decorates a class")
            title = run.eval(call.args[0]) if len(call.args) == 1 and not call.keywords else None
            if not isinstance(title, str):
                raise run.wrong(call, "@scenario(...) takes one string")
            above = usable(run.eval(node.bases[0])) if node.bases else None
            if node.bases and not isinstance(above, Scenario):
                raise run.wrong(node.bases[0], f"the base of a scenario is another scenario, not {describe(above)}")
            scenario = declare_scenario(run, module, node, title, self.machine, above)
            self.registrar.scenario(scenario, run, node)
            self._define(run, module, node, node.name, scenario)
            return
        if len(node.bases) != 1 or node.keywords:
            raise run.wrong(node, f"the class `{node.name}` needs one base: Enum, Layout[n], Record or State")
        base = node.bases[0]
        if isinstance(base, ast.Subscript) and run.eval(base.value) is Transform.LAYOUT:
            self._define(run, module, node, node.name, declare_layout(run, node, usable(run.eval(base.slice))))
            return
        match usable(run.eval(base)):
            case Transform.ENUM:
                self._define(run, module, node, node.name, declare_enum(run, node))
            case Transform.RECORD:
                self._define(run, module, node, node.name, declare_record(run, node))
            case (Transform.STATE | StateType()) as above:
                extends = isinstance(above, StateType)
                if extends and self.machine.systems.get(above) is not self.machine:
                    raise run.wrong(base, f"`{above}` is the state of another system", "a field of that type makes it a component")
                kind, modes, joint = declare_state(run, node, self.machine, extends)
                self.registrar.state(kind, modes, joint, extends, run, node)
                module.declares = True
                self._define(run, module, node, node.name, kind)
            case _:
                raise run.wrong(base, "a class is an Enum, a Layout[n], a Record or a State, or extends the machine's State")

    def _function(self, run: Interpreter, module: Module, node: ast.FunctionDef) -> None:
        run.check_parameters(node.name, node)
        captured = dict(module.loop_names)
        decorators = [self._decorator(run, each.func if isinstance(each, ast.Call) else each) for each in node.decorator_list]
        module.declares = module.declares or bool(decorators)
        if any(kind in SYSTEM_DECORATORS for kind in decorators if isinstance(kind, Decorator)):
            function = Function(node.name, node, module, captured, "action" if Decorator.ACTION in decorators else "")
            declare_behaviour(self.machine, run, function, node, decorators)
            self._define(run, module, node, node.name, function)
            return
        if len(node.decorator_list) > 1:
            raise run.wrong(node, f"`{node.name}` has more than one decorator")
        if decorators and decorators[0] in RELATING:
            function = Function(node.name, node, module, captured)
            declare_relating(self.machine, run, function, node, decorators[0])
            self._define(run, module, node, node.name, function)
            return
        if not node.decorator_list:
            self._define(run, module, node, node.name, Function(node.name, node, module, captured))
            return
        decorator = node.decorator_list[0]
        if isinstance(decorator, ast.Call):
            kind = usable(run.eval(decorator.func))
            if kind is Decorator.FETCH or kind is Decorator.TRANSLATION:
                function = Function(node.name, node, module, captured, kind.value)
                declare = self.registrar.fetch if kind is Decorator.FETCH else self.registrar.translation
                declare(function, run, node, decorator)
                self._define(run, module, node, node.name, function)
                return
            if kind is not Decorator.INSTRUCTION:
                known = isinstance(kind, Decorator) and kind is not Decorator.SCENARIO
                message = f"{kind} takes no arguments" if known else f"{kind} decorates a class"
                raise run.wrong(decorator, message if isinstance(kind, Decorator) else "this is no decorator of the language")
            function = Function(node.name, node, module, captured, "instruction")
            self.registrar.instruction(function, run, node, decorator)
        else:
            kind = self._decorator(run, decorator)
            if not isinstance(kind, Decorator):
                raise run.wrong(decorator, "this is no decorator of the language")
            if kind is Decorator.INSTRUCTION:
                raise run.wrong(decorator, "@instruction(...) takes a pattern", '@instruction("0001 rd[2] rs[2]")')
            function = Function(node.name, node, module, captured, kind.value)
            self.registrar.function(kind, function, run, node)
        self._define(run, module, node, node.name, function)

    def _decorator(self, run: Interpreter, node: ast.expr) -> Value:
        if isinstance(node, ast.Name) and node.id not in run.language and node.id not in run.module.names:
            raise run.wrong(node, f"there is no decorator `@{node.id}`", suggest(node.id, [item.value for item in Decorator]))
        return usable(run.eval(node))

    # imports

    def _import(self, run: Interpreter, module: Module, node: ast.ImportFrom) -> None:
        here = node.level == 1 and node.module is None
        if (node.level or node.module is None) and not here:
            raise run.wrong(node, "relative imports are not part of the language", "name the file: `from file import name`")
        if node.module == "vmproof.lang":
            if any(alias.asname for alias in node.names):
                raise run.wrong(node, "names of the language keep their names", "leave out `as`")
            if [alias.name for alias in node.names] != ["*"]:
                unknown = [alias.name for alias in node.names if alias.name not in run.language]
                if unknown:
                    raise run.wrong(node, f"the language has no `{unknown[0]}`", suggest(unknown[0], run.language))
            return
        if module.turn:
            raise run.wrong(node, "an import stands outside loops")
        beside = [module.source.path.parent, self.path.parent]
        if here or is_folder(node.module or "", beside):
            for alias in node.names:
                if alias.name == "*":
                    raise run.wrong(node, "files are imported by name", "name the files instead of `*`")
                path = find_file(alias.name if here else f"{node.module}.{alias.name}", beside)
                self._define(run, module, node, alias.asname or alias.name, self._file(alias.name, path))
            return
        found = self._part(str(node.module), find_file(str(node.module), beside))
        module.declares = module.declares or found.declares
        for alias in node.names:
            if alias.name == "*":
                for name, value in found.names.items():
                    if not name.startswith("_"):
                        self._define(run, module, node, name, value)
                continue
            if alias.name not in found.names:
                raise run.wrong(node, f"`{node.module}` has no `{alias.name}`", suggest(alias.name, found.names))
            self._define(run, module, node, alias.asname or alias.name, found.names[alias.name])

    def _part(self, name: str, path: Path) -> Module:
        """The file that names are imported from: what it declares is a part of the machine that is being read."""
        key = path.resolve()
        if key in self._files and self._files[key].module.declares:
            raise Mistake(f"`{name}` is imported as a component, whose names stand after a dot", f"{path.stem}.name")
        if key in self.modules:
            return self.modules[key]
        return self._module(self._source(name, path))

    def _file(self, name: str, path: Path) -> SystemFile:
        """The file that is imported as a whole: what it declares is a system of its own, of which others may be composed."""
        key = path.resolve()
        if key in self.modules and self.modules[key].declares:
            raise Mistake(f"`{name}` is a part of this system already, and no component of it")
        made = SystemFile(name, lambda bindings: self._component(name, path, bindings))
        self._files[key] = made
        return made

    def _component(self, name: str, path: Path, bindings: Mapping[str, Value]) -> Module:
        """Read a file into a machine of its own; without bindings, once."""
        key = path.resolve()
        if not bindings and key in self._read_whole:
            return self._read_whole[key]
        outer = (self.machine, self.registrar, self.modules, self._files)
        self.machine = self.machine.component(name)
        self.registrar = Registrar(self.machine, self.pool)
        self.modules, self._files = {known: module for known, module in self.modules.items() if not module.declares}, {}
        try:
            module = self._module(self._source(name, path), bindings)
            shared = {known: found for known, found in self.modules.items() if not (found.declares or found.bindings)}
            self.machine.main = module
            if self.machine.instructions:
                raise Mistake(f"`{name}` describes a machine; a component is a system")
        finally:
            self.machine, self.registrar, self.modules, self._files = outer
        for bound in bindings:
            if bound not in module.settable:
                raise Mistake(f"`{name}` has no unsized type, constant or parameter `{bound}`", suggest(bound, module.settable))
        self.modules.update(shared)
        if not bindings:
            self._read_whole[key] = module
        return module

    def _source(self, name: str, path: Path) -> Source:
        if path.resolve() in self._reading:
            raise Mistake(f"`{name}` imports this file in turn")
        known = next((item for item in self.sources if item.path.resolve() == path.resolve()), None)
        if known is not None:  # with other bindings
            return known
        if len(self.sources) >= MAX_FILES:
            raise Mistake(f"a description has more than {MAX_FILES} files")
        return self.read(path)


_NOTHING = object()


def _defined(node: ast.stmt) -> list[str]:
    """The names that a statement would have defined."""
    match node:
        case ast.FunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.ImportFrom():
            return [alias.asname or alias.name for alias in node.names]
        case _:
            return [part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)]
