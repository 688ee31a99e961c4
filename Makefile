# Every target sets the project up first; that takes a moment once and well under a second after.

PYTHON ?= python3
ENV ?= dev
ENVIRONMENTS := dev staging prod local
# Of the tests: one more than there are cores, since a test that waits needs none.
WORKERS := $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
# Of up and demo. FRESH, VERBOSE, WAIT and NO_LOAD are switches: any value turns them on.
OPTIONS = $(if $(DATA),--data "$(DATA)") $(if $(REPORT),--report "$(REPORT)") \
          $(if $(VERBOSE),--verbose)

# The virtual environment's tools first: node, cdk and python are looked up by name.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Hundreds of processes are started: what one has compiled, the next need not, whatever the caller set.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup setup-tests setup-locking lock up down demo token status sweep test readme tutorial apart dist e2e-deploy soak faults test-aws check lint types workflows synth synth-all \
        diff plan waves digest smoke bootstrap deploy drift setup-security security secrets bills audit destroy snapshots bench bench-setup docs setup-site site site-check clean distclean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "  ENV=$(ENV) is one of: $(ENVIRONMENTS)"

setup: ## Install all that the project needs into .venv, node_modules and .keyline
	@$(PYTHON) keyline_ops/setup_project.py

setup-tests: # and what only the tests need
	@$(PYTHON) keyline_ops/setup_project.py --tests

setup-locking: # and what only `make lock` needs
	@$(PYTHON) keyline_ops/setup_project.py --locking

lock: setup-locking ## Lock what the requirements bring with them, with hashes (requirements.lock and others)
	.venv/bin/python -m keyline_ops.locks

up: setup ## Run the whole system on this machine; Ctrl-C stops it (DATA= REPORT= FRESH=1 VERBOSE=1 NO_LOAD=1 WAIT=1 PORT_OFFSET=)
	@.venv/bin/keyline up $(OPTIONS) $(if $(FRESH),--fresh) $(if $(NO_LOAD),--no-load) $(if $(WAIT),--wait) \
	  $(if $(PORT_OFFSET),--port-offset $(PORT_OFFSET))

down: setup ## Stop what `make up` runs, wherever it was started; its data stays
	@.venv/bin/keyline down

demo: setup ## The same with new data, every access pattern reported, then exit (DATA= REPORT= VERBOSE=1)
	@.venv/bin/keyline demo $(OPTIONS)

token: setup ## Mint a token for the local API (ARGS="--subject ada")
	@.venv/bin/keyline token $(ARGS)

status: setup ## Show what a running `make up` runs (ARGS=--json)
	@.venv/bin/keyline status $(ARGS)

sweep: setup ## Delete now what has expired in a running `make up`
	@.venv/bin/keyline sweep $(ARGS)

test: setup-tests ## Run the tests; .reports/requirements.json says which requirement is proven by which
	.venv/bin/python -m pytest -n $(WORKERS) --dist loadgroup --requirements-report=.reports/requirements.json \
	  -m "not apart and not deploy and not distribution and not security and not site and not tutorial" tests

apart: setup-tests ## Delete each system from a copy of the project: what is left synthesizes and finds its tests
	.venv/bin/python -m pytest -m apart tests/project/test_systems_apart.py

dist: setup-tests ## Build what other teams install into dist, and use it in an app of its own
	.venv/bin/python -m scripts.distributions
	.venv/bin/python -m pytest -m distribution tests/project/test_distributions.py

