# worldgen: two commands for a newcomer (make demo, make test) and one for a contributor (make check).

PYTHON ?= python3
PROMPT ?= a log cabin by a mountain lake at golden hour, pine forest, a wooden boat, mountains in the distance
SEED ?= 7
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check bench clean

demo: $(VENV)/.installed
	$(BIN)/worldgen generate "$(PROMPT)" --seed $(SEED) -o worlds/demo

test: $(VENV)/.installed-test
	$(BIN)/worldgen doctor --compile
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright

bench: $(VENV)/.installed-test
	$(BIN)/python -m pytest tests/benchmarks -m "" --benchmark-only -p no:xdist -s

clean:
	rm -rf $(VENV) worlds build dist *.egg-info

$(VENV)/.created:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $@

$(VENV)/.installed: $(VENV)/.created pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[test]"
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	touch $@
