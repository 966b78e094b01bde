"""The third-generation machine with "load physical address" (Popek and Goldberg 1974, section 3: location-sensitive)."""

from vmproof.lang import *
from base import *


@instruction("0101 rd[2] rs[2]", asm="load_physical_address r{rd}, (r{rs})")
def load_physical_address(m, rd, rs):
    """As LRA of the IBM 360/67, but not privileged: tells a guest where its storage really lies."""
    m.r[rd] = relocate(m, m.r[rs], Access.read)
