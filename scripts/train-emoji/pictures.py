"""The rendered artwork: classes, held-out names, captions, augmented batches and the two baselines."""
import json
import math
import random
import re

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

SIZE, CANVAS, TILE = 48, 96, 72
RIM = (CANVAS - TILE) // 2
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(3, 1, 1)
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(3, 1, 1)
HELD_OUT = 40
# A mirrored picture keeps its name, but not where the name says a side or the picture is a sign.
SIDED = re.compile(r"left|right|clock|point|arrow|mirror|number|input|keycap|quarter|crescent|play|track|calendar|rewind")
TEMPLATES = ["{}", "{} emoji", "an emoji of {}", "a picture of {}", "a drawing of {}", "an icon of {}", "a cartoon {}", "a {}"]
PROMPTS = ["{}", "{} emoji", "an emoji of {}", "a picture of {}"]


class Artwork:
    """All sets of WORK. `core`: class ids measured on; `held`: core names that training never sees."""

    def __init__(self, work):
        with open(f"{work}/emoji.json", encoding="utf8") as file:
            index = json.load(file)
        self.emojis = index["emojis"]
        self.sets = {}
        for entry in index["sets"]:
            shape = (len(entry["rows"]), CANVAS, CANVAS, 4)
            pixels = np.memmap(f"{work}/{entry['prefix']}.rgba", np.uint8, "r", shape=shape)
            self.sets[entry["prefix"]] = (entry["role"], entry["rows"], pixels)
        drawn = {}
        for role, rows, _ in self.sets.values():
            for row in rows:
                drawn.setdefault(row, []).append(role)
        # Clock faces are 24 pictures that differ in the angle of a hand; they are left out of the measure.
        self.core = [
            row
            for row, roles in sorted(drawn.items())
            if roles.count("train") >= 5 and "choose" in roles and "test" in roles
            and not re.search("o’clock|thirty", self.emojis[row]["name"])
        ]
        self.held = sorted(random.Random(5).sample(self.core, HELD_OUT))
        self.known = [row for row in self.core if row not in self.held]
        held = set(self.held)
        self.train = [
            (pixels, at, row)
            for role, rows, pixels in self.sets.values()
            if role == "train"
            for at, row in enumerate(rows)
            if row not in held
        ]
        self.classes = sorted({row for _, _, row in self.train})

    def captions(self):
        """Captions of each class: its name in every template, then keywords that few emojis share."""
        count = {}
        for row in self.classes:
            for word in self.emojis[row]["keywords"]:
                count[word] = count.get(word, 0) + 1
        result = []
        for row in self.classes:
            emoji = self.emojis[row]
            names = [template.format(emoji["name"]) for template in TEMPLATES]
            rare = [word for word in emoji["keywords"] if count[word] <= 3 and word != emoji["name"]]
            result.append((names, rare))
        return result

    def evaluation(self, prefix, rows):
        """Pictures of one set as the product sees a 72 x 72 PNG on white: Pillow's bicubic to 48 x 48."""
        _, have, pixels = self.sets[prefix]
        place = {row: at for at, row in enumerate(have)}
        return torch.stack([tile(pixels[place[row]]) for row in rows])


def on_white(rgba):
    """RGB of an RGBA tile on white, rounded to bytes: what a PNG file of it holds."""
    alpha = rgba[..., 3:].astype(np.float32) / 255
    return np.rint(rgba[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)


def tile(rgba):
    """One evaluation picture as a float tensor [3, 48, 48] in 0..1."""
    image = Image.fromarray(on_white(rgba[RIM : RIM + TILE, RIM : RIM + TILE])).resize((SIZE, SIZE), Image.BICUBIC)
    return torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1).float() / 255


def normal(pixels):
    return (pixels - MEAN) / STD


