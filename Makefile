PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed

.PHONY: quickstart test lint
.DELETE_ON_ERROR:

quickstart: $(INSTALLED)
	$(BIN)/lstm-search launch studies/quickstart.toml
	test -f exports/quickstart/config.json || $(BIN)/lstm-search export quickstart --to exports/quickstart
	$(BIN)/lstm-search generate exports/quickstart --prompt "ROMEO:" --length 400
	@echo
	@echo "Where to look next:"
	@echo "  exports/quickstart/README.md         the model, its scores and how to load it"
	@echo "  $(BIN)/lstm-search best quickstart   the best trials beside the baselines"
	@echo "  $(BIN)/lstm-search dashboard         all trials in a browser"
	@echo "  studies/                             a study file for each task, to copy for your own data"

# Three at a time, on two cores too: two groups of tests that kill and wait, beside all the others.
test: lint
	$(BIN)/python -m pytest -q --numprocesses=3 --dist=loadgroup --no-loadscope-reorder

lint: $(INSTALLED)
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

$(INSTALLED): pyproject.toml requirements.lock
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@
