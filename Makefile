# The one door of the house. `make help` lists what it does. Works with GNU make 3.81 (macOS).

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
OS     := $(shell uname -s)
TORCH  := $(shell grep '^torch==' constraints.txt)
TORCH_CPU_INDEX := https://download.pytorch.org/whl/cpu
# Tests use one thread a process: two busy cores make XGBoost ten times slower, not faster.
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup fmt check test test-slow bench demo console console-api constraints wheel clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# torch goes first and alone, as a CPU build: asked for together with the rest, an open range takes
# gigabytes of CUDA, and an unreachable extra index costs seconds for every package.
$(VENV)/.torch: constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Ringsight needs Python 3.11 or newer: make PYTHON=python3.11 ..."; exit 1; }
ifeq ($(OS),Darwin)
	$(PIP) install -q '$(TORCH)'
else
	$(PIP) install -q --index-url $(TORCH_CPU_INDEX) --retries 0 --timeout 15 '$(TORCH)' 2>/dev/null \
	  || $(PIP) install -q '$(TORCH)'
endif
	touch $@

$(VENV)/.runtime: $(VENV)/.torch pyproject.toml constraints.txt
	$(PIP) install -q -c constraints.txt -e '.[all]'
	touch $@

$(VENV)/.dev: $(VENV)/.torch pyproject.toml constraints.txt
	$(PIP) install -q -c constraints.txt -e '.[dev]'
	touch $@ $(VENV)/.runtime

setup: $(VENV)/.dev ## install everything into .venv, the CPU build of torch first

demo: $(VENV)/.runtime ## simulate a world, find its rings, serve them on 127.0.0.1
	$(BIN)/ringsight demo $(DEMO)

# A process a core; then, in one process, what empties the one Neo4j server.
test: $(VENV)/.dev ## the tests (what lacks Neo4j is skipped by name and counted)
	$(BIN)/python -m pytest -m 'not slow and not neo4j' -n auto --dist loadfile $(PYTEST)
	$(BIN)/python -m pytest -m 'not slow and neo4j' $(PYTEST) $(if $(findstring --cov,$(PYTEST)),--cov-append)

test-slow: $(VENV)/.dev ## kill, scale and long replays: before a piece of work is called done
	$(BIN)/python -m pytest -m 'slow and not neo4j' -n auto --dist loadfile $(PYTEST)
	$(BIN)/python -m pytest -m 'slow and neo4j' $(PYTEST)

check: $(VENV)/.dev ## format, lint, floors and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

fmt: $(VENV)/.dev ## format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev ## figures side by side, as ratios (make bench BENCH="build")
	$(BIN)/ringsight bench $(BENCH)

console: $(VENV)/.dev ## build the console into api/console/static (needs Node 20.19 or newer)
	$(BIN)/python hatch_build.py

console-api: $(VENV)/.dev ## generate the console's typed client from the service
	$(BIN)/ringsight openapi > api/console/openapi.json
	cd api/console && npm run --silent api && rm openapi.json

wheel: $(VENV)/.dev ## build the wheel into dist/
	$(PIP) wheel -q --no-deps -w dist .

constraints: $(VENV)/.dev ## write constraints.txt from what is installed
	$(BIN)/python -m pip freeze --exclude-editable | grep -v ' @ ' | \
	  sed -e 's/^torch==\([0-9.]*\).*/torch==\1/' -e '/^xgboost/d' > constraints.new
	$(BIN)/python -c "import xgboost; v = xgboost.__version__; print(f'xgboost=={v}\nxgboost-cpu=={v}')" \
	  >> constraints.new
	LC_ALL=C sort -f constraints.new > constraints.txt && rm constraints.new

clean: ## forget what can be made again (not the data)
	rm -rf dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage
