"""Arithmetic and condition codes (PRM 3.2, tables 3-18 and 3-19)."""

from vmproof.lang import *
from state import *


def msb(value):
    return value[len(value) - 1]


def set_nz(m, value):
    m.ccr.N = msb(value)
    m.ccr.Z = value == 0


def logical(m, value):
    """N and Z by the result, V and C cleared: moves and logical operations."""
    set_nz(m, value)
    m.ccr.V = 0
    m.ccr.C = 0


def add(m, one, other, carry=0):
    """Sum with all flags but Z and N, which ADDX treats otherwise; X is set as C."""
    width = len(one)
    total = zext(one, width + 1) + zext(other, width + 1) + carry
    result = total[width - 1 : 0]
    m.ccr.V = msb(one) == msb(other) and msb(result) != msb(one)
    m.ccr.C = total[width]
    m.ccr.X = total[width]
    return result


def subtract(m, one, other, borrow=0):
    """one - other - borrow, with all flags but Z and N."""
    result = compare(m, one, other, borrow)
    m.ccr.X = m.ccr.C
    return result


def compare(m, one, other, borrow=0):
    """As `subtract`, but X stays."""
    width = len(one)
    total = zext(one, width + 1) - zext(other, width + 1) - borrow
    result = total[width - 1 : 0]
    m.ccr.V = msb(one) != msb(other) and msb(result) != msb(one)
    m.ccr.C = total[width]
    return result


def extended_nz(m, value):
    """For multiple precision: Z is cleared by a result that is not zero, else it stays (PRM 4, ADDX)."""
    m.ccr.N = msb(value)
    if value != 0:
        m.ccr.Z = 0


CONDITIONS = forms(
    "cond[4]",
    t=form("0000", asm="t"),
    f=form("0001", asm="f"),
    hi=form("0010", asm="hi"),
    ls=form("0011", asm="ls"),
    cc=form("0100", asm="cc"),
    cs=form("0101", asm="cs"),
    ne=form("0110", asm="ne"),
    eq=form("0111", asm="eq"),
    vc=form("1000", asm="vc"),
    vs=form("1001", asm="vs"),
    pl=form("1010", asm="pl"),
    mi=form("1011", asm="mi"),
    ge=form("1100", asm="ge"),
    lt=form("1101", asm="lt"),
    gt=form("1110", asm="gt"),
    le=form("1111", asm="le"),
)


def holds(m, condition):
    """PRM table 3-19."""
    flags = m.ccr
    match condition.form:
        case "t":
            return True
        case "f":
            return False
        case "hi":
            return not flags.C and not flags.Z
        case "ls":
            return flags.C or flags.Z
        case "cc":
            return not flags.C
        case "cs":
            return flags.C
        case "ne":
            return not flags.Z
        case "eq":
            return flags.Z
        case "vc":
            return not flags.V
        case "vs":
            return flags.V
        case "pl":
            return not flags.N
        case "mi":
            return flags.N
        case "ge":
            return flags.N == flags.V
        case "lt":
            return flags.N != flags.V
        case "gt":
            return flags.N == flags.V and not flags.Z
        case "le":
            return flags.N != flags.V or flags.Z
