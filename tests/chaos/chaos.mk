.PHONY: chaos
chaos: .venv/.test ## Kill the job before every change and at random, for hours; stopped, it goes on where it was
	@$(BIN)/python -m tests.chaos.harness $(CHAOS_ARGS)
