"""Trains the emoji model from the rendered artwork; one thread, seeded, the same bytes each time on one machine.

    python3 train.py teacher WORK --steps N --out FILE                  the convolutional teacher
    python3 train.py student WORK --steps N --out FILE [--teacher FILE] the transformer, alone or distilled
"""
import argparse
import itertools
import math
import os
import random
import time

import torch
import torch.nn.functional as F

from pictures import PROMPTS, Artwork, batches, nearest_pixels, normal, scores_to_figures
from tokenizer import Tokenizer
from towers import Clip, Teacher

HERE = os.path.dirname(os.path.abspath(__file__))
MODEL = os.path.join(HERE, "../../models/emoji")


def padded(lists):
    """Token ids [N, longest], filled up with the end token, which a causal tower never looks at."""
    length = max(map(len, lists))
    return torch.tensor([ids + [ids[-1]] * (length - len(ids)) for ids in lists])


class Captions:
    def __init__(self, art, tokenizer, rng):
        self.rng = rng
        encode = lambda texts: [tokenizer.encode(text) for text in texts]
        self.all = [(encode(names), encode(rare)) for names, rare in art.captions()]

    def draw(self, numbers):
        """One caption of each class: three in four a name in a template, else a keyword."""
        chosen = []
        for number in numbers:
            names, rare = self.all[number]
            chosen.append(self.rng.choice(rare if rare and self.rng.random() < 0.25 else names))
        return padded(chosen)


@torch.no_grad()
def class_weights(model, tokenizer, names):
    """Zero-shot weights [N, embed]: mean over the prompts of normalised text embeddings, normalised."""
    total = 0
    for prompt in PROMPTS:
        total = total + model.text(padded([tokenizer.encode(prompt.format(name)) for name in names]))
    return F.normalize(total, dim=-1)


@torch.no_grad()
def measure(model, art, tokenizer, prefix, rows):
    """Zero-shot top-1 of a set among `rows`, and expected top-1 among 100 of them (percent)."""
    model.eval()
    weights = class_weights(model, tokenizer, [art.emojis[row]["name"] for row in rows])
    images = model.image(normal(art.evaluation(prefix, rows)))
    model.train()
    return scores_to_figures(images @ weights.T, torch.arange(len(rows)))


def train(options):
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    art, tokenizer = Artwork(options.work), Tokenizer(os.path.join(MODEL, "tokenizer.json"))
    rng = random.Random(options.seed)
    captions = Captions(art, tokenizer, rng)
    teacher = None
    model = Teacher() if options.what == "teacher" else Clip(0.05)
    if options.start:
        start = torch.load(options.start)
        model.load_state_dict({name: value for name, value in start.items() if name.startswith("vision_model")}, strict=False)
    if options.teacher:
        teacher = Teacher()
        teacher.load_state_dict(torch.load(options.teacher))
        model.text_model.load_state_dict(teacher.text_model.state_dict())
        model.text_projection.load_state_dict(teacher.text_projection.state_dict())
        teacher.eval()
        for parameter in teacher.parameters():
            parameter.requires_grad_(False)
    print(f"{len(art.train)} pictures of {len(art.classes)} names; measured on {len(art.known)}, held out {len(art.held)}", flush=True)
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW([{"params": decayed, "weight_decay": options.decay}, {"params": plain, "weight_decay": 0.0}], options.rate, (0.9, 0.98))
    source = batches(art, options.batch, options.seed + 1)
    steps, cool, started, spent, shown = options.steps, options.steps if options.cool is None else options.cool, time.time(), time.process_time(), [0.0, 0]
    everything = list(range(len(art.classes)))
    for step in itertools.count(1):
        # A file asks for the end early: the rate falls from here, over as many steps as before.
        if step < cool < steps and os.path.exists(f"{options.out}.cool"):
            cool, steps = step, step + steps - cool
            print(f"cooling: same as --steps {steps} --cool {cool}", flush=True)
        if step > steps:
            break
        rate = options.rate * min(1, step / 150) * (1 if step <= cool else max(0.01, (steps - step) / (steps - cool)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        x, labels = next(source)
        x = normal(x)
        chosen = sorted(set(labels.tolist()) | set(rng.sample(everything, min(options.names, len(everything)))))
        place = {number: at for at, number in enumerate(chosen)}
        truth = torch.tensor([place[number] for number in labels.tolist()])
        ids = captions.draw(chosen)
        texts = model.text(ids)
        images = model.image(x)
        scale = model.logit_scale.clamp(max=math.log(100)).exp()
        logits = scale * images @ texts.T
        loss = F.cross_entropy(logits, truth, label_smoothing=0.1)
        if teacher is not None:
            with torch.no_grad():
                theirs = teacher.image(x)
                target = (teacher.logit_scale.exp() * theirs @ teacher.text(ids).T).softmax(1)
            loss = 0.3 * loss + 0.7 * F.cross_entropy(logits, target) + 2 * (1 - (images * theirs).sum(1)).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimiser.step()
        shown = [shown[0] + loss.item(), shown[1] + 1]
        if step % options.every == 0 or step == steps:
            known = measure(model, art, tokenizer, "openmoji", art.known)
            held = measure(model, art, tokenizer, "openmoji", art.held)
            print(
                f"step {step} loss {shown[0] / shown[1]:.3f} scale {scale.item():.1f} openmoji {known[0]:.1f} / of 100 {known[1]:.1f}"
                f" / held-out names {held[0]:.1f}  {time.time() - started:.0f} s, CPU {time.process_time() - spent:.0f} s",
                flush=True,
            )
            shown = [0.0, 0]
            torch.save(model.state_dict(), options.out)
    torch.save(model.state_dict(), options.out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["teacher", "student"])
    parser.add_argument("work")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--names", type=int, default=500)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--decay", type=float, default=0.1)
    parser.add_argument("--every", type=int, default=200)
    parser.add_argument("--start", help="start with this vision tower")
    parser.add_argument("--cool", type=int, help="step from which the rate falls to nothing")
    parser.add_argument("--out", required=True)
    parser.add_argument("--teacher", help="distil from these weights, and start with their text tower")
    train(parser.parse_args())
