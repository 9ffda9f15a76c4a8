# GPT Inside Out: everything a person runs. Each target makes .venv and installs what it needs, once.
PYTHON ?= python3
PY := .venv/bin/python
APP := .venv/.app-installed
DEV := .venv/.dev-installed

.PHONY: run test lint bench help

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

run: $(APP) ## serve the page; pass options with ARGS="--port 7861"
	$(PY) app.py $(ARGS)

test: $(DEV) ## run every test, in two processes; narrow with ARGS="tests/unit -k sampling"
	$(PY) -m tests.browser.chromium
	OMP_NUM_THREADS=1 $(PY) -m tests.embedded_once
	$(PY) -m pytest $(or $(ARGS),-n 2)

lint: $(DEV) ## formatting, lint rules, types, and the scripts of the page
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	.venv/bin/oxlint --deny-warnings viz assets
	@find viz -name "*.pyi" -delete # stubs that Gradio writes, which mypy would read instead of the sources
	$(PY) -m mypy

bench: $(DEV) ## measure speed and memory against plain Transformers, as a table and as JSON
	$(PY) -m tests.bench $(ARGS)

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; choose one with: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv || { rm -rf .venv; echo "No virtual environment could be made. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

# Stamps: younger than the requirements they installed, so a second run installs nothing.
$(APP): requirements.txt | $(PY)
	$(PY) -m pip install --disable-pip-version-check -r requirements.txt
	@touch $@

$(DEV): requirements-dev.txt requirements.txt | $(PY)
	$(PY) -m pip install --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(APP)
