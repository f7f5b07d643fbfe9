# Every command of the project; `make help` lists them.
# An environment is made when it is needed, of the files whose hashes stand in its lock, .ci/base.lock
# and so on, and made again when that changes. Each Python has its own: .venv/3.11/base and so on.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

# TensorFlow has wheels for Python 3.11 to 3.13.
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	2>/dev/null && echo $$name && break; done)
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)

ENVS  := .venv/$(or $(VERSION),none)
BASE  := $(ENVS)/base
LIGHT := $(ENVS)/light
FULL  := $(ENVS)/full
BENCH := $(ENVS)/bench
READERS := $(ENVS)/readers
STORES := $(ENVS)/stores
ENGINES := $(ENVS)/engines
PIP   := -m pip --quiet --disable-pip-version-check
# On each core, but a process that trains takes 1 GB.
PYTEST := -m pytest --quiet --numprocesses auto --maxprocesses 4 --dist worksteal

# Paths reach the commands through the environment, so that blanks, `;` and `$` in them are harmless.
IN    ?=
OUT   ?=
MODEL ?=
DATA  ?=
TRAIN ?=
RUN   ?= $(shell .ci/newest-run runs)
NAME  ?= $(notdir $(RUN))
# The model in use, which a new one must not lose to: the newest in models/.
USED  ?= $(shell ls -t models/*.onnx 2>/dev/null | head -n 1)
override IN    := $(value IN)
override OUT   := $(value OUT)
override MODEL := $(value MODEL)
override DATA  := $(value DATA)
override TRAIN := $(value TRAIN)
export IN OUT MODEL DATA TRAIN RUN NAME USED BEFORE
# The one that a new model replaces: the one before the newest.
BEFORE ?= $(shell ls -t models/*.onnx 2>/dev/null | sed -n 2p)
# Further options, as words of the shell.
ARGS  ?=

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

.PHONY: score
score: $(BASE)/.done ## Score the samples, or IN=reviews.parquet [OUT=scored.parquet] [MODEL=model.onnx] [ARGS=…]
	@if [ -z "$$IN" ]; then \
		$(BASE)/bin/scorer demo "$${OUT:-scored/demo.parquet}" $${MODEL:+--model "$$MODEL"} $(ARGS); \
	else \
		$(BASE)/bin/scorer run "$$IN" "$${OUT:-scored/$$(basename "$$IN")}" $${MODEL:+--model "$$MODEL"} $(ARGS); \
	fi

.PHONY: train
train: $(FULL)/.done ## Train on DATA=reviews.parquet into runs/ [ARGS='--epochs 4 …']
	@test -n "$$DATA" || { echo "make train needs DATA=, a Parquet or CSV file or a folder of labelled reviews"; exit 2; }
	@$(FULL)/bin/trainer fit "$$DATA" --out "runs/$$(date -u +%Y%m%d-%H%M%S)" $(ARGS)

.PHONY: adapt
adapt: $(FULL)/.done ## Adapt a model to DATA=reviews.parquet of your own into runs/ [MODEL=model.onnx] [ARGS=…]
	@test -n "$$DATA" || { echo "make adapt needs DATA=, a Parquet or CSV file or a folder of labelled reviews"; exit 2; }
	@$(FULL)/bin/trainer adapt "$${MODEL:-default}" "$$DATA" --out "runs/$$(date -u +%Y%m%d-%H%M%S)" $(ARGS)

.PHONY: export
export: $(FULL)/.done ## Export the newest finished run, or RUN=runs/…, into models/, with its card [NAME=…]
	@test -n "$$RUN" || { echo "make export found no finished run in runs/; train one with: make train DATA=…"; exit 2; }
	@$(FULL)/bin/exporter convert "$$RUN" "models/$$NAME.onnx" $${USED:+--not-worse-than "$$USED"} $(ARGS)

.PHONY: compare
compare: $(BASE)/.done ## Compare MODEL, the newest in models/, with BEFORE, the one before it or default, on IN=reviews.parquet [ARGS=…]
	@test -n "$$IN" || { echo "make compare needs IN=, a file or a folder of reviews"; exit 2; }
	@new="$${MODEL:-$$(ls -t models/*.onnx 2>/dev/null | head -n 1)}"; \
	test -n "$$new" || { echo "make compare found no model in models/; make one with: make export"; exit 2; }; \
	$(BASE)/bin/scorer compare "$${BEFORE:-default}" "$$new" "$$IN" $(ARGS)

.PHONY: test
test: $(FULL)/.done ## All tests: the scorer's in an environment that has the wheel only, without TensorFlow
	$(FULL)/bin/python $(PYTEST) --ignore=tests/scorer
	@$(MAKE) --no-print-directory test-wheel

.PHONY: test-scorer
test-scorer: $(LIGHT)/.done ## The scorer's own tests, without TensorFlow [PYTHON=python3.13]
	$(LIGHT)/bin/python $(PYTEST) tests/scorer scorer

# pytest is told anew what to do: the usual settings leave these tests out, and take a warning of
# another's code for an error.
.PHONY: test-readers
test-readers: $(READERS)/.done ## Scored files in Spark, DuckDB, Polars, pandas and datasets; needs Java 17
	$(READERS)/bin/python -m pytest --quiet -o addopts='--import-mode=importlib -ra' -o filterwarnings=default tests/readers

# Azurite is from npm: its lock is .ci/azurite/package-lock.json. Without npm the tests say what they leave out.
.PHONY: test-stores
test-stores: $(STORES)/.done ## Reviews in object stores: S3 by moto, Azure by Azurite if there is npm
	@if command -v npm >/dev/null && [ ! -e $(STORES)/node_modules ]; then \
		cp .ci/azurite/*.json $(STORES)/ && npm ci --silent --no-audit --no-fund --prefix $(STORES) || \
		echo "npm could not install Azurite: Azure is left out" >&2; fi
	$(STORES)/bin/python -m pytest --quiet -o addopts='--import-mode=importlib -ra' -o filterwarnings=default tests/stores

# Spark's session, Ray's and that of Spark Connect each have a process of their own.
.PHONY: test-engines
test-engines: $(ENGINES)/.done ## The same job on Spark, Spark Connect and Ray, with workers that are killed; needs Java 17
	@for name in spark connect ray; do \
		$(ENGINES)/bin/python -m pytest --quiet -o addopts='--import-mode=importlib -ra' -o filterwarnings=default tests/engines/test_$$name.py || exit 1; \
	done

.PHONY: wheel
wheel: $(FULL)/.done ## Build dist/*.whl, the models inside
	@rm -rf build dist
	@$(FULL)/bin/python -m build --wheel --no-isolation --outdir dist . >/dev/null && ls dist/*.whl

.PHONY: wheelhouse
wheelhouse: wheel ## Gather the wheel and all that it needs in wheelhouse/, for a machine without a network
	@rm -rf wheelhouse && $(FULL)/bin/python $(PIP) download \
		--require-hashes --only-binary :all: --dest wheelhouse --requirement .ci/base.lock
	@cp .ci/base.lock dist/*.whl wheelhouse/ && ls wheelhouse

.PHONY: test-wheel
test-wheel: wheelhouse ## Install from wheelhouse/ without an index, outside the checkout; score and test there
	@.ci/check-wheel $(FULL)/bin/python $(PYTHON)

.PHONY: mutants
mutants: $(FULL)/.done ## Break a promise in the scorer, one after another: each must fail a test
	$(FULL)/bin/python tests/benchmarks/mutants.py

.PHONY: fuzz
fuzz: $(FULL)/.done ## Score 2,000 damaged Parquet files: each is scored or named
	FUZZ_FILES=2000 $(FULL)/bin/python -m pytest --quiet tests/scorer/job/test_trouble.py -k damaged

.PHONY: bench
bench: $(BENCH)/.done ## Speed against what else there is, and of all sorts of inputs, on DATA=labelled.parquet [TRAIN=labelled.parquet]
	@test -n "$$DATA" || { echo "make bench needs DATA=, a Parquet file with the columns review and label"; exit 2; }
	$(BENCH)/bin/python tests/benchmarks/speed.py "$$DATA" bench.png $${TRAIN:+--train "$$TRAIN"} $(ARGS)
	$(BENCH)/bin/python tests/benchmarks/sizes.py "$$DATA" fast
	$(BENCH)/bin/python tests/benchmarks/growth.py "$$DATA"
	$(BENCH)/bin/python tests/benchmarks/small_files.py "$$DATA"
	$(BENCH)/bin/python tests/benchmarks/known_scores.py "$$DATA" --rounds 1
	$(BENCH)/bin/python tests/benchmarks/wide_rows.py
	@if [ -n "$$TRAIN" ]; then $(BENCH)/bin/python tests/benchmarks/front.py "$$TRAIN" "$$DATA" front.png default fast; fi

.PHONY: bench-memory
bench-memory: $(FULL)/.done ## Peak memory of 2 GB files against 10 MB, or MEGABYTES=200
	$(FULL)/bin/python tests/benchmarks/memory.py $(or $(MEGABYTES),2000)

.PHONY: lint
lint: $(FULL)/.done ## Style, types, and which room imports which
	$(FULL)/bin/ruff check .
	$(FULL)/bin/ruff format --check .
	$(FULL)/bin/mypy
	$(FULL)/bin/lint-imports --no-cache

.PHONY: format
format: $(FULL)/.done ## Put the code into shape
	$(FULL)/bin/ruff check --fix .
	$(FULL)/bin/ruff format .

.PHONY: clean
clean: ## Remove environments and builds; runs, models and scored files stay
	rm -rf .venv build dist wheelhouse *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache

# PySpark has no wheel, fastText has some for x86-64 only: they are built.
$(ENVS)/bench/.done $(ENVS)/readers/.done $(ENVS)/engines/.done: WHEELS :=
$(ENVS)/%/.done: WHEELS := --only-binary :all:
$(ENVS)/%/.done: .ci/%.lock .ci/build.lock pyproject.toml
	@test -n "$(VERSION)" || { echo "make needs Python 3.11, 3.12 or 3.13 with venv; none was found, name one with PYTHON=…"; exit 2; }
	@echo "making $(@D), once, with $$($(PYTHON) --version)" >&2
	@rm -rf $(@D) && $(PYTHON) -m venv $(@D)
	@$(@D)/bin/python $(PIP) install --require-hashes --requirement .ci/build.lock
	@$(@D)/bin/python $(PIP) install --require-hashes $(WHEELS) --requirement .ci/$*.lock
	@$(@D)/bin/python $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@
