# install | run | check | test | bench: the whole loop. See CONTRIBUTING.md.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PAGE := hoovik_rtc/web/page/index.html
PAGE_SOURCES := $(shell find static/src static/assets static/index.html static/package-lock.json static/vite.config.ts static/tsconfig.json -type f 2>/dev/null)
ARGS ?=

.PHONY: install page run check test bench soak churn assets schemas lock clean

install: $(INSTALLED)
	@command -v npm >/dev/null && $(MAKE) --no-print-directory page || \
	  echo "npm is not there: the page is not built (apt-get install -y nodejs npm); everything else works."

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' || \
	  { echo "Python 3.11 or 3.12 is needed; call make PYTHON=python3.11"; exit 1; }
	@echo "Installing into $(VENV): about two minutes, 2.7 GB."
	@$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

page: $(PAGE)
	@:

static/node_modules/.package-lock.json: static/package-lock.json
	npm --prefix static ci --no-audit --no-fund --loglevel=error

$(PAGE): static/node_modules/.package-lock.json $(PAGE_SOURCES)
	npm --prefix static run --silent build
	@touch $@

run: install
	$(BIN)/hoovik-rtc serve $(ARGS)

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=static/scripts:inference $(BIN)/mypy static/scripts/make_head.py
	$(BIN)/lint-imports
	@if command -v npm >/dev/null; then npm --prefix static run --silent check; \
	  else echo "npm is not there: TypeScript was not checked."; fi

test: install
	@if [ -d static/node_modules/vitest ]; then npm --prefix static run --silent test; \
	  else echo "npm is not there: the tests of the page's own code were skipped."; fi
	$(BIN)/pytest $(ARGS)

bench: install
	$(BIN)/python -m tests.bench $(ARGS)

# Does anything grow in half an hour of eight participants; does anything stay behind of 300 who came and went?
soak: install
	$(BIN)/python -m tests.bench.soak $(ARGS)

churn: install
	$(BIN)/python -m tests.bench.churn $(ARGS)

# The avatar's head, from the script that builds it (its bytes are the same each time).
assets: install
	$(BIN)/python static/scripts/make_head.py

# The JSON Schemas of the messages, from the structs.
schemas: install
	$(BIN)/python -m hoovik_rtc.wire.schemas

# Pins for `make`, from the ranges in pyproject.toml.
lock:
	rm -rf out/lock && $(PYTHON) -m venv out/lock
	out/lock/bin/pip install --quiet --disable-pip-version-check '.[dev,models,train]'
	echo '# Pins for `make`, written by `make lock` from the ranges in pyproject.toml.' > requirements.lock
	out/lock/bin/pip freeze --exclude hoovik-rtc | sed 's/+cpu$$//' >> requirements.lock
	rm -rf out/lock
	cd static && npm install --package-lock-only --no-audit --no-fund

clean:
	rm -rf $(VENV) static/node_modules hoovik_rtc/web/page out
