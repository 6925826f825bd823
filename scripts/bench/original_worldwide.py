"""Matches texts by the worldwide rule in the original's way, for comparison: pyahocorasick and a loop in Python.

Arguments: list (JSON array), texts (JSON array). A round for each line on standard input; prints {"seconds", "matches", "digest"}.
"""

import hashlib
import json
import re
import sys
import time

import ahocorasick

OPEN = re.compile(
    "[\u4e00-\u9fff\u3400-\u4dbf\U00020000-\U0002a6df\U0002a700-\U0002b73f\U0002b740-\U0002b81f\U0002b820-\U0002ceaf"
    "\U0002ceb0-\U0002ebef\uf900-\ufaff\u2e80-\u2eff\u2f00-\u2fdf\u2ff0-\u2fff\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f"
    "\u1780-\u17ff\u0f00-\u0fff!-/:-@\\[-`{-~，。、；：？！“”‘’（）【】《》〈〉「」『』～—]"
)
BLANKS = str.maketrans("\t\r\n", "   ")

with open(sys.argv[1], encoding="utf-8") as file:
    entries = json.load(file)
with open(sys.argv[2], encoding="utf-8") as file:
    texts = json.load(file)
start = time.perf_counter()
automaton = ahocorasick.Automaton()
for index, entry in enumerate(entries):
    pattern = ("" if OPEN.match(entry[0]) else " ") + entry + ("" if OPEN.match(entry[-1]) else " ")
    automaton.add_word(pattern, index)
automaton.make_automaton()
print(json.dumps({"buildSeconds": time.perf_counter() - start}), flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    rows = []
    for text in texts:
        spaced = " " + text + " "
        for mark in ",.;:?!`":
            spaced = spaced.replace(mark, " " + mark + " ")
        spaced = spaced.translate(BLANKS)
        rows.append({index for _, index in automaton.iter(spaced)})
    seconds = time.perf_counter() - start
    digest = hashlib.sha256()
    for row in rows:
        digest.update((",".join(map(str, sorted(row))) + "\n").encode())
    print(json.dumps({"seconds": seconds, "matches": sum(map(len, rows)), "digest": digest.hexdigest()}), flush=True)