def augment(rgba, rng, flip):
    """A shifted, scaled, turned, maybe mirrored RGBA picture [4, 48, 48], colours premultiplied."""
    image = Image.fromarray(np.asarray(rgba)).convert("RGBa")
    if rng.random() < 0.5:
        image = image.rotate(rng.gauss(0, 8), Image.BILINEAR)
    side = TILE * math.exp(rng.uniform(-0.14, 0.24))
    wide = min(CANVAS, side * math.exp(rng.uniform(-0.1, 0.1)))
    high = min(CANVAS, side * math.exp(rng.uniform(-0.1, 0.1)))
    left = min(max((CANVAS - wide) / 2 + rng.uniform(-5, 5), 0), CANVAS - wide)
    top = min(max((CANVAS - high) / 2 + rng.uniform(-5, 5), 0), CANVAS - high)
    image = image.resize((SIZE, SIZE), Image.BICUBIC, (left, top, left + wide, top + high))
    if flip and rng.random() < 0.5:
        image = image.transpose(Image.FLIP_LEFT_RIGHT)
    data = np.frombuffer(image.tobytes(), np.uint8).reshape(SIZE, SIZE, 4)
    return torch.from_numpy(data.copy()).permute(2, 0, 1).float() / 255


# How often a batch is distorted, and how: the teacher learns from `STRONG`, the transformer has less time and learns from `LIGHT`.
STRONG = {"grey": 0.08, "hue": (0.7, 0.16), "outline": 0.25, "edge": 0.15, "pale": 0.1, "ground": 0.2, "soft": 0.2, "noise": 0.3, "mixed": 5, "core": 1.5}
LIGHT = {"grey": 0.05, "hue": (0.4, 0.14), "outline": 0.2, "edge": 0.1, "pale": 0.05, "ground": 0.1, "soft": 0.1, "noise": 0.1, "mixed": 8, "core": 2}


def recolour(rgba, gen, style):
    """Outlines, backgrounds and colours of a batch [B, 4, 48, 48]; result RGB [B, 3, 48, 48] in 0..1."""
    b = len(rgba)

    def uniform(low, high, *shape):
        return torch.rand(b, *(shape or (1, 1, 1)), generator=gen) * (high - low) + low

    def chance(share):
        return (torch.rand(b, 1, 1, 1, generator=gen) < share).float()

    colour, alpha = rgba[:, :3], rgba[:, 3:]
    # Inside: saturation, a turn of the hue, contrast and brightness, shading from top to bottom.
    grey = colour.mean(1, keepdim=True)
    saturation = torch.where(chance(style["grey"]) > 0, torch.zeros(b, 1, 1, 1), uniform(0.5, 1.5))
    colour = grey + (colour - grey) * saturation
    share, turn = style["hue"]
    mix = torch.eye(3) + chance(share).view(b, 1, 1) * uniform(-turn, turn, 3, 3)
    mix = mix / mix.sum(2, keepdim=True)
    colour = torch.einsum("bij,bjhw->bihw", mix, colour)
    colour = (colour * uniform(0.7, 1.3) + alpha * uniform(-0.12, 0.12)).clamp(0, 1)
    ramp = torch.linspace(-1, 1, SIZE).view(1, 1, SIZE, 1)
    colour = (colour * (1 + ramp * uniform(-0.2, 0.2))).clamp(0, 1)
    colour = torch.minimum(colour, alpha)
    # Lines: a dark stroke around the shape, and along its inner edges, as line artists draw.
    around = (F.max_pool2d(alpha, 3, 1, 1) - alpha) * chance(style["outline"])
    dark = uniform(0, 0.25)
    colour, alpha = colour * (1 - around) + dark * around, alpha * (1 - around) + around
    shade = (colour + (1 - alpha)).mean(1, keepdim=True)
    edge = (F.max_pool2d(shade, 3, 1, 1) + F.max_pool2d(-shade, 3, 1, 1)) * alpha
    edge = (edge * 2 - 0.2).clamp(0, 1) * chance(style["edge"])
    colour = colour * (1 - edge) + dark * edge
    # Pale colouring keeps the lines and loses the fill.
    pale = chance(style["pale"]) * uniform(0.3, 0.8) * (1 - edge)
    colour = colour * (1 - pale) + alpha * pale
    # Background: white, as files are read; now and then another colour.
    ground = torch.where(chance(style["ground"]) > 0, uniform(0.4, 1, 3, 1, 1), torch.ones(b, 3, 1, 1))
    pixels = colour + ground * (1 - alpha)
    soft = F.avg_pool2d(pixels, 3, 1, 1, count_include_pad=False)
    pixels = pixels + (soft - pixels) * chance(style["soft"]) * uniform(0.3, 1)
    return (pixels + chance(style["noise"]) * 0.03 * torch.randn(pixels.shape, generator=gen)).clamp(0, 1)


