"""Writes the example pictures: a seeded choice of emojis as the untouched artwork draws them, 72 x 72 on white.

    python3 examples.py WORK models/emoji/examples
"""
import os
import random
import re
import sys

from PIL import Image

from pictures import RIM, TILE, Artwork, on_white

COUNT = 48


def main(work, folder):
    art = Artwork(work)
    _, have, pixels = art.sets["emojione-v1"]
    # Plain words make commands that can be typed; signs and buttons are letters in boxes, left out here.
    plain = [row for row in art.known if art.emojis[row]["group"] != "Symbols" and re.fullmatch("[a-z ]+", art.emojis[row]["name"])]
    for row in sorted(random.Random(11).sample(plain, COUNT)):
        name = art.emojis[row]["name"].replace(" ", "_")
        os.makedirs(f"{folder}/{name}", exist_ok=True)
        tile = pixels[have.index(row)][RIM : RIM + TILE, RIM : RIM + TILE]
        Image.fromarray(on_white(tile)).save(f"{folder}/{name}/emojione-v1.png", optimize=True)
        print(name)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
