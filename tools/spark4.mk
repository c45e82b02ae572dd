# A second environment, for what Glue 6.0 runs: Spark 4.1.1, everything else as in .venv. Included by the Makefile.

BIN4 := .venv-spark4/bin
PIP4 := $(BIN4)/python -m pip --disable-pip-version-check --quiet install

.PHONY: test-spark4
test-spark4: .venv-spark4/.test ## Every test on Glue 6.0's Spark, as `make test` runs them
	@mkdir -p .cache
	@$(BIN4)/pytest $(JOB_TESTS) > .cache/job-tests-spark4.log 2>&1 & job=$$!; \
		trap 'kill $$job' INT TERM; \
		$(BIN4)/pytest $(patsubst %,--ignore=%,$(ELSEWHERE)); rest=$$?; \
		$(BIN4)/pytest $(S3_TESTS); s3=$$?; \
		wait $$job; code=$$?; cat .cache/job-tests-spark4.log; exit $$((rest + s3 + code))

.venv-spark4/.made: .venv/.made
	@rm -rf .venv-spark4
	@$(BIN)/python -m venv .venv-spark4
	@touch $@

.venv-spark4/.build: requirements/build.txt .venv-spark4/.made
	@$(PIP4) --require-hashes -r requirements/build.txt
	@touch $@

.venv-spark4/.test: requirements/spark4.txt pyproject.toml .venv-spark4/.build
	@echo "Installing pinned packages into .venv-spark4: about 650 MB from PyPI, of which PySpark 455 MB"
	@$(PIP4) --require-hashes --no-build-isolation -r requirements/spark4.txt
	@$(PIP4) --no-build-isolation --no-deps --no-index --editable .
	@touch $@
