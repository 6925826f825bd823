"""Reads a WARC file in the original's way, for comparison: gzip, records, an HTML parser, every <img>, urljoin, sha224.

The original uses warcio and selectolax, which Debian has not; the parser here is lxml's (libxml2), which is about as fast, and
records are split by hand. A round for each line on standard input; prints {"seconds", "pairs"}.
"""

import hashlib
import json
import sys
import time
from urllib.parse import urljoin

import lxml.html

from original_rules import read_records

KEYS = ("alt", "title", "data-image-title")


def read_pairs(path):
    for head, block in read_records(path):
        if head.get(b"warc-type") != b"response":
            continue
        body = block.partition(b"\r\n\r\n")[2]
        if b"<img" not in body.lower():
            continue
        base = head[b"warc-target-uri"].decode()
        try:
            tree = lxml.html.document_fromstring(body, parser=lxml.html.HTMLParser(encoding="utf-8"))
        except lxml.etree.ParserError:
            continue
        for image in tree.iter("img"):
            source = image.get("src")
            if not source:
                continue
            texts = []
            for key, value in image.attrib.items():
                if key in KEYS:
                    text = value.strip().replace("\n", "").replace("\r", "")
                    if text:
                        texts.append((key, text))
            if texts:
                url = urljoin(base, source.strip())
                yield hashlib.sha224(url.encode("utf-8", "replace")).hexdigest()[:24], url, texts


print(json.dumps({"ready": True}), flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    pairs = 0
    for _, _, texts in read_pairs(sys.argv[1]):
        pairs += len(texts)
    print(json.dumps({"seconds": time.perf_counter() - start, "pairs": pairs}), flush=True)
