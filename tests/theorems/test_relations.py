"""Theorems that relate systems: refinement and policies, as files state them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.documentation import ROOT
from tests.support.tool import vmproof
from vmproof.data import library
from vmproof.engines.verdict import Verdict
from vmproof.errors import InputError
from vmproof.language import lint
from vmproof.solvers import SolverPool
from vmproof.theorems.files import read_file
from vmproof.theorems.keys import theorem_key
from vmproof.theorems.outcome import Outcome
from vmproof.theorems.proving import prove
from vmproof.theorems.theorem import Theorem

FILE = library() / "proofs" / "relations.toml"
THEOREMS = {theorem.name: theorem for theorem in read_file(FILE)}
KERNEL = library() / "spec" / "kernel"
REFINEMENT = """\
[seen]
claim = "The kernel is a tenancy."
subject = "frames.py"
refines = "tenancy.py"
mapping = "mapping.py"
method = "refinement"
expect = "proved"
"""
POLICY = """\
[apart]
claim = "The shares are apart."
subject = "shares.py"
policy = "policy.py"
method = "noninterference"
expect = "proved"
"""


@pytest.fixture(scope="module")
def pool() -> Iterator[SolverPool]:
    with SolverPool(timeout=20) as made:
        yield made


def proved(theorem: Theorem, pool: SolverPool, **files: tuple[str, str]) -> Outcome:
    """The outcome with one text exchanged in each of some files of the kernel."""
    texts = {}
    for name, (old, new) in files.items():
        path = KERNEL / f"{name}.py"
        text = path.read_text()
        assert old in text
        texts[path.resolve()] = text.replace(old, new, 1)
    return prove(replace(theorem, texts=texts), pool, 20)


@pytest.mark.parametrize("name", THEOREMS)
def test_the_theorems_of_the_library(pool: SolverPool, name: str) -> None:
    theorem = THEOREMS[name]
    outcome = prove(theorem, pool, 60)
    assert outcome.verdict is theorem.expect, outcome.reason
    assert all(not item.sizes for item in outcome.found if item.verdict is Verdict.PROVED and not theorem.sizes)
    assert all(item.trace is not None and item.reason for item in outcome.found if item.verdict is Verdict.REFUTED)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_what_is_proved_of_any_number_is_proved_of_few(pool: SolverPool, size: int) -> None:
    """Three elements take two bits, so that arrays have places that are no index; a bulk update leaves these alone."""
    for name, sizes in (
        ("frames-as-tenancy", {"Pid": size, "Page": size, "Frame": size}),
        ("shares-apart", {"Pid": size, "Page": 1, "Frame": size}),
    ):
        outcome = proved(replace(THEOREMS[name], sizes=sizes), pool)
        assert {item.verdict for item in outcome.found} == {Verdict.PROVED}, outcome.reason


def test_a_mapping_that_names_no_step_or_the_wrong_one(pool: SolverPool) -> None:
    theorem = replace(THEOREMS["frames-as-tenancy"], sizes={"Pid": 2, "Page": 1, "Frame": 1})
    wrong = proved(
        theorem,
        pool,
        frames_as_tenancy=("homes.move_out(t, w.table[pid, page].frame)", "homes.move_in(t, w.table[pid, page].frame, pid, page)"),
    )
    assert wrong.verdict is Verdict.REFUTED
    assert wrong.reason == (
        "as tenancy sees it, that step changes tenant[Frame0] from Pid0 to FREE, reached[Pid0, Page0] from true to false, "
        "and no move_in does that there"
    )
    none = proved(theorem, pool, frames_as_tenancy=('@simulates("unmap_page")\n', ""))
    assert none.verdict is Verdict.REFUTED
    assert none.reason.endswith("and the mapping names no step that it may be")


OFFER = """

@offers("map_page", "unmap_page")
def asked(w, t, pid, frame):
    return w.owner[frame] == frames.FREE and pid != frames.FREE
