SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

BIN := .venv/bin

# Every process would compile our modules again, which takes longer than all its other imports together.
unexport PYTHONDONTWRITEBYTECODE

# Node.js comes with .venv; npm starts it by its name. It trusts what the system trusts, as behind a proxy that inspects TLS.
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" NODE_USE_SYSTEM_CA=1 npm --prefix frontend

.PHONY: help setup demo up ui browser check test screenshots lint lint-python compose-test bench chaos fuzz differential proto baseline clean

help: ## Explain the targets
	@echo "Tickreel: deterministic tick-level backtests of recorded exchange data"
	@echo
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 21
	@echo
	@echo "Begin with: make demo"

setup: .venv/ready ## Make .venv with the locked dependencies (the other targets do so when needed)

demo: setup ## Make sample data, convert it, replay its trades against its books, and show the report
	@export UNIFIED_CLOUD_LOCAL_PATH=data_downloads DATA_CATALOG_PATH=data/parquet; \
	config=configs/sample_btc_usdt.json; \
	echo; echo "── 1/3  sample data ──"; \
	$(BIN)/tickreel sample-data; \
	echo; echo "── 2/3  tickreel convert --config $$config --data_types both ──"; \
	$(BIN)/tickreel convert --config $$config --data_types both --standalone; \
	echo; echo "── 3/3  tickreel run --config $$config --snapshot_mode both --full true ──"; \
	$(BIN)/tickreel run --config $$config --snapshot_mode both --full true --standalone; \
	echo; echo "The same in a browser, with charts: make up, then http://127.0.0.1:8000/runs"

up: ui ## Start services, gateway and web UI on this machine, at http://127.0.0.1:8000; Ctrl-C stops them
	@exec $(BIN)/tickreel up

ui: frontend/dist/index.html ## Build the web UI into frontend/dist

# Two processes share the Python tests, a file at a time. The tests of the UI run beside them.
PYTEST := pytest -n 2 --dist loadfile --no-loadscope-reorder

# The folders whose tests take little time.
UNIT_TESTS := $(addprefix tests/,accounting catalog engine rpc runner/config runner/ledger stores)

check: lint ## Check what takes little time: lint, types of the UI, unit tests
	@$(NPM) run --silent test > .ui-tests.log 2>&1 & ui=$$!; failed=; \
	$(BIN)/$(PYTEST) $(UNIT_TESTS) || failed=1; \
	wait $$ui || failed=1; cat .ui-tests.log; rm -f .ui-tests.log; test -z "$$failed"

test: browser lint ui ## Check everything: lint, then the tests with line coverage, and the UI in a browser
	@$(BIN)/coverage erase
	@{ failed=; $(NPM) run --silent test || failed=1; $(NPM) run --silent e2e || failed=1; test -z "$$failed"; } > .ui-tests.log 2>&1 & ui=$$!; failed=; \
	$(BIN)/coverage run -m $(PYTEST) tests || failed=1; \
	wait $$ui || failed=1; cat .ui-tests.log; rm -f .ui-tests.log; test -z "$$failed"
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --skip-covered --fail-under=85

# The browser that the tests drive: Debian's where it is or can be, elsewhere the one that Playwright fetches.
browser: frontend/node_modules/.package-lock.json
	@if [ -x /usr/bin/chromium ]; then exit; fi; \
	if [ "$$(id -u)" = 0 ] && grep -q '^ID=debian' /etc/os-release 2> /dev/null; then \
	  echo "Installing Chromium, which the tests of the UI drive."; \
	  apt-get update -qq; apt-get install -y -qq --no-install-recommends chromium > .browser.log || { cat .browser.log; rm -f .browser.log; exit 1; }; rm -f .browser.log; \
	else \
	  $(NPM) exec --silent -- playwright install chromium \
	    || { echo "The tests of the UI need a Chromium: install your system's as /usr/bin/chromium, or mend what stopped the download."; exit 1; }; \
	fi

screenshots: browser ui ## Draw each screen of the UI at two sizes, dark and light, into frontend/screenshots
	@$(NPM) run --silent screenshots

lint: frontend/node_modules/.package-lock.json ## Check style, types of the UI, layers and contracts
	@$(NPM) run --silent lint > .lint.log 2>&1 & ui=$$!; failed=; \
	$(MAKE) lint-python || failed=1; \
	$(NPM) run --silent typecheck || failed=1; \
	wait $$ui || { failed=1; cat .lint.log; }; rm -f .lint.log; test -z "$$failed"

# The contracts that a change is compared with: a compiled image of protos/.
BASELINE := protos/baseline.binpb

