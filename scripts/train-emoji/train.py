"""Trains the emoji model from the rendered artwork; one thread, seeded.

    python3 train.py teacher WORK --steps N --out FILE                   a convolutional CLIP, texts and pictures
    python3 train.py student WORK --steps N --out FILE --teacher FILE    the transformer, distilled from it

The student takes the teacher's text tower as it is, and learns to give pictures the teacher's embeddings.
train.sh has the commands of the published weights.
"""
import argparse
import collections
import copy
import itertools
import math
import os
import random
import time

import torch
import torch.nn.functional as F

from pictures import LIGHT, PROMPTS, STRONG, Artwork, batches, normal, scores_to_figures
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
        self.all = [
            ([tokenizer.encode(text) for text in names], [tokenizer.encode(text) for text in rare])
            for names, rare in art.captions()
        ]

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
    weights = class_weights(model, tokenizer, [art.emojis[row]["name"] for row in rows])
    images = model.image(normal(art.evaluation(prefix, rows)))
    return scores_to_figures(images @ weights.T, torch.arange(len(rows)))


def scale_of(model):
    return model.logit_scale.clamp(max=math.log(100)).exp()


def parts(path, keep):
    """The weights of a file whose name `keep` says to take."""
    return {name: value for name, value in torch.load(path).items() if keep(name)}


