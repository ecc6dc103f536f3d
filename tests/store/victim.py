"""A shop that takes events from several threads until it is killed. Prints each event_id it has acknowledged."""

import sys
import threading
from pathlib import Path

from shopkeeper.store.folder import ShopFolder, open_folder
from tests.store.worlds import DAY, event


def send(folder: ShopFolder, name: str) -> None:
    number = 0
    while True:
        batch = [event(f"{name}-{number + i}", 10.0 + (number + i) % 7, f"u{number % 5}") for i in range(3)]
        outcomes = folder.events.append(batch)
        number += 3
        lines = [f"{sent.event_id} {outcome}\n" for sent, outcome in zip(batch, outcomes, strict=True)]
        sys.stdout.write("".join(lines))
        sys.stdout.flush()


def main() -> None:
    path, life = Path(sys.argv[1]), sys.argv[2]
    folder = open_folder(path, writable=True)
    for thread in range(3):
        threading.Thread(target=send, args=(folder, f"{life}-{thread}"), daemon=True).start()
    while True:
        folder.events.compact(20 * DAY)


if __name__ == "__main__":
    main()
