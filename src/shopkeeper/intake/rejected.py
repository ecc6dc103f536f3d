"""Refused rows, kept in the shop's `rejected/`: a numbered folder a load, a JSONL file for each file and kind.

Products whose id came again are kept beside them, in `products.csv.products.duplicates.jsonl`.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from shopkeeper.intake.rows import Kind, Refusal
from shopkeeper.store.disk import replace

FOLDER = "rejected"


Rows = Mapping[tuple[str, Kind], Sequence[Refusal]]
"""Rows by file and kind."""


def keep(shop: Path, refused: Rows, repeated: Rows) -> tuple[Path, ...]:
    """Writes every row down and returns the files; makes no folder where there is none."""
    if not any(refused.values()) and not any(repeated.values()):
        return ()
    folder = _next_folder(shop / FOLDER)
    written = []
    named = [(key, "", rows) for key, rows in refused.items()]
    named += [(key, ".duplicates", rows) for key, rows in repeated.items()]
    for (source, kind), what, rows in named:
        if rows:
            path = folder / f"{Path(source).name}.{kind}{what}.jsonl"
            path.write_text("".join(_line(source, kind, row) for row in rows), encoding="utf-8")
            written.append(path)
    return tuple(written)


def forget(shop: Path, user_id: str) -> int:
    """Removes the kept rows that name this shopper and returns how many there were.

    The id counts wherever it is a whole word: alone, as a number with decimals, within an event's id or inside
    a nested value. So a short id takes more rows with it than the shopper's own; none of theirs stays. One without any
    letter or digit counts where it is all of a cell or of a nested value.
    """
    own = re.escape(user_id)
    plain = any(letter.isalnum() for letter in user_id)
    whole = rf"(?<![^\W_]){own}(?:\.0+)?(?![^\W_]|\.\d)" if plain else rf'^\s*{own}\s*$|"{own}"'
    removed, named = 0, re.compile(whole)
    for path in sorted((shop / FOLDER).glob("*/*.jsonl")):
        # not splitlines: that would break a row at what a cell may hold, such as U+2028
        lines = [f"{line}\n" for line in path.read_text(encoding="utf-8").split("\n") if line]
        others = [line for line in lines if not _names(line, named)]
        removed += len(lines) - len(others)
        if len(others) < len(lines):
            replace(path, "".join(others).encode("utf-8"))
    return removed


def _next_folder(parent: Path) -> Path:
    taken = [int(path.name) for path in parent.glob("*") if path.name.isdigit()]
    folder = parent / f"{max(taken, default=0) + 1:04}"
    folder.mkdir(parents=True)
    return folder


def _line(source: str, kind: Kind, row: Refusal) -> str:
    own = {"line": row.line, "column": row.column, "reason": row.reason, "value": row.value, "raw": row.raw}
    return json.dumps({"file": source, "kind": kind} | own, ensure_ascii=False) + "\n"


def _names(line: str, named: re.Pattern[str]) -> bool:
    row = json.loads(line)
    cells: Sequence[str] = list(row["raw"].values()) if isinstance(row["raw"], dict) else [row["raw"]]
    return any(named.search(cell) for cell in [row["value"], *cells])
