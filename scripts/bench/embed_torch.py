"""The image tower of a CLIP ViT-B/32 in plain PyTorch, for scripts/bench/embed.ts.

    python3 embed_torch.py make CHECKPOINT       writes random weights under open_clip's names
    python3 embed_torch.py serve CHECKPOINT TENSORS COUNT THREADS BATCH
                                                 for each line on stdin: embeds all tensors, prints the seconds;
                                                 the first time writes the embeddings to TENSORS.out
"""
import sys
import time

import torch
import torch.nn.functional as F

WIDTH, LAYERS, HEADS, PATCH, SIZE, DIMENSION = 768, 12, 12, 32, 224, 512
TEXT_WIDTH, TEXT_LAYERS, VOCABULARY, CONTEXT = 512, 12, 49408, 77


def blocks(prefix, width, layers):
    for layer in range(layers):
        at = f"{prefix}transformer.resblocks.{layer}."
        for norm in ("ln_1", "ln_2"):
            yield at + norm + ".weight", (width,), "norm"
            yield at + norm + ".bias", (width,), "bias"
        yield at + "attn.in_proj_weight", (3 * width, width), "weight"
        yield at + "attn.in_proj_bias", (3 * width,), "bias"
        yield at + "attn.out_proj.weight", (width, width), "weight"
        yield at + "attn.out_proj.bias", (width,), "bias"
        yield at + "mlp.c_fc.weight", (4 * width, width), "weight"
        yield at + "mlp.c_fc.bias", (4 * width,), "bias"
        yield at + "mlp.c_proj.weight", (width, 4 * width), "weight"
        yield at + "mlp.c_proj.bias", (width,), "bias"


def shapes():
    yield "visual.class_embedding", (WIDTH,), "bias"
    yield "visual.positional_embedding", ((SIZE // PATCH) ** 2 + 1, WIDTH), "bias"
    yield "visual.conv1.weight", (WIDTH, 3, PATCH, PATCH), "weight"
    for norm, width in (("visual.ln_pre", WIDTH), ("visual.ln_post", WIDTH), ("ln_final", TEXT_WIDTH)):
        yield norm + ".weight", (width,), "norm"
        yield norm + ".bias", (width,), "bias"
    yield "visual.proj", (WIDTH, DIMENSION), "weight"
    yield from blocks("visual.", WIDTH, LAYERS)
    yield "token_embedding.weight", (VOCABULARY, TEXT_WIDTH), "weight"
    yield "positional_embedding", (CONTEXT, TEXT_WIDTH), "bias"
    yield from blocks("", TEXT_WIDTH, TEXT_LAYERS)
    yield "text_projection", (TEXT_WIDTH, DIMENSION), "weight"


def make(path):
    torch.manual_seed(0)
    state = {"logit_scale": torch.tensor(4.6052)}
    for name, shape, kind in shapes():
        scale = 0.04 if kind == "weight" else 0.1
        state[name] = torch.randn(shape) * scale + (1.0 if kind == "norm" else 0.0)
    torch.save(state, path)


def embed(state, pixels):
    def norm(x, name):
        return F.layer_norm(x, (x.shape[-1],), state[name + ".weight"], state[name + ".bias"])

    x = F.conv2d(pixels, state["visual.conv1.weight"], stride=PATCH).flatten(2).transpose(1, 2)
    start = state["visual.class_embedding"].expand(x.shape[0], 1, WIDTH)
    x = norm(torch.cat([start, x], 1) + state["visual.positional_embedding"], "visual.ln_pre")
    count, length, _ = x.shape
    for layer in range(LAYERS):
        at = f"visual.transformer.resblocks.{layer}."
        y = F.linear(norm(x, at + "ln_1"), state[at + "attn.in_proj_weight"], state[at + "attn.in_proj_bias"])
        q, k, v = y.view(count, length, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        y = torch.softmax(q @ k.transpose(-1, -2) * (WIDTH // HEADS) ** -0.5, -1) @ v
        y = y.transpose(1, 2).reshape(count, length, WIDTH)
        x = x + F.linear(y, state[at + "attn.out_proj.weight"], state[at + "attn.out_proj.bias"])
        y = F.linear(norm(x, at + "ln_2"), state[at + "mlp.c_fc.weight"], state[at + "mlp.c_fc.bias"])
        y = y * torch.sigmoid(1.702 * y)
        x = x + F.linear(y, state[at + "mlp.c_proj.weight"], state[at + "mlp.c_proj.bias"])
    return F.normalize(norm(x[:, 0], "visual.ln_post") @ state["visual.proj"], dim=-1)


def serve(path, tensors, count, threads, batch):
    torch.set_num_threads(threads)
    state = torch.load(path)
    pixels = torch.from_file(tensors, size=count * 3 * SIZE * SIZE).view(count, 3, SIZE, SIZE).clone()
    written = False
    with torch.inference_mode():
        for _ in sys.stdin:
            start = time.perf_counter()
            rows = torch.cat([embed(state, part) for part in pixels.split(batch)])
            seconds = time.perf_counter() - start
            if not written:
                with open(tensors + ".out", "wb") as file:
                    file.write(rows.numpy().tobytes())
                written = True
            print(seconds, flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2])
    else:
        serve(sys.argv[2], sys.argv[3], *map(int, sys.argv[4:7]))
