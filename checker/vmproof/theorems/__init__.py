"""Theorems about descriptions and what shows that their proofs notice a fault: mutants."""
