# Coread's verbs. The work is in scripts/ and in manage.py; `make` alone lists them.
# Needs Python 3.11 or newer (another one: make PYTHON=python3.12 run); the rest is installed into .venv.
PYTHON ?= python3
PORT ?= 8000
DATA ?=
ARGS ?=
BIN := .venv/bin
NPM = $(BIN)/python -m scripts.frontend npm

.DEFAULT_GOAL := help
.PHONY: help setup run test test-quick e2e blindness-long check format bench schema messages migrations lock clean

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

setup: ## install all that checks and tests need
	@$(PYTHON) -m scripts.install dev
	@$(BIN)/python -m scripts.frontend build

run: ## start Coread on http://127.0.0.1:8000 with the demo (PORT=, DATA=folder of DICOM files)
	@$(PYTHON) -m scripts.install worker
	@$(BIN)/python -m scripts.frontend build
	@exec $(BIN)/python -m config.supervisor --port $(PORT) --demo --import "$(DATA)"

test: setup ## all tests: quick tier on SQLite and PostgreSQL, full tier on PostgreSQL, real Redis
	@$(BIN)/python -m scripts.test all

test-quick: setup ## the quick tier on SQLite, for while you work (ARGS="-k name")
	@$(BIN)/python -m scripts.test quick $(ARGS)

e2e: setup ## the browser tests alone (ARGS="-k name")
	@$(BIN)/python -m scripts.test e2e $(ARGS)

blindness-long: setup ## two worlds over thousands of histories; goes on where it stopped (ARGS=minutes)
	@$(BIN)/python -m scripts.blindness $(ARGS)

check: setup ## format, lint, types, import contracts, migrations, API schema, frontend, deployment
	@$(BIN)/python -m scripts.check

format: setup ## format and fix what can be fixed
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format --quiet .
	@$(NPM) run --silent format

bench: setup ## print the measured figures: throughput, cost of explanations, memory
	@$(BIN)/python -m scripts.servers -- $(BIN)/python -m bench $(ARGS)

schema: setup ## write frontend/openapi.yaml and the TypeScript types made from it
	@$(BIN)/python manage.py spectacular --validate --fail-on-warn --file frontend/openapi.yaml
	@$(NPM) run --silent types

migrations: setup ## write the migrations of changed models (NAME=add_arbitration)
	@$(BIN)/python manage.py makemigrations $(if $(NAME),--name $(NAME)) $(ARGS)

messages: setup ## collect the backend's texts for translation into config/locale
	@$(BIN)/python manage.py makemessages --locale zh_Hans --ignore 'frontend/*' --ignore '.venv/*'
	@$(BIN)/python manage.py compilemessages --ignore '.venv/*' --ignore 'frontend/*'

lock: setup ## resolve requirements/*.in anew into the hash-locked *.txt
	@$(BIN)/python -m scripts.lock

clean: ## delete what was built (not var/, where your data are)
	@rm -rf .venv frontend/node_modules frontend/dist .mypy_cache .ruff_cache .pytest_cache