lint-python: setup
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet || { echo "not formatted as ruff does: run $(BIN)/ruff format"; exit 1; }
	@$(BIN)/mypy --no-error-summary
	@report=$$($(BIN)/lint-imports --no-logo) || { echo "$$report"; exit 1; }
	@$(BIN)/buf lint
	@$(BIN)/buf format --diff --exit-code
	@$(BIN)/buf breaking --against $(BASELINE) || { echo "protos/ breaks the contracts of $(BASELINE): see \"Changing a contract\" in protos/README.md"; exit 1; }
	@$(BIN)/hadolint services/Dockerfile frontend/Dockerfile
	@report=$$($(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml) || { echo "$$report"; exit 1; }

compose-test: setup ## Build the containers, start them, and pass a run through them; needs Docker
	@$(BIN)/pytest tests/compose/containers.py

bench: setup ## Measure conversion and replay, each beside what it is compared with
	@for bench in tests/benchmarks/bench_*.py; do echo; echo "── $$bench ──"; $(BIN)/python "$$bench"; done

# An environment of its own: it cannot be beside the engine of today.
ENGINE_1X := .tools/nautilus_trader-1.231.0

differential: setup ## Compare fills and speed with NautilusTrader 1.231.0, the last 1.x engine (downloads some 300 MB the first time)
	@test -x $(ENGINE_1X)/bin/python || { $(BIN)/python -m venv $(ENGINE_1X) \
	  && $(ENGINE_1X)/bin/python -m pip install --quiet --disable-pip-version-check nautilus_trader==1.231.0 pyarrow; } \
	  || { rm -rf $(ENGINE_1X); exit 1; }
	@$(BIN)/python tests/differential/compare.py $(ENGINE_1X)/bin/python $(DIFFERENTIAL)

CHAOS_SECONDS := 300

chaos: setup ## Kill and stop services and workers for five minutes while runs come and go, beside a second client; print what came of it
	@TICKREEL_CHAOS_SECONDS=$(CHAOS_SECONDS) TICKREEL_CHAOS_SEED=$${TICKREEL_CHAOS_SEED:-$$RANDOM} $(BIN)/python -m pytest -s tests/e2e/test_chaos.py

# Errors carry Google's details, whose protos come with grpcio-status.
SITE = $(wildcard $(BIN)/../lib/python3*/site-packages)

FUZZ_REQUESTS := 100000
FUZZ_FILES := 2000

fuzz: setup ## Send hostile requests, direct and through the gateway, beside a client whose calls must not fail; convert damaged files
	@TICKREEL_FUZZ_REQUESTS=$(FUZZ_REQUESTS) TICKREEL_FUZZ_FILES=$(FUZZ_FILES) TICKREEL_FUZZ_SEED=$${TICKREEL_FUZZ_SEED:-$$RANDOM} $(BIN)/python -m pytest -s tests/fuzz

proto: frontend/node_modules/.package-lock.json ## Generate services/tickreel/v1, frontend/src/gen and the schema of configs from protos/
	@$(BIN)/buf format --write
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/buf generate
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m grpc_tools.protoc -I$(SITE) \
	  --plugin=protoc-gen-es=frontend/node_modules/.bin/protoc-gen-es --es_out=frontend/src/gen --es_opt=target=ts google/rpc/error_details.proto
	@$(BIN)/python -m grpc_tools.protoc -Iprotos --grpc_python_out=services protos/tickreel/v1/*_service.proto
	@$(BIN)/buf build --output - | $(BIN)/python -m tickreel.runner.config.json_schema /dev/stdin > .schema.json
	@mv .schema.json configs/schema/run_config.schema.json

baseline: setup ## Make the contracts of today the baseline that make lint compares with; protos/README.md says when
	@$(BIN)/buf build --exclude-source-info --output $(BASELINE)

clean: ## Remove what the tools leave behind; .venv, data and results stay
	@rm -rf frontend/dist frontend/playwright-report frontend/test-results .coverage .coverage.* htmlcov .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache dist build
	@find services tests -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/ready: pyproject.toml uv.lock scripts/setup scripts/uv scripts/find-python
	@scripts/setup

frontend/node_modules/.package-lock.json: .venv/ready frontend/package.json frontend/package-lock.json
	@$(NPM) ci --silent
	@touch $@

UI_SOURCES := $(shell find frontend/src frontend/public frontend/index.html frontend/*.ts -type f -not -path 'frontend/public/tickdata/*')

frontend/dist/index.html: frontend/node_modules/.package-lock.json $(UI_SOURCES)
	@$(NPM) run --silent build -- --logLevel warn
