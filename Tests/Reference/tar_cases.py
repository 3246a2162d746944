"""Writes tar archives in every format with what Python's tarfile finds in them: Tests/Fixtures/tar_cases.json."""

import base64
import io
import json
import tarfile
from pathlib import Path

LONG = "a/" * 60 + "a-name-that-is-too-long-for-the-hundred-bytes-of-a-header.jpg"
FILES = {
    "000010005.jpg": b"not really a picture",
    "000010005.txt": "a caption with ünïcödé".encode(),
    "./folder/one.two.png": bytes(range(256)) * 3,
    "exactly-512.webp": b"\x07" * 512,
    "empty.jpg": b"",
    LONG: b"found by its long name",
    "schöne-bilder/ß.jpeg": b"found by a name beyond ASCII",
}


def archive(kind):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as tar:
        for name, contents in FILES.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(contents)
            # Fractions of a second make pax write an extended header for every file.
            entry.mtime = 1_700_000_000.5 if kind == tarfile.PAX_FORMAT else 1_700_000_000
            tar.addfile(entry, io.BytesIO(contents))
    # Python fills the last 10 KiB; two empty blocks are what the format asks for.
    return without_end(buffer.getvalue()) + b"\0" * 1024


def without_end(contents):
    stripped = contents.rstrip(b"\0")
    return stripped + b"\0" * (-len(stripped) % 512)


def large_numbers(contents):
    """GNU's binary sizes, in the first header of an archive."""
    header = bytearray(contents[:512])
    header[124:136] = b"\x80" + len(FILES["000010005.jpg"]).to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + contents[512:]


def main():
    archives = {
        "ustar": archive(tarfile.USTAR_FORMAT), "gnu": archive(tarfile.GNU_FORMAT), "pax": archive(tarfile.PAX_FORMAT)
    }  # fmt: skip
    archives["binary sizes"] = large_numbers(archives["gnu"])
    archives["without an end"] = without_end(archives["ustar"])
    cases = []
    for name, contents in archives.items():
        with tarfile.open(fileobj=io.BytesIO(contents)) as tar:
            members = [
                {"name": entry.name, "contents": base64.b64encode(tar.extractfile(entry).read()).decode()}
                for entry in tar.getmembers()
            ]
        cases.append({"name": name, "file": base64.b64encode(contents).decode(), "members": members})
    (Path(__file__).parents[1] / "Fixtures" / "tar_cases.json").write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
