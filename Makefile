# Two commands: `make serve` and `make test`. Both work on a fresh clone.

PORT ?= 8000
PYTHON ?= python3
BIN := .venv/bin
# The lock is complete, and modules are compiled when they are first imported.
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-compile

serve: .venv/served  ## install, build the index if there is none, serve at PORT
	PORT=$(PORT) $(BIN)/qa serve

test: .venv/tested  ## install what the tests need and run them all
	$(BIN)/python -m pytest

check: .venv/tested  ## what CI asks beside the tests: lint and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

index: .venv/served  ## rebuild the index from index/documents
	$(BIN)/qa index

lock:  ## bring the locked requirements up to date (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --upgrade pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --upgrade --extra test --extra lint -c requirements.txt \
		pyproject.toml -o requirements-dev.txt

.venv/served: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP) --require-hashes -r requirements.txt
	$(PIP) --editable .
	touch $@

.venv/tested: .venv/served requirements-dev.txt
	$(PIP) --require-hashes -r requirements-dev.txt
	touch $@

.PHONY: serve test check index lock
