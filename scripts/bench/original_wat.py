"""The original's way with a WAT file, for scripts/bench/wat.ts: gunzip, split, parse every record as JSON, take the image links,
join urls, hash them, match every text by Aho-Corasick with a loop in Python. Written from the rules in DESIGN.md.

usage: python3 original_wat.py METADATA_JSON_GZ WAT_GZ
Prints {"cpuSeconds", "pairs", "matched", "matches"}; building the automaton is not counted.
"""

import gzip
import hashlib
import json
import sys
import time
from urllib.parse import urljoin

import ahocorasick  # Debian: python3-ahocorasick

from original_rules import read_records, space

LINKS = ("Envelope", "Payload-Metadata", "HTTP-Response-Metadata", "HTML-Metadata", "Links")
KEYS = ("alt", "title", "data-image-title")


def read_links(block):
    try:
        value = json.loads(block)
    except ValueError:
        return []
    for key in LINKS:
        if not isinstance(value, dict) or key not in value:
            return []
        value = value[key]
    return value if isinstance(value, list) else []


def main():
    with gzip.open(sys.argv[1]) as file:
        entries = json.load(file)
    automaton = ahocorasick.Automaton()
    for entry_id, entry in enumerate(entries):
        automaton.add_word(" " + entry + " ", entry_id)
    automaton.make_automaton()
    start = time.process_time()
    pairs = matched = matches = 0
    for head, block in read_records(sys.argv[2]):
        base = head.get(b"warc-target-uri", b"").decode()
        for link in read_links(block):
            path = link.get("path") if isinstance(link, dict) else None
            if not isinstance(path, str) or not path.startswith("IMG@/src") or "url" not in link:
                continue
            texts = []
            for key in KEYS:
                if isinstance(link.get(key), str):
                    text = link[key].replace("\n", " ").replace("\r", " ").strip()
                    if text:
                        texts.append(text)
            if not texts:
                continue
            url = urljoin(base, link["url"])
            hashlib.sha224(url.encode("utf-8", "replace")).hexdigest()
            for text in texts:
                ids = {entry_id for _, entry_id in automaton.iter(space(text))}
                pairs += 1
                matched += len(ids) > 0
                matches += len(ids)
    seconds = time.process_time() - start
    print(json.dumps({"cpuSeconds": seconds, "pairs": pairs, "matched": matched, "matches": matches}))


main()
