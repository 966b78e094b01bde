"""LANGUAGE.md, rules 1 to 6: returns, traps, memory, copies and guards."""

from __future__ import annotations

from tests.support.machines import instruction, mistake, outcome, run, wrong
from vmproof.terms import ArrayValue, evaluate

CALL, PRIVILEGED, MEMORY = 2, 0, 1


# Rule 1. Early return


def test_early_return_guards_every_later_effect() -> None:
    body = """
        if m.flag:
            m.a = 1
            return
        m.a = 2
        m.store(0, m.a)
        trap(Cause.call, 9)
    """
    machine = instruction(body)
    left = run(machine, {"flag": True})
    assert (left.trap, left["a"], left.events) == (None, 1, ())
    right = run(machine, {"flag": False})
    assert (right.trap, right.value, right["a"]) == (CALL, 9, 5)


def test_early_return_from_a_function_and_from_a_loop() -> None:
    before = """
        def first(m, wanted):
            for i in range(4):
                if m.r[i] == wanted:
                    return bits[8](i)
            return 99
    """
    machine = instruction("m.a = first(m, m.b)", before)
    for wanted, found in ((22, 2), (33, 3), (0, 0), (77, 99)):
        assert run(machine, {"b": wanted})["a"] == found


def test_a_path_that_needs_a_value_and_returns_none_is_an_error() -> None:
    before = "def f(m):\n    if m.flag:\n        return m.a"
    assert wrong("m.a = f(m)", before) == "`f` returns a value on some paths only"
    before = "def f(m):\n    if m.flag:\n        return m.a\n    return"
    assert wrong("m.a = f(m)", before) == "`f` returns a value on some paths only"
    assert wrong("m.a = f(m)", "def f(m):\n    pass") == "nothing where bits[8] is wanted"


def test_a_path_that_traps_needs_no_value() -> None:
    machine = instruction("m.a = f(m)", "def f(m):\n    if m.flag:\n        return m.b\n    trap(Cause.call, 1)")
    assert run(machine, {"flag": True})["a"] == 7
    assert run(machine, {"flag": False}).trap == CALL


def test_break_and_continue() -> None:
    body = """
        for i in range(4):
            if m.r[i] == m.a:
                continue
            if m.r[i] == m.b:
                break
            m.w = m.w + 1
    """
    machine = instruction(body)
    rows = ArrayValue(0, {0: 1, 1: 2, 2: 3, 3: 4})
    assert run(machine, {"r": rows, "a": 2, "b": 4, "w": 0})["w"] == 2
    assert run(machine, {"r": rows, "a": 9, "b": 1, "w": 0})["w"] == 0
    assert run(machine, {"r": rows, "a": 9, "b": 9, "w": 0})["w"] == 4
    assert wrong("break") == "`break` stands outside a loop"
    assert wrong("continue") == "`continue` stands outside a loop"


# Rule 2. Traps


def test_the_first_trap_in_program_order_wins() -> None:
    machine = instruction("if m.flag:\n    trap(Cause.privileged, 1)\nif m.a == 5:\n    trap(Cause.call, 2)\nm.a = 0")
    assert (run(machine, {"flag": True}).trap, run(machine, {"flag": True}).value) == (PRIVILEGED, 1)
    assert run(machine, {"flag": False}).trap == CALL
    assert run(machine, {"flag": False, "a": 6})["a"] == 0


def test_a_trap_drops_all_effects_stores_included() -> None:
    machine = instruction("m.a = 1\nm.store(20, m.a)\nm.mem[30] = 3\nm.pc = 99\ntrap(Cause.call, 0)")
    done = run(machine)
    assert (done["a"], done["pc"], done.mem(20), done.mem(30)) == (5, 10, 0xAA, 0)


def test_what_is_kept_survives_and_nothing_else_does() -> None:
    """Both writes go to one array, one word and one memory: only the kept ones are left."""
    body = """
        m.r[1] = 1
        m.sr.C = 1
        m.store(20, 1)
        with kept():
            m.r[2] = 2
            m.sr.V = 1
            m.store(21, 2)
            m.a[0] = 0
        m.r[3] = 3
        if m.flag:
            trap(Cause.call, 0)
    """
    machine = instruction(body)
    trapped = run(machine, {"flag": True})
    assert [trapped.r(i) for i in range(1, 4)] == [11, 2, 33]
    assert (trapped["sr.C"], trapped["sr.V"], trapped.mem(20), trapped.mem(21), trapped["a"]) == (0, 1, 0xAA, 2, 4)
    done = run(machine, {"flag": False})
    assert [done.r(i) for i in range(1, 4)] == [1, 2, 3]
    assert (done["sr.C"], done["sr.V"], done.mem(20), done.mem(21), done["a"]) == (1, 1, 1, 2, 4)


