# Everything runs from a fresh clone with Python 3.11, git and make. `make help` lists the commands.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 3000
HOST ?= 127.0.0.1
# gpu instead of cpu on a machine with CUDA; the two exclude each other.
RUNTIME ?= cpu
export PATH := $(CURDIR)/$(BIN):$(PATH)
export BENTOML_DO_NOT_TRACK := True
export DVC_NO_ANALYTICS := 1

.PHONY: help run test setup setup-dev pipeline fetch pretrain serve bench bench-stream bench-peers bench-trainer soak lint mlflow clean check-machine

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

run: setup ## set up, bring the models up to date, serve on http://localhost:3000
	python -m training.reproduce
	$(MAKE) --no-print-directory serve

test: setup-dev ## set up, then lint, types, layers and all tests that are not marked slow
	$(MAKE) --no-print-directory lint
	python -m pytest

setup: check-machine $(VENV)/.ready-run ## install the pinned dependencies into .venv

setup-dev: check-machine $(VENV)/.ready-dev ## the same with the tools for development

pipeline: setup ## set up and reproduce every stage; the only command that changes the record (dvc.lock, metrics)
	dvc repro --pull

fetch: setup ## download the public sets into data/raw/public (resumable); HIKARI_DATA_MIRROR may name a folder that has them
	python -m training.fetch

pretrain: setup ## train the released artefacts anew from public data (hours); HIKARI_DATA_MIRROR names the folder that holds it
	python -m training.pretrain task=entities
	python -m training.pretrain task=engagement
	python -m training.pretrain task=text_public output=mlruns/text_first
	python -m training.pretrain task=text_public output=mlruns/text_second task.start=mlruns/text_first task.keep=0.5
	python -m training.pretrain task=text_public seed=11 task.start=mlruns/text_second task.keep=0.5 task.teach=0.5 task.teach_others=0.3 task.optim.lr=1e-4 task.trainer.max_epochs=5
	@echo "look at data/models/*.md, then for each of pretrain_entities, pretrain_engagement, pretrain_text: dvc commit -f STAGE && dvc push STAGE"

serve: ## serve what `make run` or `make pipeline` built
	exec bentoml serve serving.service:Hikari --host $(HOST) --port $(PORT)

bench: setup-dev ## measure: latency, throughput, ratios to the bare runtime, a minute of a busy stream
	python -m pytest tests/benchmarks -m slow -s -q
	python -m tests.benchmarks.stream

bench-stream: setup-dev $(VENV)/.ready-infinity ## ten minutes of a simulated stream, saturation, bulk, and infinity-emb beside it
	python -m tests.benchmarks.stream --seconds 600 --infinity $(VENV)/peers/infinity --output tests/benchmarks/results/stream.json

bench-peers: setup-dev $(VENV)/.ready-peers ## the same memories in mem0, chromadb and sqlite+numpy, each in its own environment
	python -m tests.benchmarks.peers --venvs $(VENV)/peers --output tests/benchmarks/results/peers.json

bench-trainer: setup-dev $(VENV)/.ready-accelerate ## our training against the stock Hugging Face Trainer: same network, data and batch
	python -m tests.benchmarks.trainer --accelerate $(VENV)/peers/accelerate --output tests/benchmarks/results/trainer.json

soak: setup-dev ## kill and flood for an hour or so: the memory, the analytics, the served engine; nothing promised may be lost
	python -m tests.soak.memory --rounds 50
	python -m tests.soak.analytics_kill --rounds 30
	python -m tests.soak.analytics --messages 10000000 --viewers 1000000
	python -m tests.soak.chaos --seconds 600

lint: setup-dev ## style, types, layers
	ruff check .
	ruff format --check .
	basedpyright --level error
	lint-imports --no-logo 2>/dev/null || lint-imports

mlflow: setup ## browse the training runs
	exec mlflow ui --backend-store-uri sqlite:///mlruns/mlflow.db --port 5000

clean: ## remove what can be made again; the DVC cache and recorded runs stay
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .hypothesis data/processed data/models/text data/models/checkpoint data/models/bento data/evaluation/plots

check-machine:
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is not installed; Hikari needs Python 3.11, 3.12 or 3.13" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
	  { echo "make: $(PYTHON) is $$($(PYTHON) -V 2>&1); Hikari needs Python 3.11, 3.12 or 3.13 (make PYTHON=python3.11 ...)" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "make: $(PYTHON) has no venv module; install it (Debian: python3-venv)" >&2; exit 1; }

# A stamp is written last, so an interrupted installation continues with the next call. pip skips what is already there.
$(VENV)/.ready-run: pyproject.toml constraints.txt
	@$(call install,$(RUNTIME)$(comma)serve$(comma)train)
	@touch $@

$(VENV)/.ready-dev: pyproject.toml constraints.txt
	@$(call install,$(RUNTIME)$(comma)serve$(comma)train$(comma)dev)
	@touch $@ $(VENV)/.ready-run

$(VENV)/.ready-peers: tests/benchmarks/peers/requirements-mem0.txt tests/benchmarks/peers/requirements-chromadb.txt
	@for peer in mem0 chromadb; do \
	  test -x $(VENV)/peers/$$peer/bin/python || $(PYTHON) -m venv $(VENV)/peers/$$peer; \
	  echo "installing $$peer into an environment of its own"; \
	  $(VENV)/peers/$$peer/bin/python -m pip install --quiet --disable-pip-version-check -r tests/benchmarks/peers/requirements-$$peer.txt; \
	done
	@touch $@

$(VENV)/.ready-infinity: tests/benchmarks/peers/requirements-infinity.txt
	@test -x $(VENV)/peers/infinity/bin/python || $(PYTHON) -m venv $(VENV)/peers/infinity
	@echo "installing infinity-emb into an environment of its own"
	@$(VENV)/peers/infinity/bin/python -m pip install --quiet --disable-pip-version-check -r tests/benchmarks/peers/requirements-infinity.txt
	@touch $@

# accelerate alone, seen by its side of the benchmark only: both run our torch and transformers.
$(VENV)/.ready-accelerate: tests/benchmarks/peers/requirements-accelerate.txt
	@python -m pip install --quiet --disable-pip-version-check --upgrade --no-deps --target $(VENV)/peers/accelerate -r tests/benchmarks/peers/requirements-accelerate.txt
	@touch $@

comma := ,
define install
test -x $(BIN)/python && $(BIN)/python -c 'import pip' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV); \
echo "installing the pinned dependencies ($(1)); the first time takes some minutes"; \
$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[$(1)]" || \
  { echo "make: the installation failed. Missing a compiler? The pinned wheels cover Linux x86-64 and macOS with Python 3.11 to 3.13; elsewhere install a C compiler. Then call make again: it continues." >&2; exit 1; }
endef
