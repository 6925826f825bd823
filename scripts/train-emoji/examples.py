"""Writes pictures of the untouched artwork, 72 x 72 on white, one folder a name, for `metaclip eval zeroshot`.

    python3 examples.py WORK models/emoji-examples          the bundled ones: a seeded choice of 48
    python3 examples.py WORK DIR all                        all of the measured names
    python3 examples.py WORK DIR held                       the names held out from training
"""
import os
import random
import re
import sys

from PIL import Image

from pictures import RIM, TILE, Artwork, on_white

COUNT = 48


def chosen_rows(art, what):
    if what == "all":
        return art.known
    if what == "held":
        return art.held
    # Plain words make commands that can be typed; signs and buttons are letters in boxes, left out here.
    plain = [
        row
        for row in art.known
        if art.emojis[row]["group"] != "Symbols" and re.fullmatch("[a-z ]+", art.emojis[row]["name"])
    ]
    return sorted(random.Random(11).sample(plain, COUNT))


def main(work, folder, what="examples"):
    art = Artwork(work)
    _, have, pixels = art.sets["emojione-v1"]
    for row in chosen_rows(art, what):
        name = art.emojis[row]["name"].replace(" ", "_")
        os.makedirs(f"{folder}/{name}", exist_ok=True)
        tile = pixels[have.index(row)][RIM : RIM + TILE, RIM : RIM + TILE]
        Image.fromarray(on_white(tile)).save(f"{folder}/{name}/emojione-v1.png", optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
