"""Z3, through its C functions.

The functions are called directly: not through `z3.z3`, whose operators make a Python object with a reference count of
every node, and not as SMT-LIB text, which Z3 reads more slowly than Python makes the calls. A problem has a context of
its own, made without reference counting: all its terms live until the context is deleted, and nothing of one problem
reaches the next.
"""

from __future__ import annotations

from typing import Any

from z3 import z3consts as consts
from z3 import z3core as core
from z3 import z3types as types

from vmproof.solvers.interface import MEMORY, TIMEOUT, Elements, Problem, Reply, Status, Unsupported
from vmproof.terms import ArraySort, ArrayValue, BitVecSort, BoolSort, Op, Sort, UninterpretedSort, Value, default_value


def _function(name: str) -> Any:
    """The C function itself, without the check of the error code that z3core wraps around it and that doubles its cost."""
    wrapper = getattr(core, f"Z3_mk_{name}")
    return getattr(wrapper.__defaults__[-1], "f", wrapper)


_LISTED = 12
"""An array that Z3 gives by a function is read at all of its indices if these have so many bits."""
_UNARY = {op: _function(name) for op, name in {Op.NOT: "not", Op.BVNOT: "bvnot", Op.NEG: "bvneg"}.items()}
_BINARY = {
    op: _function(name)
    for op, name in {
        Op.EQ: "eq",
        Op.ADD: "bvadd",
        Op.MUL: "bvmul",
        Op.UDIV: "bvudiv",
        Op.UREM: "bvurem",
        Op.SDIV: "bvsdiv",
        Op.SREM: "bvsrem",
        Op.BVAND: "bvand",
        Op.BVOR: "bvor",
        Op.BVXOR: "bvxor",
        Op.SHL: "bvshl",
        Op.LSHR: "bvlshr",
        Op.ASHR: "bvashr",
        Op.ULT: "bvult",
        Op.SLT: "bvslt",
        Op.SELECT: "select",
    }.items()
}
_TERNARY = {op: _function(name) for op, name in {Op.ITE: "ite", Op.STORE: "store"}.items()}
_AND, _CONCAT, _EXTRACT, _SIGN_EXT = _function("and"), _function("concat"), _function("extract"), _function("sign_ext")
_SMALL = _function("unsigned_int64")
_SMALL_LIMIT = 1 << 64


class Z3Backend:
    """Z3's solver for bit vectors and arrays."""

    def solve(self, problem: Problem, timeout: float, memory_mb: int) -> Reply:
        """See Backend."""
        core.Z3_global_param_set("memory_max_size", str(memory_mb))
        config = core.Z3_mk_config()
        context = core.Z3_mk_context(config)
        core.Z3_del_config(config)
        try:
            core.Z3_set_error_handler(context, _NO_HANDLER)
            return _solve(_Translation(context, problem), timeout)
        except core.Z3Exception as error:
            text = error.args[0]
            return Reply(Status.UNKNOWN, None, _reason(text.decode() if isinstance(text, bytes) else str(text)))
        finally:
            core.Z3_del_context(context)


# The default handler ends the process; z3core's wrappers raise Z3Exception instead.
_NO_HANDLER = core._error_handler_type(lambda context, code: None)


def _solve(translation: _Translation, timeout: float) -> Reply:
    context = translation.context
    solver = _solver(translation)
    core.Z3_solver_inc_ref(context, solver)
    try:
        parameters = core.Z3_mk_params(context)
        core.Z3_params_inc_ref(context, parameters)
        core.Z3_params_set_uint(context, parameters, core.Z3_mk_string_symbol(context, "timeout"), max(1, int(timeout * 1000)))
        core.Z3_solver_set_params(context, solver, parameters)
        core.Z3_params_dec_ref(context, parameters)
        for assertion in translation.assertions():
            core.Z3_solver_assert(context, solver, assertion)
        result = core.Z3_solver_check(context, solver)
        if result == consts.Z3_L_FALSE:
            return Reply(Status.UNSAT)
        if result == consts.Z3_L_UNDEF:
            return Reply(Status.UNKNOWN, None, _reason(core.Z3_solver_get_reason_unknown(context, solver)))
        model = core.Z3_solver_get_model(context, solver)
        core.Z3_model_inc_ref(context, model)
        return Reply(Status.SAT, _Model(translation, model).values())
    finally:
        core.Z3_solver_dec_ref(context, solver)


def _solver(translation: _Translation) -> Any:
    """The tactics for arrays of bit vectors: in measurements as fast as Z3's own choice on proofs and faster on models."""
    context = translation.context
    if any(isinstance(sort, UninterpretedSort) for sort in translation.sorts):
        return core.Z3_mk_solver(context)
    return core.Z3_mk_solver_for_logic(context, translation.symbol("QF_ABV"))


