"""Pillow's side of resize.ts: one JSON command a line on stdin, one JSON answer a line on stdout.

{"load": path, "mode", "size"}  holds an image of raw bytes
{"hash": [width, height], "box"}  sha256 of its bytes after the resize and a crop
{"time": [width, height], "count"}  seconds of one resize, mean over count
{"time_file": path, "side", "count"}  seconds from a JPEG file to a float32 tensor, mean over count
"""
import hashlib
import json
import sys
import time

import numpy as np
from PIL import Image

MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32).reshape(3, 1, 1)
STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32).reshape(3, 1, 1)


def tensor_of(path, side):
    image = Image.open(path)
    width, height = image.size
    size = (side, int(side * height / width)) if width <= height else (int(side * width / height), side)
    image = image.resize(size, Image.Resampling.BICUBIC)
    left, top = round((size[0] - side) / 2), round((size[1] - side) / 2)
    pixels = np.asarray(image.crop((left, top, left + side, top + side)).convert("RGB"))
    return (np.ascontiguousarray(pixels.transpose(2, 0, 1)).astype(np.float32) / np.float32(255) - MEAN) / STD


def mean_seconds(work, count):
    start = time.perf_counter()
    for _ in range(count):
        work()
    return (time.perf_counter() - start) / count


image = None
for line in sys.stdin:
    command = json.loads(line)
    if "load" in command:
        with open(command["load"], "rb") as file:
            image = Image.frombytes(command["mode"], tuple(command["size"]), file.read())
        answer = Image.__version__
    elif "hash" in command:
        resized = image.resize(tuple(command["hash"]), Image.Resampling.BICUBIC)
        answer = hashlib.sha256(resized.crop(tuple(command["box"])).tobytes()).hexdigest()
    elif "time" in command:
        size = tuple(command["time"])
        answer = mean_seconds(lambda: image.resize(size, Image.Resampling.BICUBIC), command["count"])
    elif "hash_file" in command:
        answer = hashlib.sha256(tensor_of(command["hash_file"], command["side"]).tobytes()).hexdigest()
    else:
        answer = mean_seconds(lambda: tensor_of(command["time_file"], command["side"]), command["count"])
    print(json.dumps(answer), flush=True)
