# Everything a person or a machine does with this project starts here. Each target sets up what it needs first.

SHELL := /bin/bash
.DEFAULT_GOAL := help

.PHONY: help setup demo box test test-all check nightly test-box bench faults attacks reference explore golden screenshots fixtures lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

setup: ## make .venv with the locked dependencies and the command moyai in it, and build the console
	@MAKE_TARGET=$@ scripts/setup.sh

demo: ## run the example shop end to end (root); IMAGES=1 builds, pushes and runs an image, LOAD_BALANCER=1 puts an ALB in front, KEEP=1 leaves it running
	@MAKE_TARGET=$@ scripts/setup.sh --namespaces
	@.venv/bin/moyai demo $(if $(filter 1 yes true,$(IMAGES)),--images) $(if $(filter 1 yes true,$(LOAD_BALANCER)),--load-balancer) $(if $(filter 1 yes true,$(KEEP)),--keep)

box: ## build the container image of moyai, build/box.tar; BASE=IMAGE chooses the Debian below it
	@MAKE_TARGET=$@ scripts/setup.sh
	@docker version >/dev/null 2>&1 || podman version >/dev/null 2>&1 || MAKE_TARGET=$@ scripts/setup.sh --docker
	@BASE=$(BASE) scripts/box.sh

test: ## run every check, and the tests that show most for their time (root)
	@MAKE_TARGET=$@ scripts/setup.sh --namespaces --prometheus --registry --services --browser
	@scripts/test.sh core

test-all: ## run every check and every test but those of `make nightly` (root)
	@MAKE_TARGET=$@ scripts/setup.sh --namespaces --prometheus --registry --services --browser
	@scripts/test.sh all

check: ## run the quick checks alone: lint, types, imports, shape
	@MAKE_TARGET=$@ scripts/setup.sh
	@scripts/test.sh check

nightly: ## run the tests that take longest and that `make test-all` leaves out (root)
	@MAKE_TARGET=$@ scripts/setup.sh --namespaces --prometheus --registry --services --browser --docker --podman --cdk
	@BASE=$(BASE) scripts/test.sh nightly

test-box: ## build moyai's container, and test it on Docker and on Podman (root)
	@MAKE_TARGET=$@ scripts/setup.sh --namespaces --docker --podman
	@BASE=$(BASE) scripts/box.sh
	@PATH=$$PWD/.venv/bin:$$PATH .venv/bin/pytest -q -n 0 -m heavy tests/e2e/test_box.py

bench: ## measure; nothing here passes or fails. ONLY="api push" runs these parts alone, RECORD=1 puts their rows into bench/results
	@MAKE_TARGET=$@ scripts/setup.sh
	@RECORD=$(RECORD) scripts/bench.sh $(ONLY)

faults: ## break what can break under load, and print what callers saw of it (root)
	@MAKE_TARGET=$@ scripts/setup.sh --namespaces
	@export PATH=$$PWD/.venv/bin:$$PATH; for proxy in sidecar node; do .venv/bin/pytest -q -m e2e --proxy $$proxy tests/e2e/faults || exit; done

attacks: ## try to break out of tasks and of Docker's containers, and record what came of it (root)
	@MAKE_TARGET=$@ scripts/setup.sh --namespaces --docker
	@PATH=$$PWD/.venv/bin:$$PATH .venv/bin/pytest -q -n 0 -m e2e --record-attacks tests/e2e/attacks/test_isolation.py
	@.venv/bin/python scripts/reference.py

reference: ## write docs/reference anew from the code
	@MAKE_TARGET=$@ scripts/setup.sh
	@.venv/bin/python scripts/reference.py

explore: ## run the tests that draw their inputs, with other ones each time; N=10 times
	@MAKE_TARGET=$@ scripts/setup.sh --namespaces
	@for run in $$(seq $(or $(N),1)); do .venv/bin/pytest -q -x -n 2 --explore tests/unit tests/contract tests/model || exit; done

golden: ## write the expected outputs of tests/golden anew, then read the diff
	@MAKE_TARGET=$@ scripts/setup.sh
	@.venv/bin/pytest tests/golden --golden-update

screenshots: ## take the documentation's pictures of the console anew (root)
	@MAKE_TARGET=$@ scripts/setup.sh --namespaces --browser
	@PATH=$$PWD/.venv/bin:$$PATH .venv/bin/pytest -q -n 0 -m "heavy or not heavy" --pictures -o faulthandler_timeout=0 -k "pictures or covers" tests/e2e/console/test_console_journey.py tests/e2e/console/test_console_map.py

fixtures: ## record anew what the console's component tests are answered
	@MAKE_TARGET=$@ scripts/setup.sh
	@.venv/bin/python -m scripts.console_fixtures
	@.venv/bin/python -m scripts.balancer_fixtures

sim: ## run the simulations; SEED=n plays another run
	@MAKE_TARGET=$@ scripts/setup.sh
	@$(if $(SEED),SEED=$(SEED) ).venv/bin/pytest tests/sim

lock: ## choose the newest allowed dependencies and write requirements.lock
	@MAKE_TARGET=$@ scripts/setup.sh
	@scripts/lock.sh

clean: ## remove what setup and the tools have made
	@rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist web/node_modules src/moyai/console/build
	@find src tests examples -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
