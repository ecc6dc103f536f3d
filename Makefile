# make demo   a real shop imported, checked, learnt and served at http://127.0.0.1:8000
# make test   every test, also those in a real browser
# make check  what CI checks before the tests: format, lint, types
# make bench  every benchmark on the whole data; see benchmarks/
# make clean  removes the environment, the demo shop and every cache

SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
export OMP_WAIT_POLICY := PASSIVE
export HF_HUB_OFFLINE ?= 1

.PHONY: demo test check bench clean

demo: .venv/ready
	$(BIN)/shopkeeper demo

test: check
	scripts/chromium.sh
	$(BIN)/pytest -q -m "not weights and not data and not server and not browser"
	$(BIN)/pytest -q -m "weights or data or server or browser"

check: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: .venv/ready
	scripts/bench.sh

clean:
	rm -rf .venv demo-shop build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis src/*.egg-info

.venv/ready: pyproject.toml constraints.txt weights.txt scripts/setup.sh
	scripts/setup.sh "$(PYTHON)"
