# What is measured, and the environment of what the job is measured against. Included by the Makefile. `.venv-bench` has
# pandas, Polars, DuckDB and PySpark: the first two are no dependencies of the project.

BIN_BENCH := .venv-bench/bin

.PHONY: bench
bench: .venv/.run .venv-bench/.made ## Measure: the tables of docs/benchmarks.md, and 100 MB against the others
	@$(BIN)/python benchmarks/lambda_package.py
	@$(BIN)/python benchmarks/big_playlist.py
	@$(BIN)/python benchmarks/report.py
	@$(BIN)/python -m benchmarks.start_up
	@$(BIN)/python -m benchmarks.compare --sizes 100MB

.PHONY: bench-full
bench-full: .venv/.run .venv-bench/.made ## Measure against the others at 2 and at 8 GB, for hours; needs 25 GB of disk
	@$(BIN)/python -m benchmarks.compare --sizes 100MB,500MB,2GB,8GB --rounds 3 --json .cache/bench/results.json
	@$(BIN)/python -m benchmarks.plot .cache/bench/results.json docs/benchmarks.svg

.venv-bench/.made: requirements/bench.txt requirements/build.txt .venv/.made
	@rm -rf .venv-bench
	@$(BIN)/python -m venv .venv-bench
	@echo "Installing pinned packages into .venv-bench: about 460 MB from PyPI, of which PySpark 317 MB"
	@$(BIN_BENCH)/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/build.txt
	@$(BIN_BENCH)/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-build-isolation -r requirements/bench.txt
	@touch $@
