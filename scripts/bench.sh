#!/usr/bin/env bash
# Runs every benchmark on the whole data, one after the other; the last line of each is its JSON.
set -euo pipefail
cd "$(dirname "$0")/.."
for file in benchmarks/[a-z]*.py; do
  name=$(basename "$file" .py)
  echo "== $name"
  case $name in
    next_basket) .venv/bin/python -m benchmarks.next_basket --shop complete_journey --from-week 47 --to-week 48 ;;
    *) .venv/bin/python -m "benchmarks.$name" ;;
  esac
done
