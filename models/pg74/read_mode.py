"""The third-generation machine with a read of the mode, as MOVE from SR of the 68000 and SMSW of the 80286."""

from vmproof.lang import *
from base import *


@instruction("0101 rd[2] 00", asm="read_mode r{rd}")
def read_mode(m, rd):
    m.r[rd] = zext(bits[1](m.mode), 8)
