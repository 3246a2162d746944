"""Writes small PNG and JPEG files of every kind, and the RGB pixels that Pillow reads from them.

Writes Tests/Fixtures/pillow_decode.json. Run: python Tests/Reference/pillow_decode.py
"""
import base64
import io
import json
import pathlib
import struct
import zlib

import numpy as np
import PIL
from PIL import Image

WIDTH, HEIGHT = 19, 13
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def picture(channels):
    """A smooth picture, so that JPEG's chroma filters have something to do, with some noise."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    waves = [127 + 110 * np.sin((x + 2 * y) / (2.0 + c)) for c in range(channels)]
    noise = np.random.default_rng(channels).integers(-15, 16, (HEIGHT, WIDTH, channels))
    return np.clip(np.stack(waves, -1) + noise, 0, 255).astype(np.uint8)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(rows_of_passes, depth, color, interlaced=0, extra=b""):
    """A PNG by hand, for what Pillow cannot write. A pass is a list of rows, a row its bytes."""
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, color, 0, 0, interlaced)
    data = b"".join(b"\0" + row for rows in rows_of_passes for row in rows)
    chunks = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def interlaced(pixels):
    passes = [[row.tobytes() for row in pixels[y::dy, x::dx]] for x, y, dx, dy in ADAM7]
    return png(passes, 8, 2, interlaced=1)


def saved(image, format, **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def files():
    rgb, rgba, two, grey = (Image.fromarray(a) for a in (picture(3), picture(4), picture(2), picture(1)[..., 0]))
    palette = rgb.quantize(17)
    deep = picture(3).astype(">u2") * 257 + 5
    rotated = Image.Exif()
    rotated[0x0112] = 6
    yield "rgb.png", saved(rgb, "PNG")
    yield "rgb with alpha.png", saved(rgba, "PNG")
    yield "grey.png", saved(grey, "PNG")
    yield "grey with alpha.png", saved(two, "PNG")
    yield "palette of 17.png", saved(palette, "PNG")
    yield "palette of 3.png", saved(rgb.quantize(3), "PNG")
    yield "palette with a transparent colour.png", saved(palette, "PNG", transparency=2)
    yield "one bit.png", saved(grey.convert("1"), "PNG")
    yield "two bits of grey.png", png([[bytes([0b00011011] * ((WIDTH + 3) // 4))] * HEIGHT], 2, 0)
    yield "four bits of grey.png", png([[bytes(range(0x3, 0xFD, 25))[:10]] * HEIGHT], 4, 0)
    yield "sixteen bits.png", png([[row.tobytes() for row in deep]], 16, 2)
    gamma = chunk(b"gAMA", struct.pack(">I", 100000))
    yield "gamma is ignored.png", png([[row.tobytes() for row in picture(3)]], 8, 2, extra=gamma)
    yield "interlaced.png", interlaced(picture(3))
    yield "4:2:0.jpg", saved(rgb, "JPEG", quality=90, subsampling="4:2:0")
    yield "4:2:2.jpg", saved(rgb, "JPEG", quality=75, subsampling="4:2:2")
    yield "4:4:4.jpg", saved(rgb, "JPEG", quality=60, subsampling="4:4:4")
    yield "progressive.jpg", saved(rgb, "JPEG", quality=80, progressive=True)
    yield "grey.jpg", saved(grey, "JPEG")
    yield "four inks.jpg", saved(rgb.convert("CMYK"), "JPEG", quality=95)
    yield "four mixed inks.jpg", saved(Image.frombytes("CMYK", rgba.size, rgba.tobytes()), "JPEG", quality=95)
    yield "a rotation that is not applied.jpg", saved(rgb, "JPEG", exif=rotated)


def main():
    cases = []
    for name, data in files():
        pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        cases.append({
            "name": name,
            "file": base64.b64encode(data).decode(),
            "width": pixels.shape[1],
            "height": pixels.shape[0],
            "rgb": base64.b64encode(pixels.tobytes()).decode(),
        })
    target = pathlib.Path(__file__).parents[1] / "Fixtures" / "pillow_decode.json"
    target.write_text(json.dumps({"madeWith": f"Pillow {PIL.__version__}", "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
