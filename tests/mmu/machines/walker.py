"""A hardware walker of Sv39 over an array of words, which sets A and D while software does nothing."""

from vmproof.lang import *
from spec.mmu.result import perform
from spec.mmu.riscv import SV39, Control, Privilege, walk


class Walker(State):
    words: array[bits[9], bits[64]]
    boot: array[bits[9], bits[64]]  # what the words were in the beginning
    root: bits[44]
    granted: bool
    pa: bits[64]
    level: bits[3]


@init
def begin(w):
    return not w.granted and w.level == 0 and w.words == w.boot


@action
def access(w, va: bits[64], kind: Access, user: bool):
    """The memory repeats itself beyond its 512 words."""
    control = Control(mode=Privilege.U if user else Privilege.S, SUM=False, MXR=False, ADUE=True, PBMTE=False, HLVX=False)
    root = zext(cat(w.root, bits[12](0)), 64)

    def read(place, size):
        return w.words[place[11:3]]

    found, _, updates = walk(SV39, root, va, kind, control, read)
    perform(updates, read, lambda place, word: set_word(w, place, word))
    w.granted, w.pa, w.level = found.ok, found.pa, found.level


def set_word(w, place, word):
    w.words[place[11:3]] = word


@invariant("the walker changes nothing but A and D, and only sets them")
def only_marks(w, i: bits[9]):
    return w.words[i] & ~bits[64](0xC0) == w.boot[i] & ~bits[64](0xC0) and w.boot[i] & ~w.words[i] == 0


@invariant("physical addresses have 56 bits")
def physical(w):
    return implies(w.granted, w.pa[63:56] == 0)


@invariant("no word ever changes")
def unchanged(w, i: bits[9]):
    return w.words[i] == w.boot[i]
