"""The six theorems (THEORY, "Theorems, each with its own verdict") from what a round found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vmproof.engines.verdict import Verdict
from vmproof.errors import VmproofError
from vmproof.solvers import Status
from vmproof.virtualize.asking import Asker
from vmproof.virtualize.classify import Classified
from vmproof.virtualize.decide import Candidate
from vmproof.virtualize.evidence import witness
from vmproof.virtualize.recursion import composed, homeless, leading_outside, outside
from vmproof.virtualize.result import Answer, TheoremVerdict
from vmproof.virtualize.round import Round, carrying
from vmproof.virtualize.setting import Setting
from vmproof.virtualize.witness import Witness


class InconsistencyError(VmproofError):
    """Two of vmproof's own results contradict each other, such as a proof of virtualizability and a refuted diagram: a bug in vmproof."""


def premise_verdicts(found: Round) -> dict[str, TheoremVerdict]:
    """The premises as claims of their own."""
    verdicts = {name: TheoremVerdict(name, premise.verdict, _sentence(premise.reason)) for name, premise in found.premises.items()}
    return {**verdicts, **_limited(found, {name: verdicts[name] for name in ("legality",) if name in verdicts})}


def decide_theorems(found: Round, asker: Asker) -> dict[str, TheoremVerdict]:
    """All six verdicts. Raises InconsistencyError where theorem 1 is proved and equivalence is not."""
    if found.vacuous:
        reason = _sentence(found.premises["states"].reason)
        names = ("virtualizable", "hybrid", "recursive", "equivalence", "resource_control", "efficiency")
        return {name: TheoremVerdict(name, Verdict.VACUOUS, reason) for name in names}
    verdicts = {
        "virtualizable": _virtualizable(found),
        "hybrid": _hybrid(found),
        "equivalence": _instructions(
            found,
            "equivalence",
            "diagram",
            ("states", "vectors", "trap_frames", "tables", "view"),
            "the diagram does not commute for {list}",
            "whatever completes on a real state does to it what it does to its guest, and what traps can be restored",
            also="lost",
        ),
        "resource_control": _instructions(
            found,
            "resource_control",
            "resource_control",
            ("states", "vectors", "tables", "view"),
            "the VMM can lose its resources: {list} may change its mode, its control or its memory, or wait without end",
            "nothing that completes on a real state changes the mode, the VMM's control or memory outside the view, or waits without end",
        ),
        "efficiency": _instructions(
            found,
            "efficiency",
            "needless_trap",
            ("states", "realisation"),
            "needless traps of {list}: innocuous, completing on a guest and trapping on its real state",
            "the view can be realised, and every innocuous encoding that completes on a guest completes on its real state",
        ),
    }
    verdicts["recursive"] = _recursive(found, asker, verdicts)
    if verdicts["virtualizable"].verdict is Verdict.PROVED and verdicts["equivalence"].verdict is not Verdict.PROVED:
        raise InconsistencyError(
            f"virtualizable is proved and equivalence is {verdicts['equivalence'].verdict}: {verdicts['equivalence'].reason}"
        )
    legality = found.premises["legality"]
    if legality.verdict is not Verdict.PROVED:  # what was proved of legal states then says nothing of those that a run reaches
        reason = _sentence(f"legal states are assumed, but {legality.reason}")
        verdicts = {
            name: replace(verdict, verdict=Verdict.UNKNOWN, reason=reason) if verdict.verdict is Verdict.PROVED else verdict
            for name, verdict in verdicts.items()
        }
    return _limited(found, verdicts)


def _limited(found: Round, verdicts: dict[str, TheoremVerdict]) -> dict[str, TheoremVerdict]:
    """What is proved of some instructions says that it is not of all."""
    if not found.left_out:
        return verdicts
    judged = len(found.instructions)
    said = f"; this is said of {judged} of {judged + found.left_out} instructions."
    return {
        name: replace(verdict, reason=verdict.reason.removesuffix(".") + said) if verdict.verdict is Verdict.PROVED else verdict
        for name, verdict in verdicts.items()
    }


def _instructions(
    found: Round, name: str, question: str, premises: Sequence[str], bad: str, good: str, also: str | None = None
) -> TheoremVerdict:
    """A theorem that says of every instruction that a question's answer is no."""
    asked = (question,) if also is None else (question, also)
    yes = [one for one in found.classified if any(one.of(q).answer is Answer.YES for q in asked)]
    unknown = [one for one in found.classified if one not in yes and any(one.of(q).answer is Answer.UNKNOWN for q in asked)]
    broken = [found.premises[premise] for premise in premises if found.premises[premise].verdict is Verdict.REFUTED]
    if broken:
        return TheoremVerdict(name, Verdict.REFUTED, _sentence(broken[0].reason), None, _names(yes))
    if yes:
        reason = bad.format(names=_are(yes), list=_list(yes), name=yes[0].instruction.name)
        candidates = [one.of(q).candidate for one in yes for q in asked]
        return TheoremVerdict(name, Verdict.REFUTED, _sentence(reason), _witness(found, candidates, name), _names(yes))
    open_premises = [found.premises[premise] for premise in premises if found.premises[premise].verdict is not Verdict.PROVED]
    if open_premises:
        return TheoremVerdict(name, Verdict.UNKNOWN, _sentence(open_premises[0].reason))
    if unknown:
        first = next(one.of(q) for one in unknown for q in asked if one.of(q).answer is Answer.UNKNOWN)
        return TheoremVerdict(name, Verdict.UNKNOWN, _sentence(f"undecided for {_list(unknown)}: {first.reason}"), None, _names(unknown))
    return TheoremVerdict(name, Verdict.PROVED, _sentence(good))


