# The AWS stack's tools, each in an environment of its own, since what they pin is not what the project pins. Included by
# the Makefile. `.venv-emulator` has the emulated AWS (MiniStack) and cfn-lint, `.venv-checkov` has checkov, `.venv-tools`
# the clients of docs/tools.md.

BIN_EMULATOR := .venv-emulator/bin
BIN_CHECKOV := .venv-checkov/bin
# Without the network: it would look for guidelines of its makers' platform.
CHECKOV := CKV_IGNORE_HIDDEN_DIRECTORIES=true $(BIN_CHECKOV)/checkov --quiet --compact --framework cloudformation \
	--skip-download --skip-results-upload

##@ The AWS stack

# The templates as they are deployed: with that of the named queries, which is made of athena/queries. No package is built.
.PHONY: lint-infra
lint-infra: .venv/.run .venv-emulator/.made .venv-checkov/.made ## cfn-lint and checkov over the stack's templates
	@rm -rf .cache/infra
	@$(BIN)/python -c "from pathlib import Path; from spotify_etl.stack.build import assemble; \
		assemble(Path('.cache/infra'), build_lambda=lambda path: None)"
	$(BIN_EMULATOR)/cfn-lint --non-zero-exit-code informational '.cache/infra/*.yaml'
	@$(CHECKOV) --directory .cache/infra

.PHONY: test-stack
test-stack: .venv/.test .venv-tools/.made lint-infra tests/stack/simulator/node_modules/.made ## Everything of the stack on an emulated AWS: deploy, the whole chain, roles
	$(BIN)/pytest $(STACK_TESTS) $(PYTEST_ARGS)

.PHONY: smoke-aws
smoke-aws: .venv/.run ## For an owner of an account: make smoke-aws STACK=spotify-etl (under $$1, writes one date)
	@$(BIN)/python -m tools.smoke_aws $(if $(STACK),$(STACK),$(error Name the deployed stack: make smoke-aws STACK=spotify-etl))

tests/stack/simulator/node_modules/.made: tests/stack/simulator/package-lock.json
	@command -v npm > /dev/null || { echo "npm is not there: the policy simulator needs Node 18 or newer."; exit 1; }
	@echo "Installing the policy simulator into tests/stack/simulator: 19 MB from npm"
	@npm ci --silent --prefix tests/stack/simulator
	@touch $@
