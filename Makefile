# `make demo` and `make test` need only Python 3.11 or later with venv; everything is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
INSTALLED := $(VENV)/installed

.PHONY: demo test bench lint clean

demo: $(INSTALLED)
	$(BIN)/vmproof check m68000 m68010 --expect not-virtualizable --expect virtualizable
	$(BIN)/vmproof explain m68000 move_from_sr
	$(BIN)/vmproof check rv64 --scenario SupervisorInUser --timings

test: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 --dist worksteal -q
	$(BIN)/vmproof prove

bench: $(INSTALLED)
	$(BIN)/python tests/bench/bench_check.py
	$(BIN)/python tests/bench/bench_states.py

lint: $(INSTALLED)
	$(BIN)/python -m ruff check
	$(BIN)/python -m mypy

clean:
	rm -rf $(VENV) dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Constraints do not reach isolated builds: the pinned build tools come first, then the project is built with them.
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) hatchling editables
	$(PIP) --no-build-isolation --editable '.[dev]'
	touch $@
