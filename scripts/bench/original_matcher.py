"""The original's way of matching, for scripts/bench/matcher.ts: an Aho-Corasick automaton of every entry between spaces,
spacing by repeated replacement, and a Python loop over what it finds. Written from the rules in DESIGN.md.

usage: python3 original_matcher.py METADATA_JSON_GZ CAPTIONS_JSONL_GZ
Prints one JSON line when ready, then one for each line on standard input: seconds, matches and a digest of all ids.
"""

import gzip
import hashlib
import json
import resource
import sys
import time

import ahocorasick  # Debian: python3-ahocorasick

from original_rules import space


def match(automaton, text):
    found = set()
    for _, entry_id in automaton.iter(space(text)):
        found.add(entry_id)
    return sorted(found)


def main():
    entries = json.load(gzip.open(sys.argv[1]))
    with gzip.open(sys.argv[2], "rt", encoding="utf-8", newline="\n") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    start = time.perf_counter()
    automaton = ahocorasick.Automaton()
    for entry_id, entry in enumerate(entries):
        automaton.add_word(" " + entry + " ", entry_id)
    automaton.make_automaton()
    build_seconds = time.perf_counter() - start
    print(json.dumps({"texts": len(texts), "buildSeconds": build_seconds}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        ids = [match(automaton, text) for text in texts]
        seconds = time.perf_counter() - start
        digest = hashlib.sha256()
        for row in ids:
            digest.update((",".join(map(str, row)) + "\n").encode())
        answer = {
            "seconds": seconds,
            "matches": sum(map(len, ids)),
            "digest": digest.hexdigest(),
            "peakMemoryMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
        print(json.dumps(answer), flush=True)


main()
