"""The towers in plain PyTorch; parameter names are those of a hub CLIPModel, so that the state dict is the model file."""
import math

import torch
import torch.nn.functional as F
from torch import nn

SIZE, PATCH = 48, 8
VISION = {"width": 128, "layers": 4, "heads": 4, "mlp": 512}
TEXT = {"width": 64, "layers": 2, "heads": 2, "mlp": 256}
CONTEXT, VOCABULARY, EMBED = 77, 4096, 96


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x, mask):
        b, n, d = x.shape
        q, k, v = (f(x).view(b, n, self.heads, -1).transpose(1, 2) for f in (self.q_proj, self.k_proj, self.v_proj))
        scores = (q * (d // self.heads) ** -0.5) @ k.transpose(-1, -2)
        if mask is not None:
            scores = scores + mask
        return self.out_proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(b, n, d))


class Mlp(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x):
        # quick_gelu: x * sigmoid(1.702 x). By multiplication: a division takes six times as long here.
        return self.fc2(F.silu(self.fc1(x) * 1.702) * (1 / 1.702))


class Layer(nn.Module):
    def __init__(self, width, heads, mlp, drop):
        super().__init__()
        self.self_attn, self.mlp = Attention(width, heads), Mlp(width, mlp)
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.drop = drop

    def skip(self, x):
        """Stochastic depth: in training a branch is left out for some of the batch."""
        if not self.training or self.drop == 0:
            return x
        keep = (torch.rand(x.shape[0], 1, 1) >= self.drop).float()
        return x * (keep / (1 - self.drop))

    def forward(self, x, mask=None):
        x = x + self.skip(self.self_attn(self.layer_norm1(x), mask))
        return x + self.skip(self.mlp(self.layer_norm2(x)))


class Encoder(nn.Module):
    def __init__(self, width, layers, heads, mlp, drop=0.0):
        super().__init__()
        self.layers = nn.ModuleList(Layer(width, heads, mlp, drop * i / max(1, layers - 1)) for i in range(layers))


class VisionTower(nn.Module):
    def __init__(self, drop):
        super().__init__()
        width = VISION["width"]
        self.embeddings = nn.Module()
        self.embeddings.class_embedding = nn.Parameter(torch.randn(width) * 0.02)
        self.embeddings.patch_embedding = nn.Conv2d(3, width, PATCH, PATCH, bias=False)
        self.embeddings.position_embedding = nn.Embedding((SIZE // PATCH) ** 2 + 1, width)
        self.pre_layrnorm = nn.LayerNorm(width)
        self.encoder = Encoder(**VISION, drop=drop)
        self.post_layernorm = nn.LayerNorm(width)

    def forward(self, pixels, keep=1.0):
        """`keep` below 1 reads only that share of the patches, others for each picture: a cheaper training step."""
        e = self.embeddings
        x = e.patch_embedding(pixels).flatten(2).transpose(1, 2) + e.position_embedding.weight[1:]
        if keep < 1:
            order = torch.rand(x.shape[:2]).argsort(1)[:, : round(keep * x.shape[1])]
            x = x.gather(1, order[..., None].expand(-1, -1, x.shape[2]))
        first = e.class_embedding + e.position_embedding.weight[0]
        x = torch.cat([first.expand(len(x), 1, -1), x], 1)
        x = self.pre_layrnorm(x)
        for layer in self.encoder.layers:
            x = layer(x)
        return self.post_layernorm(x[:, 0])


class TextTower(nn.Module):
    def __init__(self):
        super().__init__()
        width = TEXT["width"]
        self.embeddings = nn.Module()
        self.embeddings.token_embedding = nn.Embedding(VOCABULARY, width)
        self.embeddings.position_embedding = nn.Embedding(CONTEXT, width)
        self.encoder = Encoder(**TEXT)
        self.final_layer_norm = nn.LayerNorm(width)
        nn.init.normal_(self.embeddings.token_embedding.weight, std=0.02)
        nn.init.normal_(self.embeddings.position_embedding.weight, std=0.01)

    def forward(self, ids):
        n = ids.shape[1]
        x = self.embeddings.token_embedding(ids) + self.embeddings.position_embedding.weight[:n]
        mask = torch.full((n, n), float("-inf")).triu(1)
        for layer in self.encoder.layers:
            x = layer(x, mask)
        end = (ids == VOCABULARY - 1).int().argmax(1)
        return self.final_layer_norm(x[torch.arange(len(x)), end])


def positions(side, width):
    """Fixed sines of a patch's row and column: where the learnt positions start."""
    line = torch.arange(side).float()[:, None] * torch.exp(-math.log(100.0) * torch.arange(width // 4) / (width // 4))
    wave = torch.cat([line.sin(), line.cos()], 1)
    rows = wave[:, None].expand(side, side, -1)
    return torch.cat([rows, rows.transpose(0, 1)], 2).reshape(side * side, width)


class Clip(nn.Module):
    """A CLIP with a vision transformer of 48 x 48 pixels; embeddings are returned normalised."""

    def __init__(self, drop=0.0):
        super().__init__()
        self.vision_model, self.text_model = VisionTower(drop), TextTower()
        self.visual_projection = nn.Linear(VISION["width"], EMBED, bias=False)
        self.text_projection = nn.Linear(TEXT["width"], EMBED, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(15.0)))
        with torch.no_grad():
            table = self.vision_model.embeddings.position_embedding.weight
            table.mul_(0.02)
            table[1:] = positions(SIZE // PATCH, VISION["width"]) * 0.3
            for layer in self.vision_model.encoder.layers:
                # Attention starts with a weak pull to its like, and passes on what it reads at full size:
                # with PyTorch's own start all pictures have nearly one embedding (mean cosine 0.9996).
                attention, width = layer.self_attn, VISION["width"]
                nn.init.normal_(attention.q_proj.weight, std=0.5 * width**-0.5)
                attention.k_proj.weight.copy_(attention.q_proj.weight)
                for linear in (attention.v_proj, attention.out_proj, layer.mlp.fc1, layer.mlp.fc2):
                    nn.init.normal_(linear.weight, std=linear.in_features**-0.5)
                    linear.bias.zero_()

    def image(self, pixels, keep=1.0):
        return F.normalize(self.visual_projection(self.vision_model(pixels, keep)), dim=-1)

    def text(self, ids):
        return F.normalize(self.text_projection(self.text_model(ids)), dim=-1)


class Residual(nn.Module):
    def __init__(self, inside, outside, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.norm1, self.norm2 = nn.BatchNorm2d(outside), nn.BatchNorm2d(outside)
        self.side = nn.Identity()
        if stride != 1 or inside != outside:
            self.side = nn.Sequential(nn.AvgPool2d(stride), nn.Conv2d(inside, outside, 1, bias=False), nn.BatchNorm2d(outside))

    def forward(self, x):
        return F.relu(self.side(x) + self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x))))))


class Teacher(nn.Module):
    """A convolutional CLIP of the same text tower: learns small pictures faster, and the transformer learns from it."""

    def __init__(self, widths=(32, 64, 128, 256)):
        super().__init__()
        stem = [nn.Conv2d(3, widths[0], 3, 1, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU(), nn.MaxPool2d(2)]
        steps = [Residual(a, b, 1 if i == 0 else 2) for i, (a, b) in enumerate(zip((widths[0], *widths), widths))]
        self.trunk = nn.Sequential(*stem, *steps).to(memory_format=torch.channels_last)
        self.text_model = TextTower()
        self.visual_projection = nn.Linear(widths[-1] * 9, EMBED, bias=False)
        self.text_projection = nn.Linear(TEXT["width"], EMBED, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(15.0)))

    def image(self, pixels, keep=1.0):
        # Channels last: the same sums, in three quarters of the time.
        seen = self.trunk(pixels.contiguous(memory_format=torch.channels_last)).flatten(1)
        return F.normalize(self.visual_projection(F.dropout(seen, 0.2, self.training)), dim=-1)

    text = Clip.text
