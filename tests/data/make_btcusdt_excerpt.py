#!/usr/bin/env python3
"""Cuts the start of a recorded Binance BTCUSDT market and computes the books it must lead to.

usage: make_btcusdt_excerpt.py FOLDER_WITH_hftbacktest_AND_derived

Writes btcusdt_excerpt.gz and btcusdt_excerpt_golden.json beside itself. The books are computed here on their own, and
the first checkpoints are checked against the golden books that come with the whole recording.
"""
import gzip
import json
import pathlib
import sys

DIFFS = 300
CHECKPOINTS = (1, 100, 200, DIFFS)
FOLDER = pathlib.Path(__file__).parent


class Book:
    def __init__(self, snapshot):
        self.sides = {"bids": {}, "asks": {}}
        self.update_id = snapshot["lastUpdateId"]
        self.applied = 0
        for name, side in self.sides.items():
            for price, quantity in snapshot[name]:
                side[price] = quantity

    def apply(self, event):
        if event["u"] <= self.update_id:
            return False
        for name, key in (("bids", "b"), ("asks", "a")):
            for price, quantity in event[key]:
                if float(quantity) == 0:
                    self.sides[name].pop(price, None)
                else:
                    self.sides[name][price] = quantity
        self.update_id = event["u"]
        self.applied += 1
        return True

    def top(self, name, count):
        levels = sorted(self.sides[name].items(), key=lambda level: float(level[0]), reverse=name == "bids")
        return [list(level) for level in levels[:count]]

    def checkpoint(self, key, count):
        return {key: self.update_id, "applied": self.applied, "bids": self.top("bids", count), "asks": self.top("asks", count),
                "levels": [len(self.sides["bids"]), len(self.sides["asks"])]}


def main(source):
    lines, buffered, checkpoints, book = [], [], [], None
    with gzip.open(source / "hftbacktest" / "btcusdt_20240808.gz", "rt") as recording:
        for line in recording:
            lines.append(line)
            message = json.loads(line.split(" ", 1)[1])
            if "lastUpdateId" in message:
                book = Book(message)
                checkpoints.append(book.checkpoint("lastUpdateId", 5))
                due, buffered = buffered, []
            elif "@depth" in message["stream"]:
                due = [message["data"]]
            else:
                continue
            if book is None:
                buffered += due
                continue
            for event in due:
                if book.apply(event) and book.applied in CHECKPOINTS:
                    last = book.applied == DIFFS
                    checkpoints.append(book.checkpoint("final_update_id" if last else "after_update_id", 20 if last else 5))
            if book.applied == DIFFS:
                break
    golden = json.loads((source / "derived" / "binance_spot_BTCUSDT_book_golden.json").read_text())
    for mine, theirs in zip(checkpoints[:2], golden["checkpoints"]):
        for key in ("bids", "asks", "levels"):
            assert mine[key] == theirs[key], key
    with gzip.GzipFile(FOLDER / "btcusdt_excerpt.gz", "wb", mtime=0) as out:
        out.write("".join(lines).encode())
    text = json.dumps({"symbol": "BTCUSDT", "checkpoints": checkpoints}, separators=(",", ":"))
    (FOLDER / "btcusdt_excerpt_golden.json").write_text(text + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
