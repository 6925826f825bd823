"""CLIP's byte-pair encoding cut to its first 3,582 merges (vocabulary 4,096), as a hub tokenizer.json.

    /usr/bin/python3 scripts/train-emoji/tokenizer.py bpe_simple_vocab_16e6.txt.gz models/emoji/tokenizer.json

The merge table is CLIP's (OpenAI, MIT licence). The rules are CLIP's too: lower case, words by one
pattern, bytes as letters, `</w>` at a word's end, start and end token around the text.
"""
import gzip
import json
import re
import sys

MERGES = 4096 - 2 - 512
WORDS = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def byte_letters():
    """Letter of each byte: printable Latin-1 stands for itself, the rest moves behind U+0100."""
    own = [*range(33, 127), *range(161, 173), *range(174, 256)]
    order = own + [byte for byte in range(256) if byte not in own]
    moved = iter(range(256, 512))
    return {byte: chr(byte if byte in own else next(moved)) for byte in order}


def main(source, target):
    with gzip.open(source, "rt", encoding="utf8") as file:
        merges = [tuple(line.split()) for line in file.read().split("\n")[1 : MERGES + 1]]
    letters = list(byte_letters().values())
    vocabulary = letters + [letter + "</w>" for letter in letters] + ["".join(pair) for pair in merges]
    vocabulary += ["<|startoftext|>", "<|endoftext|>"]
    ids = {token: number for number, token in enumerate(vocabulary)}
    assert len(ids) == 4096
    special = {"single_word": False, "lstrip": False, "rstrip": False, "special": True}
    start, end = ids["<|startoftext|>"], ids["<|endoftext|>"]
    split = {"type": "Split", "pattern": {"Regex": WORDS}, "behavior": "Removed", "invert": True}
    spaces = {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "}
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": start, "content": "<|startoftext|>", "normalized": True, **special},
            {"id": end, "content": "<|endoftext|>", "normalized": False, **special},
        ],
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, spaces, {"type": "Lowercase"}]},
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                split,
                {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
            ],
        },
        "post_processor": {
            "type": "RobertaProcessing",
            "sep": ["<|endoftext|>", end],
            "cls": ["<|startoftext|>", start],
            "trim_offsets": False,
            "add_prefix_space": False,
        },
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<|endoftext|>",
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "</w>",
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": ids,
            "merges": [" ".join(pair) for pair in merges],
        },
    }
    with open(target, "w", encoding="utf8") as file:
        json.dump(tokenizer, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")


class Tokenizer:
    """The same encoding for training: ids of a text with start and end token, at most 77."""

    def __init__(self, path):
        with open(path, encoding="utf8") as file:
            model = json.load(file)["model"]
        self.ids = model["vocab"]
        self.ranks = {tuple(pair.split(" ")): rank for rank, pair in enumerate(model["merges"])}
        self.letters = byte_letters()

    def encode(self, text):
        ids = []
        for word in re.findall(r"'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|(?:[^\w\s]|_)+", text.lower()):
            parts = [self.letters[byte] for byte in word.encode("utf8")]
            parts[-1] += "</w>"
            while len(parts) > 1:
                pairs = list(zip(parts, parts[1:]))
                best = min(pairs, key=lambda pair: self.ranks.get(pair, 1 << 30))
                if best not in self.ranks:
                    break
                merged, at = [], 0
                while at < len(parts):
                    if tuple(parts[at : at + 2]) == best:
                        merged.append(parts[at] + parts[at + 1])
                        at += 2
                    else:
                        merged.append(parts[at])
                        at += 1
                parts = merged
            ids += [self.ids[part] for part in parts]
        return [self.ids["<|startoftext|>"], *ids[:75], self.ids["<|endoftext|>"]]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
