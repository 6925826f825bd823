"""Writes the trained student as a hub-style folder: config.json, preprocessor_config.json, model.safetensors.

    python3 export.py WORK/student.pt models/emoji
"""
import json
import struct
import sys

import torch

from towers import CONTEXT, EMBED, PATCH, SIZE, TEXT, VISION, VOCABULARY


def tower(sizes, **more):
    return {
        "hidden_size": sizes["width"],
        "intermediate_size": sizes["mlp"],
        "num_hidden_layers": sizes["layers"],
        "num_attention_heads": sizes["heads"],
        "hidden_act": "quick_gelu",
        "layer_norm_eps": 1e-5,
        "projection_dim": EMBED,
        **more,
    }


def write_json(path, value):
    with open(path, "w", encoding="utf8") as file:
        file.write(json.dumps(value, indent=2) + "\n")


def write_safetensors(path, tensors):
    """Length of the header, header (a JSON object), bytes of the tensors; names sorted, header padded to 8."""
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name in sorted(tensors):
        size = tensors[name].numel() * 4
        header[name] = {"dtype": "F32", "shape": list(tensors[name].shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(tensors):
            file.write(tensors[name].detach().float().contiguous().numpy().astype("<f4").tobytes())


def main(source, folder):
    write_safetensors(f"{folder}/model.safetensors", torch.load(source, map_location="cpu"))
    write_json(
        f"{folder}/config.json",
        {
            "architectures": ["CLIPModel"],
            "model_type": "clip",
            "projection_dim": EMBED,
            "torch_dtype": "float32",
            "text_config": tower(
                TEXT,
                model_type="clip_text_model",
                vocab_size=VOCABULARY,
                max_position_embeddings=CONTEXT,
                bos_token_id=VOCABULARY - 2,
                eos_token_id=VOCABULARY - 1,
                pad_token_id=VOCABULARY - 1,
            ),
            "vision_config": tower(VISION, model_type="clip_vision_model", image_size=SIZE, patch_size=PATCH, num_channels=3),
        },
    )
    write_json(
        f"{folder}/preprocessor_config.json",
        {
            "image_processor_type": "CLIPImageProcessor",
            "do_convert_rgb": True,
            "do_resize": True,
            "size": {"shortest_edge": SIZE},
            "resample": 3,
            "do_center_crop": True,
            "crop_size": {"height": SIZE, "width": SIZE},
            "do_rescale": True,
            "rescale_factor": 1 / 255,
            "do_normalize": True,
            "image_mean": [0.48145466, 0.4578275, 0.40821073],
            "image_std": [0.26862954, 0.26130258, 0.27577711],
        },
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
