"""Figures of a trained model on artwork that it was not trained on, each beside chance and nearest pixels.

    python3 evaluate.py WORK/student.pt WORK openmoji emojione-v1
"""
import os
import sys

import torch

from pictures import Artwork, nearest_pixels
from tokenizer import Tokenizer
from towers import Clip
from train import MODEL, measure

SIDES = (8, 12, 16, 24)


def main(source, work, prefixes):
    torch.set_num_threads(1)
    art, tokenizer = Artwork(work), Tokenizer(os.path.join(MODEL, "tokenizer.json"))
    model = Clip()
    model.load_state_dict(torch.load(source))
    model.eval()
    # The baseline's size is the one that is best on the set for choosing.
    best = max(SIDES, key=lambda side: nearest_pixels(art, "openmoji", art.known, side)[0])
    print(f"nearest pixels at {best} x {best}")
    for prefix in prefixes:
        drawn = set(art.sets[prefix][1])
        for label, names in (("names trained", art.known), ("names held out", art.held)):
            rows = [row for row in names if row in drawn]
            # Pixels know no words: for held-out names they are given pictures of the training sets, which the model never saw.
            figures = {
                "model": measure(model, art, tokenizer, prefix, rows),
                "nearest pixels": nearest_pixels(art, prefix, rows, best),
                "chance": (100 / len(rows), 1.0),
            }
            print(f"{prefix}, {label}: {len(rows)} names")
            for name, (top, hundred) in figures.items():
                print(f"  {name:15}{top:5.1f} %" + (f"   of 100 names {hundred:5.1f} %" if len(rows) > 100 else ""), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
