"""Compound files (MS-CFB), as old Excel and Outlook write them, made for tests."""

import struct

# Smaller streams are in a stream of their own.
_CUTOFF = 4096
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def compound_file(streams):
    """A compound file with these streams by path; `a/b` is the stream b in the storage a."""
    entries = [("Root Entry", 5, b"", [])]
    _add_entries(entries, 0, streams)
    sectors, fat = _Sectors(512), []
    small = _Sectors(64)
    starts = [
        (small if len(data) < _CUTOFF else sectors).add(data) if kind == 2 else _END
        for _, kind, data, _ in entries
    ]
    starts[0] = sectors.add(b"".join(small.parts))
    entries[0] = ("Root Entry", 5, b"".join(small.parts), entries[0][3])
    small_fat_start = sectors.add(struct.pack(f"<{len(small.fat)}I", *small.fat), b"\xff")
    directory = b"".join(
        _entry(name, kind, inner, start, len(data), entries)
        for (name, kind, data, inner), start in zip(entries, starts, strict=True)
    )
    directory_start = sectors.add(directory)
    fat = sectors.fat
    fat_count = len(fat) // 126 + 1
    fat_start = len(fat)
    fat += [_FAT] * fat_count
    fat += [_FREE] * (fat_count * 128 - len(fat))
    header = struct.pack(
        "<8s16sHHHHH6xIIIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"",
        0x3E, 3, 0xFFFE, 9, 6, 0, fat_count, directory_start, 0, _CUTOFF, small_fat_start,
        -(-len(small.fat) // 128), _END, 0, fat_start,
        fat_start + 1 if fat_count > 1 else _FREE,
    )  # fmt: skip
    others = [*range(fat_start + 2, fat_start + fat_count)]
    header += struct.pack("<107I", *others, *[_FREE] * (107 - len(others)))
    return header + b"".join(sectors.parts) + struct.pack(f"<{len(fat)}I", *fat)


class _Sectors:
    """The sectors of a file, or of the stream of small streams, and the table of what follows."""

    def __init__(self, size):
        self.size = size
        self.parts = []
        self.fat = []

    def add(self, data, filler=b"\0"):
        start, size = len(self.parts), self.size
        parts = [data[at : at + size].ljust(size, filler) for at in range(0, len(data), size)]
        self.parts += parts
        self.fat += [*range(start + 1, start + len(parts)), _END] if parts else []
        return start if parts else _END


def _add_entries(entries, parent, streams):
    storages = {}
    for path, data in streams.items():
        name, slash, rest = path.partition("/")
        if slash:
            storages.setdefault(name, {})[rest] = data
        else:
            entries[parent][3].append(len(entries))
            entries.append((name, 2, data, []))
    for name, inner in storages.items():
        entries[parent][3].append(len(entries))
        entries.append((name, 1, b"", []))
        _add_entries(entries, len(entries) - 1, inner)


def _entry(name, kind, inner, start, size, entries):
    """A directory entry; its children are a list that leans to the right."""
    encoded = (name + "\0").encode("utf-16-le")
    number = next(n for n, entry in enumerate(entries) if entry[3] is inner)
    siblings = next((entry[3] for entry in entries if number in entry[3]), [])
    later = siblings[siblings.index(number) + 1 :] if number in siblings else []
    return struct.pack(
        "<64sHBBIII16sIQQIQ",
        encoded, len(encoded), kind, 1, _FREE, later[0] if later else _FREE,
        inner[0] if inner else _FREE, b"", 0, 0, 0, start, size,
    )  # fmt: skip
