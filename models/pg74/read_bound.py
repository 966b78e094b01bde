"""The third-generation machine with an unprivileged read of the bound, as LSL of the 80286 reads a segment's limit.

A guest whose bound lies within its storage sees the value it set. One that set it beyond the end of its storage reads
the smaller bound by which its VMM keeps it in.
"""

from vmproof.lang import *
from base import *


@instruction("0101 rd[2] 00", asm="read_bound r{rd}")
def read_bound(m, rd):
    """A program may ask how much it can address."""
    m.r[rd] = m.bound
