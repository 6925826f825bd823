"""The original's way with a WAT file, for wat-original.ts: its steps in its order, written anew. The file is read as lines of text;
every record is parsed as JSON as a whole; every image link is joined to its page and hashed before its texts are looked at; with a
language model the language of each text is asked of fastText; then each text is matched by Aho-Corasick with a loop in Python.

usage: python3 original_wat.py METADATA_JSON_GZ WAT_GZ [LID_MODEL]
Prints {"cpuSeconds", "pairs", "matched", "matches"}: of texts, of those with an entry (and, with a model, in English), of their
entries. Start, building the automaton and loading the model are not counted.
"""

import gzip
import hashlib
import json
import sys
import time
from urllib.parse import urljoin

import ahocorasick  # Debian: python3-ahocorasick

from original_rules import space

LINKS = ("Envelope", "Payload-Metadata", "HTTP-Response-Metadata", "HTML-Metadata", "Links")
KEYS = ("alt", "title", "data-image-title")
TARGET = "WARC-Target-URI: "


def read_links(line):
    try:
        value = json.loads(line)
    except ValueError:
        return []
    for key in LINKS:
        if not isinstance(value, dict) or key not in value:
            return []
        value = value[key]
    return value if isinstance(value, list) else []


def read_images(path):
    """Url, id and texts of each image that has a text."""
    page, wants_json = "", False
    with gzip.open(path) as file:
        for raw in file:
            try:
                line = raw.decode().strip()
            except UnicodeDecodeError:
                continue
            if line.startswith(TARGET):
                page, wants_json = line[len(TARGET) :], True
            elif wants_json and line.startswith("{"):
                wants_json = False
                for link in read_links(line):
                    if link is None or link.get("path") is None or "url" not in link:
                        continue
                    if not link["path"].startswith("IMG@/src"):
                        continue
                    try:
                        url = urljoin(page, link["url"])
                    except ValueError:
                        continue
                    uuid = hashlib.sha224(url.replace("\t", "").replace(" ", "").encode("utf-8", "replace")).hexdigest()[:24]
                    texts = []
                    for key in KEYS:
                        text = link.get(key)
                        if text is None:
                            continue
                        text = text.replace("\n", " ").replace("\r", " ").strip()
                        if text:
                            texts.append((key, text))
                    if texts:
                        yield url, uuid, texts


def open_identifier(path):
    if path is None:
        return None
    import fasttext  # Debian: python3-fasttext

    fasttext.FastText.eprint = lambda *_: None
    model = fasttext.load_model(path)
    return lambda text: model.predict(text)[0][0] == "__label__en"


def main(metadata, wat, lid_model=None):
    with gzip.open(metadata) as file:
        entries = json.load(file)
    automaton = ahocorasick.Automaton()
    for entry_id, entry in enumerate(entries):
        automaton.add_word(" " + entry + " ", entry_id)
    automaton.make_automaton()
    is_english = open_identifier(lid_model)
    start = time.process_time()
    pairs = matched = matches = 0
    for _, _, texts in read_images(wat):
        for _, text in texts:
            pairs += 1
            # As in the original, of every text and not only of those that match.
            is_wanted = is_english is None or is_english(text)
            ids = {entry_id for _, entry_id in automaton.iter(space(text))}
            if ids and is_wanted:
                matched += 1
                matches += len(ids)
    seconds = time.process_time() - start
    print(json.dumps({"cpuSeconds": seconds, "pairs": pairs, "matched": matched, "matches": matches}))


main(*sys.argv[1:4])
