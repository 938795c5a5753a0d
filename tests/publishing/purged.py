"""What a purge must not leave: the raw bytes of a folder, unpacked."""

import contextlib

import zstandard

WORDS = "Wilhelmina Quartzby confessed to the lighthouse keeper in the autumn of 1911."


DIARY = f"# A diary\n\n{WORDS} Nobody else ever heard of it, and the council kept silent.\n"


_FRAME = b"\x28\xb5\x2f\xfd"


def unpack(data):
    """All that zstd packed anywhere in *data*."""
    start = data.find(_FRAME)
    while start >= 0:
        with contextlib.suppress(zstandard.ZstdError):
            yield zstandard.ZstdDecompressor().decompressobj().decompress(data[start:])
        start = data.find(_FRAME, start + 1)


def files_with(index, secret=WORDS):
    """The files below *index*, documents apart, with *secret* in them, packed or not."""
    files = []
    for path in index.rglob("*"):
        if path.is_file() and "documents" not in path.parts:
            data = path.read_bytes()
            if any(secret.encode() in piece for piece in (data, *unpack(data))):
                files.append(path.relative_to(index).as_posix())
    return sorted(files)


def live(index):
    return (index / "CURRENT").read_text().strip()
