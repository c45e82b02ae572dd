# The report in a real browser. Included by the Makefile. Which one: CHROMIUM, or the first of Chromium and Chrome that is
# installed; without one the tests are skipped and say so.

##@ The report

.PHONY: test-browser
test-browser: .venv/.test ## The report in a headless Chromium, offline, light and dark; pictures in .cache/browser
	@rm -rf .cache/browser
	$(BIN)/pytest tests/browser $(PYTEST_ARGS)

.PHONY: picture
picture: .venv/.test ## Take docs/report.png anew, of the sample in lake/sample
	@$(BIN)/spotify-etl report --lake lake/sample
	@$(BIN)/python -m tests.browser.picture lake/sample/report.html docs/report.png
