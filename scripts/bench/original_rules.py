"""What the scripts of the original's way share: the spacing of a text, and the records of a gzipped WARC or WAT file."""

import gzip


def space(text):
    text = " " + text + " "
    for char in ",.;:?!`":
        text = text.replace(char, " " + char + " ")
    for char in "\t\r\n":
        text = text.replace(char, " ")
    return text


def read_records(path):
    with gzip.open(path, "rb") as file:
        while True:
            line = file.readline()
            if not line:
                return
            if not line.startswith(b"WARC/"):
                continue
            head = {}
            while True:
                line = file.readline().strip()
                if not line:
                    break
                name, _, value = line.partition(b":")
                head[name.strip().lower()] = value.strip()
            yield head, file.read(int(head[b"content-length"]))
