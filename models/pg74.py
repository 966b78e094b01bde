"""The third-generation machine of Popek and Goldberg (CACM 17(7), 1974, sections 2 and 3), at byte size.

Four registers, 256 addresses, one byte a word. The paper fixes the processor state (mode, program counter, relocation-bounds
register), relocation and the trap. It leaves the instructions open but for "the usual" ones, so those in
`pg74/instructions.py` are the least that a machine could be programmed with.
"""

from vmproof.lang import *
from pg74.base import *