"""


def test_what_the_kernel_must_be_able_to_do(pool: SolverPool) -> None:
    """Where a frame is free, a page of a process can be mapped, or is mapped and can be taken back: one of the two."""
    last = "    homes.move_out(t, w.table[pid, page].frame)\n"
    theorem = THEOREMS["frames-as-tenancy"]
    assert proved(theorem, pool, frames_as_tenancy=(last, last + OFFER)).verdict is Verdict.PROVED
    sized = replace(theorem, sizes={"Pid": 2, "Page": 1, "Frame": 1})
    nobody = proved(sized, pool, frames_as_tenancy=(last, last + OFFER.replace(" and pid != frames.FREE", "")))
    assert nobody.verdict is Verdict.REFUTED
    assert nobody.reason == "no map_page or unmap_page is possible there"
    [item] = [item for item in nobody.found if item.verdict is Verdict.REFUTED]
    assert item.trace is not None
    assert item.trace.parameters == {"pid": "FREE", "page": "Page0", "frame": "Frame0"}


ENSURED = """

@ensures("unmap_page")
def others_stay(w, after, pid, page, other: frames.Pid, elsewhere: frames.Page):
    return (other == pid and elsewhere == page) or after.table[other, elsewhere] == w.table[other, elsewhere]
"""


def test_what_a_step_of_the_kernel_ensures(pool: SolverPool) -> None:
    last = "    homes.move_out(t, w.table[pid, page].frame)\n"
    theorem = THEOREMS["frames-as-tenancy"]
    assert proved(theorem, pool, frames_as_tenancy=(last, last + ENSURED)).verdict is Verdict.PROVED
    sized = replace(theorem, sizes={"Pid": 2, "Page": 1, "Frame": 1})
    none = proved(sized, pool, frames_as_tenancy=(last, last + ENSURED.replace("(other == pid and elsewhere == page) or ", "")))
    assert none.verdict is Verdict.REFUTED
    assert none.reason == "a step unmap_page does not ensure it there"
    [item] = [item for item in none.found if item.verdict is Verdict.REFUTED]
    assert (item.name, item.sentence) == (
        "others_stay of unmap_page",
        "each step unmap_page of frames ensures what others_stay says",
    )
    assert item.trace is not None
    assert [step.action for step in item.trace.steps] == ["map_page"]
    assert item.trace.parameters["page"] == item.trace.parameters["elsewhere"] == "Page0"


def test_a_refinement_of_the_initial_states(pool: SolverPool) -> None:
    theorem = replace(THEOREMS["frames-as-tenancy"], sizes={"Pid": 2, "Page": 1, "Frame": 1})
    outcome = proved(theorem, pool, frames=("w.owner[frame] == FREE, Frame) and", "w.owner[frame] != FREE, Frame) and"))
    assert outcome.verdict is Verdict.REFUTED
    [initial] = [item for item in outcome.found if item.name == "initial states"]
    assert initial.trace is not None
    assert not initial.trace.steps
    assert initial.reason.startswith("as tenancy sees it, that state is tenant[*] = ")


def test_a_policy_that_lets_all_flow_is_kept(pool: SolverPool) -> None:
    """Two processes that may learn of each other: what the kernel then does with frames of any share is no leak of local respect."""
    theorem = replace(THEOREMS["shares-apart-take-any"], prove=("local respect",))
    assert proved(theorem, pool).verdict is Verdict.REFUTED
    assert proved(theorem, pool, shares_apart=("return source == to", "return True")).verdict is Verdict.PROVED


def test_what_is_not_proved_shows_the_states_that_stand_in_the_way(pool: SolverPool) -> None:
    """Two mappings may share a frame then, which no execution of so few steps and elements turns into a leak."""
    outcome = proved(THEOREMS["shares-apart"], pool, shares=("    require(not w.used[frame])\n", ""))
    assert outcome.verdict is Verdict.UNKNOWN
    [item] = [item for item in outcome.found if item.verdict is Verdict.UNKNOWN]
    assert item.reason == "induction: local respect of unmap_page fails for states that need not be reachable"
    assert "state share" in item.details
    assert not any("other" in name for name in item.details), "local respect speaks of one run"


def test_what_an_action_tells_counts(pool: SolverPool) -> None:
    theorem = replace(THEOREMS["in-turn-leaks"], prove=("output consistency",))
    assert proved(theorem, pool).verdict is Verdict.PROVED
    told = '@tells("map_page")\ndef result(w):\n    return w.next\n\n\n@acts_for("map_page")'
    outcome = proved(theorem, pool, in_turn_apart=('@acts_for("map_page")', told))
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.reason == "it tells 1 in one run and 0 in the other"


@pytest.mark.parametrize(
    ("text", "change", "message"),
    [
        (REFINEMENT, ('mapping = "mapping.py"\n', ""), '1:1: the theorem `seen` has no `mapping`, which "refinement" needs'),
        (REFINEMENT, ('"tenancy.py"', '"tenanci.py"'), "4:1: there is no file tenanci.py"),
        (REFINEMENT, ('"refinement"', '"induction"'), '4:1: `refines` says nothing where the method is "induction"'),
        (REFINEMENT, ("expect", 'prove = ["map_page"]\nexpect'), '7:1: `prove` says nothing where the method is "refinement"'),
        (POLICY, ("policy =", "mapping ="), '4:1: `mapping` says nothing where the method is "noninterference"'),
        (
            POLICY,
            ("expect", 'prove = ["local respekt"]\nexpect'),
            "6:1: there is no condition `local respekt` on two runs; did you mean `local respect`?",
        ),
    ],
)
def test_a_theorem_that_is_wrong(tmp_path: Path, text: str, change: tuple[str, str], message: str) -> None:
    for name in ("frames.py", "tenancy.py", "shares.py", "mapping.py", "policy.py"):
        (tmp_path / name).write_text("")
    path = tmp_path / "some.toml"
    path.write_text(text.replace(*change, 1))
    with pytest.raises(InputError) as caught:
        read_file(path)
    assert str(caught.value).startswith(f"{path}:{message}")


@pytest.mark.parametrize(
    ("theorem", "file", "old", "new", "message"),
    [
        ("frames-as-tenancy", "frames_as_tenancy", "    t.page = w.place\n", "", "11:1: `seen` does not give all of `page`"),
        ("frames-as-tenancy", "frames_as_tenancy", "t.tenant = w.owner", "w.owner = t.tenant", "12:5: `w` is a state that is only read"),
        (
            "frames-as-tenancy",
            "frames_as_tenancy",
            '"map_page"',
            '"map_pag"',
            "18:1: frames has no action `map_pag`; did you mean `map_page`?",
        ),
        (
            "frames-as-tenancy",
            "frames_as_tenancy",
            "(w, t, pid, page, frame)",
            "(w, t, pid, page, fram)",
            "18:1: the action `map_page` has no parameter `fram`; did you mean `frame`?",
        ),
        (
            "frames-as-tenancy",
            "frames_as_tenancy",
            "    homes.move_in(t, frame, pid, page)",
            "    pass",
            "18:1: `move_in` names no action of tenancy",
        ),
        (
            "frames-as-tenancy",
            "frames_as_tenancy",
            "    homes.move_in(t, frame, pid, page)",
            "    t.tenant[frame] = pid\n    homes.move_in(t, frame, pid, page)",
            "18:1: `move_in` assigns to the abstract state; it names an action of it",
        ),
        (
            "frames-as-tenancy",
            "frames_as_tenancy",
            '@simulates("unmap_page")',
            '@simulates("unmap_page", stutter=True)',
            "22:26: @simulates takes the names of actions, and `stutters=True`",
        ),
        (
            "frames-as-tenancy",
            "frames_as_tenancy",
            '@simulates("unmap_page")\ndef move_out(w, t, pid, page):\n    homes.move_out(t, w.table[pid, page].frame)',
            '@offers("unmap_page", "map_page")\ndef unmap_page(w, t):\n    return True',
            "23:1: `unmap_page` is an action of frames; what it offers has a name of its own",
        ),
        (
            "frames-as-tenancy",
            "frames_as_tenancy",
            '@simulates("unmap_page")\ndef move_out(w, t, pid, page):\n    homes.move_out(t, w.table[pid, page].frame)',
            '@offers("unmap_page")\ndef leaving(w, t, pages):\n    return True',
            "23:1: no action that `leaving` names has a parameter `pages`; did you mean `page`?",
        ),
        (
            "frames-as-tenancy",
            "frames_as_tenancy",
            '@simulates("unmap_page")\ndef move_out(w, t, pid, page):\n    homes.move_out(t, w.table[pid, page].frame)',
            '@ensures("unmap_page")\ndef out(w, after, frame):\n    return True',
            "23:1: the action `unmap_page` has no parameter `frame`",
        ),
        (
            "frames-as-tenancy",
            "frames_as_tenancy",
            '@simulates("unmap_page")\ndef move_out(w, t, pid, page):\n    homes.move_out(t, w.table[pid, page].frame)',
            '@ensures("unmap_page")\ndef out(w, after, pid: frames.Pid):\n    return True',
            "23:1: `pid` is a parameter of the action `unmap_page`, which has its type already",
        ),
        (
            "frames-as-tenancy",
            "frames_as_tenancy",
            '@simulates("unmap_page")\ndef move_out(w, t, pid, page):\n    homes.move_out(t, w.table[pid, page].frame)',
            '@ensures("unmap_page")\ndef out(w, after):\n    after.owner[w.table[0, 0].frame] = frames.FREE\n    return True',
            "is a state that is only read",
        ),
        ("frames-as-tenancy", "frames_as_tenancy", "@abstraction\n", "", "1:1: there is no @abstraction in frames_as_tenancy.py"),
        (
            "frames-as-tenancy",
            "frames_as_tenancy",
            '@simulates("unmap_page")',
            '@simulates("map_page")',
            "23:1: `move_in` is the @simulates of `map_page` already",
        ),
        (
            "frames-as-tenancy",
            "frames_as_tenancy",
            "w: frames.World, t: homes.Tenancy",
            "w: homes.Tenancy, t: frames.World",
            "11:1: `w` of `seen` is not the state of frames",
        ),
        (
            "frames-as-tenancy",
            "frames_as_tenancy",
            "from spec.kernel import frames\n",
            "from spec.kernel import shares as frames\n",
            "7:78: shares has no `FREE`",
        ),
        (
            "shares-apart",
            "shares_apart",
            "return source == to",
            "return source != to",
            "the policy does not let each domain flow to itself",
        ),
        (
            "shares-apart",
            "shares_apart",
            '("map_page", "unmap_page")',
            '("map_page")',
            "1:1: no function says on whose behalf `unmap_page` happens",
        ),
        (
            "shares-apart",
            "shares_apart",
            "return w.table[who, page]",
            "return w.share",
            "13:1: `pages` gives an array[Frame, Pid], not a scalar",
        ),
        ("shares-apart", "shares_apart", "to: shares.Pid", "to: shares.Page", "8:1: `apart` speaks of Page, and the domains are Pid"),
        (
            "shares-apart",
            "shares_apart",
            "@observes\ndef pages",
            "@abstraction\ndef pages",
            "13:1: @abstraction `pages` takes the concrete state",
        ),
    ],
)
def test_a_relation_that_is_wrong(pool: SolverPool, theorem: str, file: str, old: str, new: str, message: str) -> None:
    outcome = proved(THEOREMS[theorem], pool, **{file: (old, new)})
    assert outcome.verdict is Verdict.ERROR
    assert not outcome.fault
    assert message in outcome.reason
    assert "\n" not in outcome.reason.strip()


FILTER = """
from vmproof.lang import *


