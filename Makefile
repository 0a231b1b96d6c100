# Needs only Python 3.11+ with venv, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Without --use-pep517, pip before 23.1 runs setup.py where a package has no wheel, and fails at seqeval.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517 -c constraints.txt

# An editable installation only knows the packages that existed when it was made.
SOURCES := pyproject.toml setup.py constraints.txt $(wildcard */__init__.py)

.PHONY: demo test lint clean

demo: $(VENV)/.installed
	$(BIN)/labelferry translate-train data/samples/intents.en.jsonl \
		--task tokens --source en --target de --out data/runs/demo

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto --dist loadscope

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "labelferry needs Python 3.11 or newer, this is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python $(SOURCES)
	$(INSTALL) -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/bin/python $(SOURCES)
	$(INSTALL) -e '.[torch,dev]'
	touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) data/runs