def _reason(text: str) -> str:
    if text in ("timeout", "canceled"):
        return TIMEOUT
    if "memory" in text or text == "memout":
        return MEMORY
    return f"solver: {text or 'no reason given'}"


class _Translation:
    """The rows of a problem as terms of Z3."""

    def __init__(self, context: Any, problem: Problem) -> None:
        self.context = context
        self.problem = problem
        self.constants: dict[Sort, dict[int, Any]] = {}  # of uninterpreted sorts
        self.sorts: dict[Sort, Any] = {}
        self.asts: list[Any] = []
        self._translate()

    def symbol(self, name: str) -> Any:
        return core.Z3_mk_string_symbol(self.context, name)

    def sort(self, sort: Sort) -> Any:
        """Z3's sort; recursion is as deep as arrays are nested."""
        made = self.sorts.get(sort)
        if made is None:
            if isinstance(sort, BitVecSort):
                made = core.Z3_mk_bv_sort(self.context, sort.width)
            elif isinstance(sort, BoolSort):
                made = core.Z3_mk_bool_sort(self.context)
            elif isinstance(sort, ArraySort):
                made = core.Z3_mk_array_sort(self.context, self.sort(sort.index), self.sort(sort.element))
            else:
                made = core.Z3_mk_uninterpreted_sort(self.context, self.symbol(sort.name))
            self.sorts[sort] = made
        return made

    def constant(self, sort: Sort, value: bool | int) -> Any:
        """A constant; one of an uninterpreted sort is a name, which `assertions` makes distinct from the others."""
        if isinstance(sort, BoolSort):
            return core.Z3_mk_true(self.context) if value else core.Z3_mk_false(self.context)
        if isinstance(sort, BitVecSort):
            if value < _SMALL_LIMIT:
                return _SMALL(self.context, value, self.sort(sort))
            bits = (types.ctypes.c_bool * sort.width)(*[bool(value >> bit & 1) for bit in range(sort.width)])
            return core.Z3_mk_bv_numeral(self.context, sort.width, bits)
        known = self.constants.setdefault(sort, {})
        if value not in known:
            known[value] = core.Z3_mk_fresh_const(self.context, f"element{value}", self.sort(sort))
        return known[value]

    def assertions(self) -> list[Any]:
        """The roots, and that constants of uninterpreted sorts are distinct."""
        made = [self.asts[root] for root in self.problem.roots]
        for known in self.constants.values():
            if len(known) > 1:
                made.append(core.Z3_mk_distinct(self.context, len(known), _array(list(known.values()))))
        return made

    def _translate(self) -> None:
        context, asts = self.context, self.asts
        sorts = self.problem.sorts
        for op, args, data, number in self.problem.nodes:
            if (function := _BINARY.get(op)) is not None:
                made = function(context, asts[args[0]], asts[args[1]])
            elif (function := _UNARY.get(op)) is not None:
                made = function(context, asts[args[0]])
            elif (function := _TERNARY.get(op)) is not None:
                made = function(context, asts[args[0]], asts[args[1]], asts[args[2]])
            elif op is Op.AND:
                made = _AND(context, len(args), (types.Ast * len(args))(*[asts[arg] for arg in args]))
            elif op is Op.CONCAT:
                made = asts[args[0]]
                for arg in args[1:]:
                    made = _CONCAT(context, made, asts[arg])
            elif op is Op.EXTRACT:
                made = _EXTRACT(context, data[0], data[1], asts[args[0]])
            else:
                made = self._rare(op, args, data, sorts[number])
            if not made:
                core.Z3_get_error_code(context)
                raise core.Z3Exception(f"{op} cannot be built")
            asts.append(made)

    def _rare(self, op: Op, args: tuple[int, ...], data: Any, sort: Sort) -> Any:
        context = self.context
        if op is Op.CONST:
            return self.constant(sort, data)
        if op is Op.VAR:
            return core.Z3_mk_const(context, self.symbol(data), self.sort(sort))
        if op is Op.SEXT and isinstance(sort, BitVecSort):
            narrow = self.problem.sorts[self.problem.nodes[args[0]].sort]
            assert isinstance(narrow, BitVecSort)
            return _SIGN_EXT(context, sort.width - narrow.width, self.asts[args[0]])
        if op is Op.ARRAY and isinstance(sort, ArraySort):
            return core.Z3_mk_const_array(context, self.sort(sort.index), self.asts[args[0]])
        raise Unsupported(f"z3 has no operator for {op}")


def _array(asts: list[Any]) -> Any:
    return (types.Ast * len(asts))(*asts)


