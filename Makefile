# One command for each thing one does here; `make help` lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help environment catalogues demo demo-reset test sure format bench audit clean

BIN := .venv/bin
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard app/translations/*/LC_MESSAGES/*.po))
CODE := app config.py wsgi.py migrations tests demo bench

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: environment catalogues ## everything on this machine, with a supplier's shop and 80 reviews (PORT= chooses the port)
	@exec $(BIN)/python -m demo $(if $(PORT),--port $(PORT))

demo-reset: environment ## forget what the demo holds; the next `make demo` starts over
	@$(BIN)/python -m demo --reset

test: environment catalogues ## every test, with the browser and the servers that they need (ARGS= goes to pytest)
	@$(BIN)/python -m tests.chromium
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadgroup $(ARGS)

sure: environment catalogues ## formatting, lint, types, layers, security, Dockerfile, then every test
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit -q -c pyproject.toml -r app config.py wsgi.py
	$(BIN)/hadolint Dockerfile
	@$(MAKE) --no-print-directory test

format: environment ## put the code in the house's form
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

bench: environment catalogues ## measure against nginx and raw PostgreSQL; writes bench/results.md
	$(BIN)/python -m bench.run $(ARGS)

audit: environment ## ask the advisory database about every locked package (needs the internet)
	$(BIN)/pip-audit --strict --require-hashes --disable-pip -r requirements.lock

clean: ## remove what was built here, but not the demo's data
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find app demo tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

environment:
	@scripts/environment.sh

catalogues: $(CATALOGUES)

%.mo: %.po
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@
