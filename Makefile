# Two commands: `make serve` and `make test`. Both work on a fresh clone.

PORT ?= 8000
PYTHON ?= python3
# Test processes, one more than cores: half of the time they wait for services and browsers.
PROCESSES ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-compile
# On all cores, which pip does not do.
COMPILE := $(BIN)/python -m compileall -qq -j 0 .venv/lib || true

serve: .venv/served  ## install, build the index if there is none, serve at PORT
	PORT=$(PORT) $(BIN)/qa serve

test: .venv/tested  ## install what the tests need and run them all
	@# Without compiled files, each process that a test starts would compile the package.
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(PROCESSES) --maxprocesses=4 $(PYTEST)

check: .venv/tested  ## what CI asks beside the tests: lint and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

index: .venv/served  ## rebuild the index from index/documents
	$(BIN)/qa index

lock:  ## bring the locked requirements up to date (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --upgrade --extra formats pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --upgrade --extra test --extra lint -c requirements.txt \
		pyproject.toml -o requirements-dev.txt

.venv/served: requirements.txt pyproject.toml hatch_build.py $(wildcard qa/engines/kernel/*.[ch])
	$(PYTHON) -m venv --without-pip .venv
	@# Borrowing the pip of PYTHON to fetch one takes a third of the time of making one.
	$(PYTHON) -m pip --python .venv install --quiet --disable-pip-version-check pip==26.3 \
		|| $(BIN)/python -m ensurepip
	$(PIP) --require-hashes -r requirements.txt
	$(PIP) --editable .
	$(COMPILE)
	touch $@

.venv/tested: .venv/served requirements-dev.txt
	$(PIP) --require-hashes -r requirements-dev.txt
	$(COMPILE)
	touch $@

.PHONY: serve test check index lock
