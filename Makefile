# Every target sets up .venv by itself when needed.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
export Q ?= What did Kayani refuse to give Mullen?

.PHONY: setup ask repl bot test test-fast lint wheel bench bench-peers clean

setup: $(STAMP)

# torch goes in first and pinned: another spelling would pull a build with gigabytes of GPU libraries.
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say make PYTHON=python3.12 …")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check $$(grep '^torch==' constraints.txt)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

ask: $(STAMP)
	@$(BIN)/talks-qa ask "$$Q"

repl: $(STAMP)
	@$(BIN)/talks-qa repl

bot: $(STAMP)
	@$(BIN)/talks-bot

test: $(STAMP)
	$(BIN)/pytest

test-fast: $(STAMP)
	$(BIN)/pytest -m 'not slow'

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

wheel: $(STAMP)
	$(BIN)/python -m build --wheel --outdir dist .

# Three quarters of an hour; BENCH=--quick is a few minutes. CORPUS holds multihop_rag/ and whitehouse_briefings/.
bench: $(STAMP)
	@test -n "$(CORPUS)" || { echo 'say where the articles are: make bench CORPUS=FOLDER'; exit 2; }
	$(BIN)/python -m tests.benchmarks.bench --corpus "$(CORPUS)" $(BENCH)

# What `make bench` compares with, in an environment of its own (2 GB); the list is whole: nothing is left to resolve.
bench-peers: .venv-peers/.ready

.venv-peers/.ready: tests/benchmarks/peers.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install --quiet --disable-pip-version-check $$(grep '^torch==' $<)
	.venv-peers/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	@touch $@

clean:
	rm -rf .venv .venv-peers build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
