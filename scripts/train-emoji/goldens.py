"""What PyTorch, Pillow and the training's tokenizer make of some examples: goldens for the tests of the product.

    python3 goldens.py WORK/student.pt models/emoji-examples test/model/emoji-goldens.json
"""
import glob
import json
import os
import sys

import numpy as np
import torch
from PIL import Image

from pictures import SIZE, normal
from tokenizer import Tokenizer
from towers import Clip
from train import MODEL, padded

TEXTS = ["elephant", "an emoji of santa claus", "a picture of open book", "Speaker  MEDIUM volume", "it's 3 o'clock",
         "piñata", "naïve café", "ice-cream & cake!!", "two hearts", "100%", "日本 👍", "a long name " * 40]


def rows(tensor):
    return [[round(value, 6) for value in row] for row in tensor.tolist()]


def main(source, examples, target):
    torch.set_num_threads(1)
    model = Clip()
    model.load_state_dict(torch.load(source))
    model.eval()
    tokenizer = Tokenizer(os.path.join(MODEL, "tokenizer.json"))
    files = sorted(glob.glob(f"{examples}/*/*.png"))[::4]
    pixels = [np.asarray(Image.open(file).convert("RGB").resize((SIZE, SIZE), Image.BICUBIC)).copy() for file in files]
    with torch.no_grad():
        images = model.image(normal(torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).float() / 255))
        ids = [tokenizer.encode(text) for text in TEXTS]
        texts = model.text(padded(ids))
    result = {
        "logitScale": model.logit_scale.exp().item(),
        "images": [{"path": os.path.relpath(file, examples), "embedding": row} for file, row in zip(files, rows(images))],
        "texts": [{"text": text, "ids": i, "embedding": row} for text, i, row in zip(TEXTS, ids, rows(texts))],
    }
    with open(target, "w", encoding="utf8") as file:
        json.dump(result, file, ensure_ascii=False)
        file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:4])
