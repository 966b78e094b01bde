"""The whole machine of the paper: what most variants add an instruction to."""

from vmproof.lang import *
from state import *
from relocation import *
from instructions import *
from relocated import *
