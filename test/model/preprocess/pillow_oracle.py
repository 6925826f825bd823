"""The published preprocessing pipelines, literally, with Pillow and numpy: what the tests compare with.

    pillow_oracle.py < jobs.json > answers.json

A job is {"path": image file, or "raw": bytes file with "mode" and "size"; "spec": a PreprocessSpec}. The answer is the
sha256 of the RGB pixels after resize and crop, and of the float32 tensor.
"""
import hashlib
import json
import math
import sys

import numpy as np
from PIL import Image, ImageFile

FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}


def open_image(job):
    if "raw" in job:
        with open(job["raw"], "rb") as file:
            return Image.frombytes(job["mode"], tuple(job["size"]), file.read())
    image = Image.open(job["path"])
    image.load()
    if image.mode.startswith("I"):
        # The one difference: 16-bit grey keeps its high byte, where Pillow would cut off all above 255.
        image = Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
    return image


def torchvision(image, spec):
    resize, crop = spec["resize"], spec["crop"]
    width, height = image.size
    resample = FILTERS[spec["filter"]]
    if resize["mode"] == "squash":
        image = image.resize((resize["width"], resize["height"]), resample)
    elif resize["mode"] == "shortest":
        size = resize["size"]
        short, long = (width, height) if width <= height else (height, width)
        new_short, new_long = size, int(size * long / short)
        image = image.resize((new_short, new_long) if width <= height else (new_long, new_short), resample)
    if crop is not None:
        crop_width, crop_height = crop["width"], crop["height"]
        width, height = image.size
        if crop_width > width or crop_height > height:
            left = (crop_width - width) // 2 if crop_width > width else 0
            top = (crop_height - height) // 2 if crop_height > height else 0
            padded = Image.new(image.mode, (max(crop_width, width), max(crop_height, height)), 0)
            if image.mode == "P":
                padded.putpalette(image.getpalette())
            padded.paste(image, (left, top))
            image = padded
            width, height = image.size
        top = int(round((height - crop_height) / 2.0))
        left = int(round((width - crop_width) / 2.0))
        image = image.crop((left, top, left + crop_width, top + crop_height))
    pixels = np.asarray(image.convert("RGB"))
    tensor = pixels.transpose(2, 0, 1).astype(np.float32)
    tensor = tensor / np.float32(255) if spec["scale"] == 1 / 255 else (pixels.transpose(2, 0, 1) * spec["scale"]).astype(np.float32)
    return pixels, tensor


def transformers(image, spec):
    if spec["convertRgb"] == "before-resize":
        image = image.convert("RGB")
    resize, crop = spec["resize"], spec["crop"]
    width, height = image.size
    resample = FILTERS[spec["filter"]]
    if resize["mode"] == "squash":
        image = image.resize((resize["width"], resize["height"]), resample)
    elif resize["mode"] == "shortest":
        size = resize["size"]
        short, long = (width, height) if width <= height else (height, width)
        new_short, new_long = size, int(size * long / short)
        image = image.resize((new_short, new_long) if width <= height else (new_long, new_short), resample)
    pixels = np.asarray(image.convert("RGB"))
    if crop is not None:
        height, width = pixels.shape[:2]
        top, left = (height - crop["height"]) // 2, (width - crop["width"]) // 2
        new_height, new_width = max(crop["height"], height), max(crop["width"], width)
        padded = np.zeros((new_height, new_width, 3), np.uint8)
        top_pad, left_pad = math.ceil((new_height - height) / 2), math.ceil((new_width - width) / 2)
        padded[top_pad : top_pad + height, left_pad : left_pad + width] = pixels
        top, left = top + top_pad, left + left_pad
        pixels = padded[top : top + crop["height"], left : left + crop["width"]]
    tensor = (pixels.transpose(2, 0, 1).astype(np.float64) * spec["scale"]).astype(np.float32)
    return pixels, tensor


def answer(job):
    spec = job["spec"]
    image = open_image(job)
    pixels, tensor = (torchvision if spec["pipeline"] == "open_clip" else transformers)(image, spec)
    mean = np.array(spec["mean"], np.float32).reshape(3, 1, 1)
    std = np.array(spec["std"], np.float32).reshape(3, 1, 1)
    tensor = (tensor - mean) / std
    assert tensor.dtype == np.float32
    return {
        "pixels": hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest(),
        "tensor": hashlib.sha256(np.ascontiguousarray(tensor).tobytes()).hexdigest(),
    }


if __name__ == "__main__":
    Image.MAX_IMAGE_PIXELS = None
    json.dump([answer(job) for job in json.load(sys.stdin)], sys.stdout)
