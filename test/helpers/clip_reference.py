"""A plain PyTorch CLIP, to hold imported graphs against: `python3 clip_reference.py JOBS.json`.

A job has weights (.safetensors or .pt), heads, activation, pooling, and files with pixels (float32) and token ids (int64); the
embeddings are written as float32, not normalised. Checkpoints with open_clip's names are loaded into modules by those names
(torch.nn.MultiheadAttention among them), checkpoints with transformers' names are computed by hand.
"""
import json
import math
import struct
import sys

import numpy
import torch
from torch import nn
from torch.nn import functional


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        start = 8 + length
        tensors = {}
        for name, row in header.items():
            if name == "__metadata__":
                continue
            first, last = row["data_offsets"]
            kind = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}[row["dtype"]]
            values = numpy.memmap(path, kind, "r", start + first, (last - first) // numpy.dtype(kind).itemsize) if last > first else numpy.zeros(0, kind)
            if row["dtype"] == "BF16":
                values = (values.astype(numpy.uint32) << 16).view(numpy.float32)
            tensors[name] = torch.from_numpy(numpy.array(values, dtype=numpy.float32)).reshape(row["shape"])
    return tensors


def read_weights(path):
    if path.endswith(".safetensors"):
        return read_safetensors(path)
    found = torch.load(path, map_location="cpu")
    found = found.get("state_dict", found)
    return {name.replace("module.", "", 1): value.float() for name, value in found.items()}


def activate(kind):
    return (lambda x: x * torch.sigmoid(1.702 * x)) if kind == "quick_gelu" else functional.gelu


class Activation(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.call = activate(kind)

    def forward(self, x):
        return self.call(x)


class Block(nn.Module):
    def __init__(self, width, heads, mlp_width, kind):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential()
        self.mlp.add_module("c_fc", nn.Linear(width, mlp_width))
        self.mlp.add_module("gelu", Activation(kind))
        self.mlp.add_module("c_proj", nn.Linear(mlp_width, width))

    def forward(self, x, mask):
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False, attn_mask=mask)[0]
        return x + self.mlp(self.ln_2(x))


class Transformer(nn.Module):
    def __init__(self, weights, prefix, heads, kind):
        super().__init__()
        layers = 1 + max(int(n[len(prefix):].split(".")[0]) for n in weights if n.startswith(prefix))
        mlp_width, width = weights[prefix + "0.mlp.c_fc.weight"].shape
        self.resblocks = nn.ModuleList([Block(width, heads, mlp_width, kind) for _ in range(layers)])

    def forward(self, x, mask=None):
        for block in self.resblocks:
            x = block(x, mask)
        return x


class Vision(nn.Module):
    def __init__(self, weights, heads, kind):
        super().__init__()
        conv = weights["visual.conv1.weight"]
        width, size = conv.shape[0], conv.shape[2]
        self.conv1 = nn.Conv2d(3, width, size, size, bias=False)
        self.class_embedding = nn.Parameter(torch.empty(width))
        self.positional_embedding = nn.Parameter(torch.empty(weights["visual.positional_embedding"].shape))
        self.ln_pre = nn.LayerNorm(width)
        self.transformer = Transformer(weights, "visual.transformer.resblocks.", heads, kind)
        self.ln_post = nn.LayerNorm(width)
        self.proj = nn.Parameter(torch.empty(weights["visual.proj"].shape))

    def forward(self, pixels):
        x = self.conv1(pixels).flatten(2).permute(0, 2, 1)
        first = self.class_embedding.expand(x.shape[0], 1, -1)
        x = torch.cat([first, x], 1) + self.positional_embedding
        x = self.transformer(self.ln_pre(x))
        return self.ln_post(x[:, 0]) @ self.proj


class Text(nn.Module):
    def __init__(self, weights, heads, kind):
        super().__init__()
        vocabulary, width = weights["token_embedding.weight"].shape
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.positional_embedding = nn.Parameter(torch.empty(weights["positional_embedding"].shape))
        self.transformer = Transformer(weights, "transformer.resblocks.", heads, kind)
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(torch.empty(weights["text_projection"].shape))

    def forward(self, ids, ends):
        length = ids.shape[1]
        mask = torch.full((length, length), -math.inf).triu(1)
        x = self.token_embedding(ids) + self.positional_embedding[:length]
        x = self.ln_final(self.transformer(x, mask))
        return x[torch.arange(x.shape[0]), ends] @ self.text_projection


def load(module, weights):
    module.load_state_dict(weights, strict=True)
    return module.eval()


def with_open_clip_names(weights, job, pixels, ids, ends):
    weights = {name[5:] if name.startswith("text.") else name: value for name, value in weights.items()}
    inner = {name[7:]: value for name, value in weights.items() if name.startswith("visual.")}
    outer = {name: value for name, value in weights.items() if not name.startswith("visual.") and name != "logit_scale"}
    vision = load(Vision(weights, job["visionHeads"], job["activation"]), inner)
    text = load(Text(weights, job["textHeads"], job["activation"]), outer)
    return vision(pixels), text(ids, ends)


def with_transformers_names(weights, job, pixels, ids, ends):
    call = activate(job["activation"])

    def norm(x, name):
        return functional.layer_norm(x, x.shape[-1:], weights[name + ".weight"], weights[name + ".bias"], 1e-5)

    def linear(x, name):
        return functional.linear(x, weights[name + ".weight"], weights[name + ".bias"])

    def layers(x, prefix, heads, is_causal):
        index = 0
        while f"{prefix}{index}.layer_norm1.weight" in weights:
            p = f"{prefix}{index}."
            batch, length, width = x.shape
            y = norm(x, p + "layer_norm1")
            q, k, v = (
                linear(y, f"{p}self_attn.{part}_proj").reshape(batch, length, heads, width // heads).transpose(1, 2)
                for part in "qkv"
            )
            scores = q @ k.transpose(2, 3) / math.sqrt(width // heads)
            if is_causal:
                scores = scores.masked_fill(torch.ones(length, length).triu(1).bool(), -math.inf)
            y = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, width)
            x = x + linear(y, p + "self_attn.out_proj")
            x = x + linear(call(linear(norm(x, p + "layer_norm2"), p + "mlp.fc1")), p + "mlp.fc2")
            index += 1
        return x

    conv = weights["vision_model.embeddings.patch_embedding.weight"]
    x = functional.conv2d(pixels, conv, stride=conv.shape[2]).flatten(2).transpose(1, 2)
    first = weights["vision_model.embeddings.class_embedding"].expand(x.shape[0], 1, -1)
    x = torch.cat([first, x], 1) + weights["vision_model.embeddings.position_embedding.weight"]
    x = layers(norm(x, "vision_model.pre_layrnorm"), "vision_model.encoder.layers.", job["visionHeads"], False)
    images = norm(x[:, 0], "vision_model.post_layernorm") @ weights["visual_projection.weight"].T

    x = weights["text_model.embeddings.token_embedding.weight"][ids]
    x = x + weights["text_model.embeddings.position_embedding.weight"][: ids.shape[1]]
    x = norm(layers(x, "text_model.encoder.layers.", job["textHeads"], True), "text_model.final_layer_norm")
    texts = x[torch.arange(x.shape[0]), ends] @ weights["text_projection.weight"].T
    return images, texts


def main():
    torch.manual_seed(0)
    with open(sys.argv[1], encoding="utf8") as file:
        jobs = json.load(file)
    for job in jobs:
        weights = read_weights(job["weights"])
        pixels = torch.from_numpy(numpy.fromfile(job["pixels"], "<f4").reshape(job["pixelShape"]))
        ids = torch.from_numpy(numpy.fromfile(job["ids"], "<i8").reshape(job["idShape"]))
        ends = ids.argmax(1) if job["eosId"] is None else (ids == job["eosId"]).int().argmax(1)
        compute = with_open_clip_names if "visual.conv1.weight" in weights else with_transformers_names
        with torch.no_grad():
            images, texts = compute(weights, job, pixels, ids, ends)
        images.contiguous().numpy().astype("<f4").tofile(job["imagesOut"])
        texts.contiguous().numpy().astype("<f4").tofile(job["textsOut"])


main()