def batches(art, size, seed, style):
    """Endless batches (pixels [B, 3, 48, 48] in 0..1, class numbers [B]); every emoji equally often."""
    rng = random.Random(seed)
    gen = torch.Generator().manual_seed(seed)
    number = {row: at for at, row in enumerate(art.classes)}
    of_class = {}
    for pixels, at, row in art.train:
        of_class.setdefault(row, []).append((pixels, at))
    flips = {row: not SIDED.search(art.emojis[row]["name"]) and art.emojis[row]["group"] != "Symbols" for row in of_class}
    # The share of a class grows with the root of its number of pictures.
    weights = [math.sqrt(len(of_class[row])) * (style["core"] if row in art.known else 1) for row in art.classes]
    while True:
        rows = rng.choices(art.classes, weights, k=size)
        pictures = []
        for row in rows:
            pixels, at = rng.choice(of_class[row])
            pictures.append(augment(pixels[at], rng, flips[row]))
        x = recolour(torch.stack(pictures), gen, style)
        # Some of the batch: half of it is another artist's picture of the same emoji.
        mixed = list(range(0, size, style["mixed"]))
        drawn = [rng.choice(of_class[rows[i]]) for i in mixed]
        others = recolour(torch.stack([augment(pixels[at], rng, False) for pixels, at in drawn]), gen, style)
        for i, other in zip(mixed, others):
            if rng.random() < 0.5:
                cut = rng.randint(12, 36)
                x[i, :, :, :cut] = other[:, :, :cut]
            else:
                x[i] = (x[i] + other) / 2
        yield x, torch.tensor([number[row] for row in rows])


def scores_to_figures(scores, truth):
    """Top-1 among all classes, and its exact expectation over random choices of 100 classes (percent)."""
    n = scores.shape[1]
    right = scores.gather(1, truth[:, None])
    above = (scores > right).sum(1) + ((scores == right).sum(1) - 1)
    hundred = [math.comb(n - 1 - int(r), 99) / math.comb(n - 1, 99) if n >= 100 else float("nan") for r in above]
    return 100 * (above == 0).float().mean().item(), 100 * sum(hundred) / len(hundred)


def nearest_pixels(art, prefix, rows, side):
    """Baseline: a class is as near as its nearest training picture, both shrunk to side x side pixels."""

    def shrink(pixels):
        return F.adaptive_avg_pool2d(pixels, side).flatten(1)

    query = shrink(art.evaluation(prefix, rows))
    scores = torch.full((len(rows), len(rows)), -1e9)
    column = {row: at for at, row in enumerate(rows)}
    for role, have, pixels in art.sets.values():
        if role != "train":
            continue
        kept = [(at, row) for at, row in enumerate(have) if row in column]
        known = shrink(torch.stack([tile(pixels[at]) for at, _ in kept]))
        near = -torch.cdist(query, known)
        for i, (_, row) in enumerate(kept):
            scores[:, column[row]] = torch.maximum(scores[:, column[row]], near[:, i])
    return scores_to_figures(scores, torch.arange(len(rows)))
