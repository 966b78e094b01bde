"""The KA10 without its State, which the machines that read this file define (they differ in the flags they have)."""

from vmproof.lang import *
from words import *
from storage import *
from traps import *
from instructions import *
from vmm import *