class Run:
    """What both trainings share: the optimiser's schedule, the log, the weights that are written."""

    def __init__(self, options, model, art, tokenizer, weights, warm, last):
        self.options, self.model, self.art, self.tokenizer = options, model, art, tokenizer
        # What is measured and written is the running mean of the weights, which a step's noise hardly moves.
        self.mean = copy.deepcopy(model).eval()
        self.warm, self.last = warm, last
        self.weights = weights
        groups = [
            {"params": [p for p in weights if p.ndim > 1], "weight_decay": 0.1},
            {"params": [p for p in weights if p.ndim <= 1], "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(groups, options.rate, (0.9, 0.98))
        self.steps = options.steps
        self.cool = options.steps if options.cool is None else options.cool
        self.started, self.losses = time.time(), []
        print(
            f"{options.what}: {len(art.train)} pictures of {len(art.classes)} names;"
            f" measured on {len(art.known)}, held out {len(art.held)}",
            flush=True,
        )

    def counted(self):
        """The steps, each with its learning rate set: a rise, a plateau, a straight fall from step `cool`."""
        for step in itertools.count(1):
            # A file asks for the end early: the rate falls from here, over as many steps as before.
            if step < self.cool < self.steps and os.path.exists(f"{self.options.out}.cool"):
                self.cool, self.steps = step, step + self.steps - self.cool
                print(f"cooling: same as --steps {self.steps} --cool {self.cool}", flush=True)
            if step > min(self.steps, self.options.stop or self.steps):
                return
            rate = self.options.rate * min(1, step / self.warm)
            if step > self.cool:
                rate *= (self.steps + self.last - step) / (self.steps - self.cool)
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            yield step

    @torch.no_grad()
    def follow(self, step):
        """Moves the mean towards the weights: by a thousandth, at first by more."""
        share = max(1e-3, 1 / (1 + step / 10))
        for mean, now in zip(self.mean.state_dict().values(), self.model.state_dict().values()):
            mean.lerp_(now, share) if mean.is_floating_point() else mean.copy_(now)

    def learn(self, step, loss):
        """One step down the gradient; now and then the figures on OpenMoji and the weights as a file."""
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.weights, 2.0)
        self.optimiser.step()
        self.follow(step)
        self.losses.append(loss.item())
        options = self.options
        if step % options.every != 0 and step != self.steps and step != options.stop:
            return
        known = measure(self.mean, self.art, self.tokenizer, "openmoji", self.art.known)
        held = measure(self.mean, self.art, self.tokenizer, "openmoji", self.art.held)
        print(
            f"step {step} loss {sum(self.losses) / len(self.losses):.3f} scale {scale_of(self.mean).item():.1f}"
            f" openmoji {known[0]:.1f} / of 100 {known[1]:.1f} / held-out names {held[0]:.1f}"
            f"  {time.time() - self.started:.0f} s, CPU {time.process_time():.0f} s",
            flush=True,
        )
        self.losses = []
        torch.save(self.mean.state_dict(), options.out)
        if step in options.snapshot:
            torch.save(self.mean.state_dict(), f"{options.out}.{step}")


def train_teacher(options):
    art, tokenizer = Artwork(options.work), Tokenizer(os.path.join(MODEL, "tokenizer.json"))
    rng = random.Random(options.seed)
    captions = Captions(art, tokenizer, rng)
    model = Teacher()
    run = Run(options, model, art, tokenizer, list(model.parameters()), 150, 0)
    source = batches(art, options.batch, options.seed + 1, STRONG)
    everything = range(len(art.classes))
    for step in run.counted():
        x, labels = next(source)
        # The names of the batch stand against 500 others, far more than a batch would bring.
        chosen = sorted(set(labels.tolist()) | set(rng.sample(everything, 500)))
        place = {number: at for at, number in enumerate(chosen)}
        truth = torch.tensor([place[number] for number in labels.tolist()])
        texts = model.text(captions.draw(chosen))
        logits = scale_of(model) * model.image(normal(x)) @ texts.T
        run.learn(step, F.cross_entropy(logits, truth, label_smoothing=0.1))


def train_student(options):
    art, tokenizer = Artwork(options.work), Tokenizer(os.path.join(MODEL, "tokenizer.json"))
    rng = random.Random(options.seed)
    model = Clip(0.05)
    model.load_state_dict(parts(options.teacher, lambda name: name.startswith("text_")), strict=False)
    if options.start:
        model.load_state_dict(parts(options.start, lambda name: not name.startswith("text_")), strict=False)
    teacher = Teacher()
    teacher.load_state_dict(torch.load(options.teacher))
    teacher.eval()
    # The text tower is not trained on: 24 drawings of a caption for each name are embedded once.
    captions = Captions(art, tokenizer, rng)
    with torch.no_grad():
        cached = [model.text(captions.draw(range(len(art.classes)))) for _ in range(24)]
    weights = [p for name, p in model.named_parameters() if not name.startswith("text_")]
    run = Run(options, model, art, tokenizer, weights, 200, 1)
    source = batches(art, options.batch, options.seed + 1, {"strong": STRONG, "light": LIGHT}[options.style])
    kept = collections.deque(maxlen=150)
    for step in run.counted():
        # Drawing, distorting and the teacher's reading cost as much as the step itself: batches are kept and used again.
        if options.echo > 1 and len(kept) >= 20 and step % options.echo != 0:
            x, labels, theirs = rng.choice(kept)
        else:
            x, labels = next(source)
            x = normal(x)
            with torch.no_grad():
                theirs = teacher.image(x)
            kept.append((x, labels, theirs))
        texts = cached[rng.randrange(len(cached))]
        images = model.image(x, options.keep)
        logits = scale_of(model) * images @ texts.T
        target = (teacher.logit_scale.exp() * theirs @ texts.T).detach().softmax(1)
        named = F.cross_entropy(logits, labels, label_smoothing=0.1)
        near = (1 - (images * theirs).sum(1)).mean()
        run.learn(step, 0.3 * named + 0.7 * F.cross_entropy(logits, target) + 4 * near)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["teacher", "student"])
    parser.add_argument("work", help="folder that render.mjs filled")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--cool", type=int, help="step from which the rate falls to nothing")
    parser.add_argument("--stop", type=int, help="end at this step of the schedule")
    parser.add_argument("--out", required=True, help="file of the weights")
    parser.add_argument("--snapshot", type=int, nargs="*", default=[], help="steps whose weights are kept as FILE.STEP")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=96)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--every", type=int, default=200)
    parser.add_argument("--teacher", help="student: weights to distil from")
    parser.add_argument("--start", help="student: vision weights to go on from")
    parser.add_argument("--keep", type=float, default=1.0, help="student: share of the patches that a step reads")
    parser.add_argument("--style", choices=["strong", "light"], default="light", help="student: how far batches are distorted")
    parser.add_argument("--echo", type=int, default=1, help="student: steps for each batch that is drawn")
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(given.seed)
    if given.what == "teacher":
        train_teacher(given)
    else:
        train_student(given)
