#!/usr/bin/env bash
# Runs every benchmark on the whole data, one after the other; the last line of each is its JSON.
set -euo pipefail
cd "$(dirname "$0")/.."
run() { echo "== $1" && .venv/bin/python -m "benchmarks.$@"; }

run demo --keep demo-shop-bench
run latency --shop demo-shop-bench
rm -r demo-shop-bench
run durability --kills 50
run next_basket --shop complete_journey --from-week 47 --to-week 48
beauty=../shared/data/amazon_beauty
if [ -d "$beauty" ]; then
  run sequential --data "$beauty"
  run cold_products --data "$beauty"
fi
