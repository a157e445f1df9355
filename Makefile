# Shortcuts into the virtual environment that the README's test command makes; `.ci/run` is what CI runs.
BIN := .venv/bin

.PHONY: check test docs probe
check:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

test:
	$(BIN)/python -m pytest

docs:
	$(BIN)/python docs/generate.py

# make probe TOOLCHAIN=qnn (docs/probing.md)
probe:
	$(BIN)/edgelint probe $(TOOLCHAIN) --output opsets/evidence
