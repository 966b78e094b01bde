"""The premises of a description that others, which differ in little, have in common with it.

Descriptions that differ in little, such as one and its mutants, are read into one pool (`load(..., pool=...)`). What means the same in two
of them is one term then, so that it is seen, and not believed, which premises of one are those of the other.
"""

from __future__ import annotations

from collections.abc import Mapping

from vmproof.terms import Term
from vmproof.virtualize.entry import any_entry
from vmproof.virtualize.round import OF_ENTRY, OF_VIEW, STATES, Premise
from vmproof.virtualize.setting import ACCESSES, Setting

_Terms = tuple[Term | None, ...]


class Grounds:
    """The premises of a setting, as found before."""

    def __init__(self, setting: Setting, premises: Mapping[str, Premise]) -> None:
        self._modes, self._view, self._entry = _of_modes(setting), _of_view(setting), _of_entry(setting)
        self._premises = dict(premises)

    def known(self, setting: Setting) -> dict[str, Premise]:
        """Those that are the same questions of another setting with the same scenario."""
        if self._modes != _of_modes(setting) or self._view != _of_view(setting):
            return {}
        names = (STATES, *OF_VIEW, *(OF_ENTRY if self._entry == _of_entry(setting) else ()))
        return {name: self._premises[name] for name in names if name in self._premises}


def _of_modes(setting: Setting) -> object:
    """Which modes the premises speak of, and what is the guest's own."""
    return setting.runs, setting.own, setting.own_mode


def _of_view(setting: Setting) -> _Terms:
    """All that the premises about states, tables and the view speak of: the scenario, legal states, and the translation."""
    description, scenario, pool = setting.description, setting.scenario, setting.pool
    real, guest = description.fresh("real"), description.fresh("guest")
    va = pool.var("grounds.va", setting.va_sort)
    picks = {name: pool.var(f"grounds.{name}", sort) for name, sort in scenario.picks}
    terms: list[Term | None] = [description.legal(real), description.host(scenario, real, guest, picks)]
    terms += [description.everywhere(scenario, real, guest, va), description.reserved(scenario, real, guest, va)]
    if scenario.realise is not None:
        terms += description.realise(scenario, real, guest, va).values()
    if description.has_translation:
        for access in ACCESSES:
            for size in (1, 2, 4, 8) if description.machine.translation_takes_size else (1,):
                found = description.translations.of(access, size)
                terms += [found.fault, found.address, found.updates, found.cause, found.value]
    return tuple(terms)


def _of_entry(setting: Setting) -> _Terms:
    """What those about trap entry speak of beside that."""
    entered = any_entry(setting, setting.canonical(False))
    return () if entered is None else (entered[0], *entered[1].values())