def test_kept_under_a_condition() -> None:
    machine = instruction("if m.flag:\n    with kept():\n        m.a = 1\ntrap(Cause.call, 0)")
    assert (run(machine, {"flag": True})["a"], run(machine, {"flag": False})["a"]) == (1, 5)


def test_with_is_for_kept_only() -> None:
    assert wrong("with m.a:\n    pass") == "`with` is for kept() only"
    assert wrong("with kept() as k:\n    pass") == "`with` is for kept() only"


def test_later_loads_see_earlier_stores() -> None:
    machine = instruction("m.store(20, bits[8](1))\nm.a = m.load(20)\nm.mem[21] = 2\nm.b = m.load(21)")
    done = run(machine)
    assert (done["a"], done["b"]) == (1, 2)


# Rule 3. Memory accesses


def test_memory_accesses_are_an_ordered_list_of_guarded_events() -> None:
    body = """
        if m.flag:
            m.a = m.load(20)
        else:
            m.store(21, m.a)
        m.b = m.mem[22]
        m.mem[23] = m.a
    """
    machine = instruction(body)
    assert run(machine, {"flag": True}).events == (("load", 20, 0xAA), ("load", 22, 0xCC), ("store", 23, 0xAA))
    assert run(machine, {"flag": False}).events == (("store", 21, 5), ("load", 22, 0xCC), ("store", 23, 5))


def test_every_piece_is_translated_before_any_is_stored() -> None:
    machine = instruction("m.store(199, m.w)")
    done = run(machine, {"bound": 200})
    assert (done.trap, done.value, done.memory_trap, done.mem(199)) == (MEMORY, 200, True, 0x11)
    assert run(machine, {"bound": 201}).mem(199) == 0x34
    assert run(machine, {"bound": 201}).mem(200) == 0x12


def test_the_brackets_of_an_augmented_assignment_are_evaluated_once() -> None:
    machine = instruction("m.r[m.load(20)[1:0]] += 1")
    done = run(machine)
    assert done.events == (("load", 20, 0xAA),)
    assert done.r(2) == 23


# Rule 4. Memory traps


def test_a_memory_trap_is_one_raised_in_the_translation_whoever_called_it() -> None:
    assert run(instruction("m.a = m.load(250)")).memory_trap
    assert run(instruction("m.a = window(m, 250, Access.read)")).memory_trap
    assert not run(instruction("trap(Cause.memory, 250)")).memory_trap


def test_attempt_gives_a_result_instead_of_trapping() -> None:
    body = """
        found = attempt(window, m, m.a, Access.write)
        m.flag = found.ok
        m.b = found.value if found.ok else found.detail
        m.w = 1 if found.cause == Cause.memory else 2
    """
    machine = instruction(body)
    good = run(machine, {"a": 50})
    assert (good.trap, good["flag"], good["b"]) == (None, True, 50)
    bad = run(machine, {"a": 250})
    assert (bad.trap, bad["flag"], bad["b"], bad["w"]) == (None, False, 250, 1)


def test_attempt_drops_the_effects_of_what_trapped() -> None:
    before = "def try_it(m):\n    m.a = 1\n    if m.flag:\n        trap(Cause.call, 0)\n    m.b = 2\n    return m.a"
    machine = instruction("m.w = zext(bits[1](attempt(try_it, m).ok), 16)", before)
    bad, good = run(machine, {"flag": True}), run(machine, {"flag": False})
    assert (bad["a"], bad["b"], bad["w"]) == (5, 7, 0)
    assert (good["a"], good["b"], good["w"]) == (1, 2, 1)


def test_attempt_under_a_condition_traps_nowhere() -> None:
    body = "if m.flag:\n    m.b = 1 if attempt(window, m, m.a, Access.read).ok else 0"
    machine = instruction(body)
    assert run(machine, {"flag": True, "a": 250})["b"] == 0
    assert run(machine, {"flag": False, "a": 250})["b"] == 7


def test_a_translation_that_is_tried_or_called_is_recorded() -> None:
    for call in ("attempt(window, m, m.a, Access.write).ok", "window(m, m.a, Access.write) == 0"):
        machine = instruction(f"m.flag = {call}")
        item = machine.instruction("it")
        assert item is not None
        state = machine.fresh("s")
        (explicit,) = machine.execute(item, state, {}).translations
        assert explicit.current
        assert explicit.va is state["a"]
        assert explicit.access.value == 1
        assert explicit.fault is machine.pool.ule(state["bound"], state["a"])


