"""Results of theorems as JUnit XML, which continuous integration services show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2, has no place for these


@dataclass(frozen=True)
class Case:
    """One test case. `failure`: it ran and its expectation was not met; `error`: it could not be decided; "" for neither."""

    name: str
    suite: str
    seconds: float
    failure: str = ""
    error: str = ""
    details: str = ""


def junit(cases: Sequence[Case]) -> str:
    """The cases as one XML document, a suite for each group of them, in their order."""
    root = ElementTree.Element("testsuites", name="vmproof")
    _count(root, cases)
    for suite in dict.fromkeys(case.suite for case in cases):
        inside = [case for case in cases if case.suite == suite]
        element = ElementTree.SubElement(root, "testsuite", name=_fit(suite))
        _count(element, inside)
        for case in inside:
            made = ElementTree.SubElement(
                element, "testcase", name=_fit(case.name), classname=_fit(case.suite), time=f"{case.seconds:.3f}"
            )
            for kind, message in (("failure", case.failure), ("error", case.error)):
                if message:
                    ElementTree.SubElement(made, kind, message=_fit(message)).text = _fit(case.details)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _count(element: ElementTree.Element, cases: Sequence[Case]) -> None:
    element.set("tests", str(len(cases)))
    element.set("failures", str(sum(bool(case.failure) for case in cases)))
    element.set("errors", str(sum(bool(case.error) for case in cases)))
    element.set("time", f"{sum(case.seconds for case in cases):.3f}")


def _fit(text: str) -> str:
    return _UNFIT.sub("\ufffd", text)
