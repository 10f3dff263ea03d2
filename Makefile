# Two commands do all the set-up: `make explain` and `make test`.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
OUT ?= out
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: explain test check lint docs pictures clean

explain: $(VENV)/installed
	$(BIN)/scrubjay explain --out $(OUT)

# Lint, types, layers, and the tests.
test: lint
	$(BIN)/python -m pytest -n auto --ignore tests/check

# All that, and the tests of what is built from the project: documentation, packages, notebook, cluster, other libraries.
check: lint
	$(BIN)/python -m pytest -n auto

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: explain $(VENV)/installed-dev
	$(BIN)/sphinx-build -W docs docs/_build

pictures: explain $(VENV)/installed-dev
	mkdir -p docs/images
	cp $(OUT)/*.png docs/images/
	$(BIN)/python docs/take_picture.py $(OUT)/report.html docs/images
	$(BIN)/python docs/fill_tables.py $(OUT)/claims.json

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -e .
	touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -e '.[dev]'
	touch $@ $(VENV)/installed

clean:
	rm -rf $(VENV) $(OUT) docs/_build
