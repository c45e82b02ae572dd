# The SQL on Athena's engine. Included by the Makefile. `.venv-trino` has Trino's Java, `.cache/trino` the server, the
# emulated AWS is that of the stack's tests.

TRINO_TESTS := tests/trino

##@ The SQL

.PHONY: test-trino
test-trino: .venv/.test .venv-emulator/.made .venv-trino/.made ## Every SQL file on Trino, Athena's engine, against DuckDB (821 MB, once)
	$(BIN)/pytest $(TRINO_TESTS) $(PYTEST_ARGS)
