"""Terms: sorts, values, hash-consed terms that are simplified as they are made, and what can be done with them."""

from .dag import Substitution, bits_of_each, conjuncts, reachable, size, smaller, substitute, variables, variables_of_each
from .evaluate import Environment, Evaluator, UnassignedVariable, evaluate
from .pool import Pool
from .printer import fingerprint, to_text
from .serialize import Serialized, deserialize, serialize
from .sorts import BOOL, ArraySort, BitVecSort, BoolSort, Sort, SortError, UninterpretedSort, bitvec
from .term import Op, Term
from .values import ArrayValue, Value, default_value, equal_values

__all__ = [
    "BOOL",
    "ArraySort",
    "ArrayValue",
    "BitVecSort",
    "BoolSort",
    "Environment",
    "Evaluator",
    "Op",
    "Pool",
    "Serialized",
    "Sort",
    "SortError",
    "Substitution",
    "Term",
    "UnassignedVariable",
    "UninterpretedSort",
    "Value",
    "bits_of_each",
    "bitvec",
    "conjuncts",
    "default_value",
    "deserialize",
    "equal_values",
    "evaluate",
    "fingerprint",
    "reachable",
    "serialize",
    "size",
    "smaller",
    "substitute",
    "to_text",
    "variables",
    "variables_of_each",
]