class _Model:
    """Reads values out of a model of Z3."""

    def __init__(self, translation: _Translation, model: Any) -> None:
        self._translation = translation
        self._context = translation.context
        self._model = model
        self._elements = Elements()

    def values(self) -> dict[str, Value]:
        """The value of every variable of the problem."""
        for sort, constants in self._translation.constants.items():
            for number, constant in constants.items():
                self._elements.reserve(sort, self._text(self._evaluated(constant)), number)
        asts = self._translation.asts
        variables = self._translation.problem.variables()
        return {name: self._value(self._evaluated(asts[row]), sort) for row, name, sort in variables}

    def _evaluated(self, ast: Any) -> Any:
        result = (types.Ast * 1)()
        if not core.Z3_model_eval(self._context, self._model, ast, True, result):
            raise Unsupported("z3 gives no value for a variable")
        return result[0]

    def _text(self, ast: Any) -> str:
        return str(core.Z3_ast_to_string(self._context, ast))

    def _value(self, ast: Any, sort: Sort) -> Value:
        """The value that a closed term of the model denotes; recursion is as deep as arrays are nested."""
        if isinstance(sort, BoolSort):
            truth = core.Z3_get_bool_value(self._context, ast)
            if truth != consts.Z3_L_UNDEF:
                return bool(truth == consts.Z3_L_TRUE)
        elif isinstance(sort, BitVecSort):
            if core.Z3_get_ast_kind(self._context, ast) == consts.Z3_NUMERAL_AST:
                return int(core.Z3_get_numeral_binary_string(self._context, ast), 2)
        elif isinstance(sort, UninterpretedSort):
            return self._elements.number(sort, self._text(ast))
        else:
            return self._array(ast, sort)
        raise Unsupported(f"z3 gives `{self._text(ast)}` as a value of {sort}")

    def _array(self, ast: Any, sort: ArraySort) -> ArrayValue:
        """An array is a chain of stores that ends in a constant array or in a function of the model."""
        context = self._context
        entries: dict[Value, Value] = {}
        while True:
            if core.Z3_get_ast_kind(context, ast) != consts.Z3_APP_AST:
                if isinstance(sort.index, BitVecSort) and sort.index.width <= _LISTED and core.Z3_is_lambda(context, ast):
                    return self._listed(ast, sort, entries)
                raise Unsupported(f"z3 gives `{self._text(ast)}` as a value of {sort}")
            app = core.Z3_to_app(context, ast)
            kind = core.Z3_get_decl_kind(context, core.Z3_get_app_decl(context, app))
            if kind == consts.Z3_OP_STORE:
                index = self._value(core.Z3_get_app_arg(context, app, 1), sort.index)
                entries.setdefault(index, self._value(core.Z3_get_app_arg(context, app, 2), sort.element))
                ast = core.Z3_get_app_arg(context, app, 0)
            elif kind == consts.Z3_OP_CONST_ARRAY:
                return ArrayValue(self._value(core.Z3_get_app_arg(context, app, 0), sort.element), entries)
            elif kind == consts.Z3_OP_AS_ARRAY:
                base = self._function(core.Z3_get_as_array_func_decl(context, ast), sort)
                return ArrayValue(base.default, {**base.entries, **entries})
            else:
                raise Unsupported(f"z3 gives `{self._text(ast)}` as a value of {sort}")

    def _listed(self, whole: Any, sort: ArraySort, entries: dict[Value, Value]) -> ArrayValue:
        """An array that is given by a term for an arbitrary index, with other entries at some: its value at each index."""
        context = self._context
        assert isinstance(sort.index, BitVecSort)
        kind = core.Z3_mk_bv_sort(context, sort.index.width)
        found: dict[Value, Value] = {}
        for number in range(1 << sort.index.width):
            element = core.Z3_mk_select(context, whole, core.Z3_mk_numeral(context, str(number), kind))
            found[number] = self._value(self._evaluated(element), sort.element)
        return ArrayValue(default_value(sort.element), {**found, **entries})

    def _function(self, declaration: Any, sort: ArraySort) -> ArrayValue:
        """The graph of a function of the model."""
        context = self._context
        graph = core.Z3_model_get_func_interp(context, self._model, declaration)
        core.Z3_func_interp_inc_ref(context, graph)
        rest = core.Z3_func_interp_get_else(context, graph)
        default = self._value(self._evaluated(rest), sort.element) if rest else default_value(sort.element)
        entries: dict[Value, Value] = {}
        for number in range(core.Z3_func_interp_get_num_entries(context, graph)):
            entry = core.Z3_func_interp_get_entry(context, graph, number)
            core.Z3_func_entry_inc_ref(context, entry)
            index = self._value(core.Z3_func_entry_get_arg(context, entry, 0), sort.index)
            entries[index] = self._value(self._evaluated(core.Z3_func_entry_get_value(context, entry)), sort.element)
        return ArrayValue(default, entries)