def test_what_cannot_stand_in_an_attempt_or_a_translation() -> None:
    assert wrong("attempt(f, m)", "def f(m):\n    wait()") == "wait(...) cannot stand in what is attempted"
    assert wrong("attempt(f, m)", "def f(m):\n    unpredictable()") == "unpredictable(...) cannot stand in what is attempted"
    assert wrong("attempt(f, m)", "def f(m):\n    require(m.flag)") == "require(...) cannot stand in what is attempted"
    assert wrong("attempt(5, m)") == "attempt(...) takes a function, not an integer"
    assert wrong("attempt(it, m)") == "`it` is an instruction; instructions are not called"


# Rule 5. Copies


def test_reading_gives_a_copy() -> None:
    machine = instruction("old = m.table[1]\nm.table[1].frame = 9\nm.a = zext(old.frame, 8)\nm.b = zext(m.table[1].frame, 8)")
    done = run(machine, {"table.frame": ArrayValue(0, {1: 4})})
    assert (done["a"], done["b"]) == (4, 9)


def test_only_paths_that_start_at_the_state_are_assigned() -> None:
    assert wrong("e = m.table[0]\ne.valid = False") == "an Entry is a copy; only paths that start at the state are assigned"
    assert wrong("x = m.r\nx[0] = 1") == "an array[bits[2], bits[8]] is a copy; only paths that start at the state are assigned"
    assert wrong("m.next_pc = 1") == "`next_pc` is not a field of Machine"
    assert wrong("m.statsu = 1") == "no field `statsu` in Machine"
    assert wrong("m.flga = 1") == "no field `flga` in Machine; did you mean `flag`?"


def test_reads_see_earlier_writes() -> None:
    done = run(instruction("m.a = m.a + 1\nm.a = m.a + 1\nm.r[m.a[1:0]] = 50\nm.b = m.r[3]"))
    assert (done["a"], done["b"]) == (7, 50)


def test_two_registers_swap_in_one_assignment() -> None:
    done = run(instruction("m.a, m.b = m.b, m.a"))
    assert (done["a"], done["b"]) == (7, 5)


def test_assigning_elements_fields_bits_and_slices() -> None:
    body = """
        m.r[2] = 1
        m.table[3].frame = 7
        m.table[3].frame[0] = 0
        m.sr.IPM = 5
        m.w[11:8] = 15
        m.w[m.a[3:0]] = 0
        m.grid[Mode.system, 2] = 77
        m.mem[20][3:0] = 0
    """
    done = run(instruction(body), {"a": 4})
    assert done.r(2) == 1
    assert done["table.frame"] == ArrayValue(0, {3: 6})
    assert done["sr.IPM"] == 5
    assert done["w"] == 0x1F24
    assert done["grid"] == ArrayValue(0, {0b0110: 77})
    assert done.mem(20) == 0xA0


# Rule 6. Guards


def test_and_guards_loads_and_traps_to_its_right() -> None:
    machine = instruction("m.flag = m.a < m.bound and m.load(m.a) == 0xAA")
    assert run(machine, {"a": 20})["flag"] is True
    outside = run(machine, {"a": 250})
    assert (outside.trap, outside["flag"], outside.events) == (None, False, ())


def test_or_guards_what_stands_to_its_right() -> None:
    machine = instruction("m.flag = m.a >= m.bound or m.load(m.a) == 0")
    assert run(machine, {"a": 250})["flag"] is True
    assert run(machine, {"a": 250}).events == ()
    assert run(machine, {"a": 20})["flag"] is False


def test_a_conditional_expression_guards_both_sides() -> None:
    machine = instruction("m.a = m.load(20) if m.flag else m.load(250)")
    assert run(machine, {"flag": True})["a"] == 0xAA
    assert run(machine, {"flag": False}).memory_trap


def test_a_chained_comparison_guards_its_later_parts() -> None:
    machine = instruction("m.flag = 0 < m.a < m.load(m.b)")
    assert run(machine, {"a": 0, "b": 250})["flag"] is False
    assert run(machine, {"a": 1, "b": 250}).memory_trap
    assert run(machine, {"a": 1, "b": 20})["flag"] is True


def test_require_disables_the_whole_action_wherever_it_stands() -> None:
    item = instruction("m.a = 1\nif m.flag:\n    require(m.b == 7)\nm.b = 2\nif m.w == 0:\n    trap(Cause.call, 0)")
    done = run(item, {"flag": True, "b": 7})
    assert (done["a"], done["b"]) == (1, 2)
    result = outcome(item)
    state = item.fresh("s")
    for trapping in (0, 1):
        env = {state["flag"]: True, state["b"]: 8, state["w"]: trapping}
        assert evaluate([result.completes, *(trap.guard for trap in result.traps)], env, default=True) == [False, False]


def test_require_where_nothing_executes() -> None:
    assert mistake("@legal\ndef f(m):\n    require(m.flag)\n    return True") == (
        "require(...) stands in what an instruction executes; nothing happens in a predicate or while reading"
    )