def _every(found: Round) -> str:
    """The instructions that were judged, in words."""
    count = len(found.classified)
    if found.left_out:
        return f"the {count} instructions judged" if count != 1 else "the instruction judged"
    return f"all {count} instructions" if count != 1 else "the only instruction"


def _virtualizable(found: Round) -> TheoremVerdict:
    return _instructions(
        found,
        "virtualizable",
        "critical",
        ("states", "vectors", "trap_frames", "tables", "view"),
        "condition not met: {names} critical",
        f"no encoding of {_every(found)} is critical",
    )


def _hybrid(found: Round) -> TheoremVerdict:
    setting = found.setting
    if not setting.unmoved:
        return TheoremVerdict("hybrid", Verdict.VACUOUS, "No guest mode runs in itself, so that a hybrid VMM would interpret everything.")
    modes = ", ".join(setting.mode_name(mode) for mode in setting.unmoved)
    return _instructions(
        found,
        "hybrid",
        "hybrid",
        ("states", "vectors", "trap_frames", "tables", "view"),
        "condition not met: {names} critical for guests in mode " + modes,
        f"no encoding of {_every(found)} is critical for guests in mode {modes}; the other modes are interpreted",
    )


def _recursive(found: Round, asker: Asker, verdicts: dict[str, TheoremVerdict]) -> TheoremVerdict:
    """Virtualizable, with a guest that can hold a VMM of its own, and no time read behind its back."""

    def verdict(kind: Verdict, reason: str, instructions: tuple[str, ...] = ()) -> TheoremVerdict:
        return TheoremVerdict("recursive", kind, _sentence(reason), None, instructions)

    setting = found.setting
    needed = verdicts["virtualizable"]
    if needed.verdict is Verdict.REFUTED:
        return verdict(Verdict.REFUTED, f"a VMM that can run in itself needs a virtualizable machine; {_clause(needed.reason)}")
    home = asker.result(outside(setting))
    if home.status is Status.SAT:
        led = asker.result(leading_outside(found.executions, found.worlds, found.instructions))
        if led.answer is Answer.YES:
            return verdict(Verdict.REFUTED, "the mode that the VMM runs in is not one that this scenario's guests have")
        home = replace(home, status=Status.UNSAT if led.answer is Answer.NO else Status.UNKNOWN, reason=led.reason)
    if home.status is Status.UNKNOWN:
        return verdict(Verdict.UNKNOWN, f"the mode that the VMM runs in is undecided: {home.reason}")
    inner = _of_guests(found, asker)
    for some in dict.fromkeys((found, inner)):
        shown = [name for name, finding in some.timing.items() if finding.answer is Answer.YES]
        if shown:
            return verdict(Verdict.REFUTED, f"the time is read without a trap by {', '.join(shown)}", tuple(shown))
    lacking = [asker.result(homeless(some.setting)) for some in dict.fromkeys((found, inner))]
    if any(one.status is Status.SAT for one in lacking):
        return verdict(
            Verdict.REFUTED, "a register that the VMM relies on is not virtualised: some guest has no real state, however it is built"
        )
    chain = asker.result(composed(setting, inner.setting))
    if chain.status is Status.UNSAT:
        return verdict(Verdict.REFUTED, "no real state can carry a guest that carries a guest")
    if needed.verdict is not Verdict.PROVED:
        return verdict(needed.verdict, f"virtualizable is {needed.verdict.text}: {_clause(needed.reason)}")
    if inner is not found:
        beneath = _virtualizable(inner)
        if beneath.verdict is not Verdict.PROVED:
            return verdict(beneath.verdict, f"as to what runs in a guest's virtual machines: {_clause(beneath.reason)}")
        realised = inner.premises["realisation"]
        if realised.verdict is not Verdict.PROVED:
            return verdict(Verdict.UNKNOWN, f"as to what runs in a guest's virtual machines: {_clause(realised.reason)}")
    for one in lacking:
        if one.status is Status.UNKNOWN:
            return verdict(Verdict.UNKNOWN, f"whether every guest has a real state is undecided: {one.reason}")
    if chain.status is Status.UNKNOWN:
        return verdict(Verdict.UNKNOWN, f"whether a guest can carry a guest is undecided: {chain.reason}")
    if setting.scenario.timing is None or inner.setting.scenario.timing is None:
        return verdict(Verdict.UNKNOWN, "the description does not say what tells the time (`timing`)")
    open_time = [name for some in (found, inner) for name, finding in some.timing.items() if finding.answer is Answer.UNKNOWN]
    if open_time:
        return verdict(Verdict.UNKNOWN, f"it is undecided whether {', '.join(open_time)} reads the time without a trap", tuple(open_time))
    return verdict(Verdict.PROVED, "the guest can hold a VMM, the composed map satisfies the diagram, and no time is read without a trap")


def _of_guests(found: Round, asker: Asker) -> Round:
    """What is found of the scenario in which a guest's own guests run: that of the round itself, if it names no other."""
    guests = found.setting.scenario.guests
    if guests is None:
        return found
    return carrying(Setting(found.setting.description, guests), asker, found.instructions)


def _witness(found: Round, candidates: Sequence[Candidate | None], name: str) -> Witness | None:
    return next((witness(found.executions, candidate) for candidate in candidates if candidate is not None), None)


def _names(some: Sequence[Classified]) -> tuple[str, ...]:
    return tuple(one.instruction.name for one in some)


def _list(some: Sequence[Classified]) -> str:
    names = _names(some)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _are(some: Sequence[Classified]) -> str:
    return f"{_list(some)} {'is' if len(some) == 1 else 'are'}"


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + ("" if text.endswith(".") else ".") if text else text


def _clause(text: str) -> str:
    return (text[0].lower() + text[1:]).rstrip(".")