e2e-deploy: setup-tests ## Deploy all stacks into an emulator of AWS, call them, change them, destroy them
	.venv/bin/python -m pytest --requirements-report=.reports/requirements-deployed.json -m deploy \
	  tests/stacks/e2e tests/systems/*/e2e

tutorial: setup-tests ## Follow docs/tutorial.md in a copy of the project, each command as a reader types it
	.venv/bin/python -m pytest -m tutorial tests/project/test_tutorial.py

readme: setup-tests ## Run each command that the README shows in a copy of the project, and compare what is printed
	.venv/bin/python -m pytest -m tutorial tests/project/test_readme.py

soak: setup-tests ## Run the tests of load and failure for 30 s each, and 50 made-up requests where `make test` has 10
	KEYLINE_SOAK_SECONDS=$(or $(KEYLINE_SOAK_SECONDS),30) KEYLINE_FUZZ_EXAMPLES=50 \
	.venv/bin/python -m pytest -n 2 --dist loadgroup --timeout=3600 -m soak tests

test-aws: setup-tests ## Run the engine's tests on DynamoDB itself, and make every alarm once: needs KEYLINE_AWS=1, costs money
	.venv/bin/python -m tests.support.on_aws

faults: setup-tests ## Send requests while calls fail, disks are full and all is busy; write docs/faults.md of what was lost or doubled
	@rm -f .reports/faults.jsonl
	KEYLINE_SOAK_SECONDS=30 KEYLINE_FAULT_RESULTS=.reports/faults.jsonl .venv/bin/python -m pytest -n 0 --timeout=3600 \
	  -m soak tests/systems/*/engine/test_fault_rates.py tests/systems/*/e2e/test_saturation.py \
	  tests/keyline_ops/e2e/test_full_disk.py tests/keyline_ops/e2e/test_kills.py
	.venv/bin/python -m tests.support.fault_page .reports/faults.jsonl

check: lint types workflows secrets synth-all demo tutorial apart dist e2e-deploy test ## All that CI runs, but for site-check

lint: setup ## Check style and formatting
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: setup ## Check types
	.venv/bin/mypy .

workflows: setup-security ## Check what GitHub reads in .github against its schemas, and look for weak workflows
	.keyline/security/bin/zizmor --offline --quiet --config .ci/zizmor.yml .github
	.venv/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	.venv/bin/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	.venv/bin/check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	.venv/bin/check-jsonschema --builtin-schema vendor.github-issue-forms \
	  $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))

synth: setup ## Synthesize one environment (ENV=dev)
	.venv/bin/cdk synth --quiet -c env=$(ENV) $(CDK_ARGS)

synth-all: setup ## Synthesize every environment
	@for env in $(ENVIRONMENTS); do \
	  echo "synth $$env"; \
	  .venv/bin/cdk synth --quiet -c env=$$env --output "cdk.out/$$env" || exit 1; \
	done

diff: setup ## Compare what is deployed with what would be (ENV=dev)
	.venv/bin/cdk diff -c env=$(ENV) $(CDK_ARGS)

plan: setup ## Judge what a deployment does to tables that hold data (ENV=dev)
	.venv/bin/keyline plan --environment $(ENV)

waves: setup ## Write the waves of a deployment for a review, unless it is refused (ENV=dev WAVES=folder MARKDOWN=1)
	.venv/bin/keyline deploy --environment $(ENV) --dry-run $(if $(WAVES),--output $(WAVES)) \
	  $(if $(MARKDOWN),--markdown) -- $(CDK_ARGS) || [ $$? -eq 2 ]

digest: setup # Print the digest of waves, of which a deployment takes no others (WAVES=folder)
	@.venv/bin/python -m keyline_ops.deploying.reviewed $(WAVES)

deploy: setup ## Deploy one environment, in waves where indexes change (ENV=dev WAVES=folder DIGEST=digest YES=1)
	.venv/bin/keyline deploy --environment $(ENV) $(if $(WAVES),--waves $(WAVES)) $(if $(DIGEST),--digest $(DIGEST)) \
	  $(if $(YES),--yes) -- $(CDK_ARGS)
	.venv/bin/keyline migrate --environment $(ENV)

smoke: setup ## Send one request through the real API of each system, as a canary user (ENV=dev)
	.venv/bin/keyline smoke --environment $(ENV)

bootstrap: setup ## Prepare the account and region of an environment, once (ENV=dev)
	.venv/bin/keyline bootstrap --environment $(ENV) -- $(CDK_ARGS)

destroy: setup ## Delete an environment that keeps no data, with its full buckets (ENV=dev)
	.venv/bin/keyline destroy --environment $(ENV) $(if $(YES),--yes) -- $(CDK_ARGS)

setup-security: # and what only `make security` and `make audit` need
	@$(PYTHON) keyline_ops/setup_project.py --security

security: workflows secrets bills ## Look for weak workflows and for secrets, and write a bill of materials of each bundle
	.venv/bin/cfn-lint --ignore-checks W3005 -- cdk.out/prod/*.template.json # W3005: the CDK's own dependencies
	.venv/bin/python -m pytest -m security tests/project/test_security.py

secrets: setup-security # A secret that is not in the baseline fails; what only moved to another line does not (3)
	@mkdir -p .reports && cp .ci/secrets.baseline .reports/secrets.baseline
	@.keyline/security/bin/detect-secrets-hook --baseline .reports/secrets.baseline $$(git ls-files); \
	  code=$$?; rm .reports/secrets.baseline; test $$code -eq 0 -o $$code -eq 3

bills: setup-security # Of what prod carries: .reports/bills
	.venv/bin/cdk synth --quiet -c env=prod --output cdk.out/prod
	@rm -rf .reports/bills
	.keyline/security/bin/python scripts/bills_of_materials.py cdk.out/prod .reports/bills

audit: setup-security ## Ask the advisory databases for known weaknesses of what is pinned; needs a network
	@for file in requirements.lock .ci/build.lock .ci/lock.lock .ci/redis.lock .ci/security.lock docs/requirements.lock \
	  distributions/requirements.lock tests/support/deploy/requirements.lock; do \
	  echo "audit $$file"; \
	  .keyline/security/bin/pip-audit --disable-pip --no-deps --progress-spinner off -r $$file || exit 1; \
	done
	.venv/bin/npm audit --audit-level=high

drift: setup ## Write documents and snapshots again, and fail if any of them was behind the code
	@$(MAKE) --no-print-directory -o setup docs snapshots
	git diff --exit-code

snapshots: setup ## Write the template snapshots anew; read the difference before committing it
	.venv/bin/python -m pytest -n auto tests/*/snapshot tests/systems/*/snapshot --snapshot-update

bench-setup: setup ## Install the clients that the benchmarks compare with
	.venv/bin/python -m pip install --quiet --require-hashes -r benchmarks/requirements.lock
	.venv/bin/python -m venv .keyline/aiobotocore
	.keyline/aiobotocore/bin/python -m pip install --quiet --require-hashes -r benchmarks/requirements-aiobotocore.lock

bench: bench-setup ## Run the benchmarks, side by side, results as JSON (DATA=)
	.venv/bin/python -m benchmarks $(if $(DATA),--data "$(DATA)")

docs: setup ## Write anew what follows from the code: data models, API documents, pictures, the ledger's tests
	@.venv/bin/keyline docs

setup-site: # and what only the site needs
	@$(PYTHON) keyline_ops/setup_project.py --site

site: setup-site ## Build the site of all documents into .keyline/site; a dead link fails
	@.venv/bin/keyline docs --check --site .keyline/site

site-check: site ## Use the site and the console in Chromium: search, follow links, keyboard, dark, axe
	.venv/bin/python -m pytest -m site tests/project/test_site.py tests/project/test_console.py

clean: ## Remove what builds and tests leave behind; local data stays
	rm -rf cdk.out dist .reports .keyline/bundles .mypy_cache .ruff_cache .pytest_cache .hypothesis

distclean: clean ## Remove all that set-up made too, with the local platform's data
	rm -rf .venv node_modules .keyline