class W(State):
    secret: bits[2]
    public: bits[2]


@init
def start(w):
    return w.secret == 0 and w.public == 0


@action
def write(w, value: bits[2]):
    w.secret = value


@action
def release(w):
    w.public = w.secret & 1
"""
FILTER_POLICY = """
from vmproof.lang import *
from . import filter


class Domain(Enum):
    high = 0
    guard = 1
    low = 2


@may_flow
def through_the_guard(source: Domain, to: Domain):
    return source == to or (source == Domain.high and to == Domain.guard) or (source == Domain.guard and to == Domain.low)


@observes
def cells(w, who: Domain):
    return 0 if who == Domain.low else w.secret, 0 if who == Domain.high else w.public


@acts_for("write")
def writer(w):
    return Domain.high


@acts_for("release")
def releaser(w):
    return Domain.guard
"""


@pytest.mark.parametrize(
    ("file", "old", "new", "refuted"),
    [
        ("filter", "", "", set()),
        ("filter", "    w.secret = value\n", "    w.secret = value\n    w.public = value\n", {"local respect of write"}),
        ("policy", " or (source == Domain.guard and to == Domain.low)", "", {"local respect of release"}),
        ("policy", "0 if who == Domain.high else w.public", "w.public", {"local respect of release"}),
    ],
)
def test_a_policy_that_is_not_transitive(pool: SolverPool, tmp_path: Path, file: str, old: str, new: str, refuted: set[str]) -> None:
    """What the one above writes reaches the one below through a guard, who decides what of it, and in no other way."""
    texts = {"filter": FILTER, "policy": FILTER_POLICY}
    assert old in texts[file]
    for name, text in texts.items():
        (tmp_path / f"{name}.py").write_text(text.replace(old, new, 1) if name == file and old else text)
    theorem = Theorem(
        "filter", "Secrets pass the guard.", tmp_path / "filter.py", method="noninterference", relation=tmp_path / "policy.py"
    )
    outcome = prove(theorem, pool, 20)
    assert outcome.verdict is (Verdict.REFUTED if refuted else Verdict.PROVED), outcome.reason
    assert {item.name for item in outcome.found if item.verdict is Verdict.REFUTED} == refuted


def test_a_file_that_relates_systems_is_no_system() -> None:
    run = vmproof("mc", str(KERNEL / "shares_apart.py"))
    assert run.returncode == 2
    assert "this file relates systems and is none; a theorem names it as its `mapping` or `policy`" in run.stderr


def test_lint_finds_all_mistakes_of_a_mapping(tmp_path: Path) -> None:
    assert lint(KERNEL / "frames_as_tenancy.py") == []
    path = tmp_path / "mapping.py"
    text = (KERNEL / "frames_as_tenancy.py").read_text()
    path.write_text(
        text.replace('@simulates("map_page")', "@simulates").replace("def seen(w: frames.World, t: homes.Tenancy)", "def seen(w)")
    )
    assert [problem.message for problem in lint(path)] == [
        "@abstraction `seen` takes the concrete state and the abstract one",
        "@simulates takes the names of actions",
    ]


def test_the_key_knows_all_files_that_are_read(tmp_path: Path) -> None:
    """A component is imported by the name of its file, which stands after `import`."""
    for name in ("frames", "tenancy", "frames_as_tenancy"):
        text = (KERNEL / f"{name}.py").read_text().replace("from spec.kernel import", "from . import")
        (tmp_path / f"{name}.py").write_text(text)
    theorem = replace(
        THEOREMS["frames-as-tenancy"],
        subject=tmp_path / "frames.py",
        refines=tmp_path / "tenancy.py",
        relation=tmp_path / "frames_as_tenancy.py",
    )
    keys = {theorem_key(theorem, 1.0, "z3"), theorem_key(replace(theorem, refines=None), 1.0, "z3")}
    for name in ("frames", "tenancy", "frames_as_tenancy"):
        path = tmp_path / f"{name}.py"
        path.write_text(path.read_text() + "# another\n")
        keys.add(theorem_key(theorem, 1.0, "z3"))
    composed = replace(theorem, subject=tmp_path / "frames_as_tenancy.py", refines=None, relation=None)
    before = theorem_key(composed, 1.0, "z3")
    (tmp_path / "tenancy.py").write_text((tmp_path / "tenancy.py").read_text() + "# once more\n")
    assert theorem_key(composed, 1.0, "z3") != before
    assert len(keys) == 5


def test_a_refutation_as_people_and_machines_read_it(tmp_path: Path) -> None:
    text = FILE.read_text().partition("[in-turn-leaks]")[2].partition("\n\n")[0].replace('expect = "refuted"', 'expect = "proved"')
    (tmp_path / "some.toml").write_text(f"[in-turn-leaks]{text}\n")
    run = vmproof("prove", str(tmp_path / "some.toml"), "--no-cache", cwd=ROOT)
    assert run.returncode == 1
    assert "    1  other map_page(pid = Pid1, page = Page0)\n         other next: 0 → 1\n" in run.stdout
    assert "    Pid0 sees pages = (true, 0) after it in one run and (true, 1) in the other.\n" in run.stdout
