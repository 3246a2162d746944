"""Writes small PNG, JPEG and WebP files of every kind, and the RGB pixels that Pillow reads from them.

Writes Tests/Fixtures/pillow_decode.json and, for PNG, pillow_decode_png.json. Run: python Tests/Reference/pillow_decode.py
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

# Sampling factors that Pillow does not write: the picture by libjpeg, as `cjpeg -quality 80 -optimize -sample 1x4` and 4x1.
SAMPLED_1X4 = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUfGhsjHBYWICwgIyYnKSopGR8tMC0o"
    "MCUoKSj/2wBDAQcHBwoIChMKChMoGhYaKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCj/wAARCAANABMD"
    "ARQAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAAAAYF/8QAJRAAAQMDAwMFAAAAAAAAAAAAAQIDBAAFIQYREhMxQQcUUYGh/8QAFgEBAQEAAAAA"
    "AAAAAAAAAAAAAwUH/8QAIxEAAgEDAwQDAAAAAAAAAAAAAQIDAAQRBXKxBhOh0UJhcf/aAAwDAQACEQMRAD8AXfXd1uzIh2VhNst4GwDadj+Zqgdh"
    "Q9PW33bccSHEg7BZ2GBSlNoMMmpNiWVhtwvApNGtxf2xnlxnanJUnzUtadISZquvNJ883XcD581jM367a3uy4TswwIgVxKGE9xucdxSlXuodGs9M"
    "g7qqZDj5sx4IoxK4mMQYgfTNxnHirFKdKxgGZNyZ6yMK2Pn6rXiek+nGozSXUPvOcQVLK8qJzSlYpP1bOkhVbeLGw+6eS1iDEFQf1V9V/9k="
)
SAMPLED_4X1 = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUfGhsjHBYWICwgIyYnKSopGR8tMC0o"
    "MCUoKSj/2wBDAQcHBwoIChMKChMoGhYaKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCj/wAARCAANABMD"
    "AUEAAhEBAxEB/8QAFwAAAwEAAAAAAAAAAAAAAAAAAAUHBP/EACUQAAEDAwMDBQAAAAAAAAAAAAECAwQABSEGERITMUEHFFGBof/EABYBAQEBAAAA"
    "AAAAAAAAAAAAAAIDBP/EACgRAAEDBAACCwAAAAAAAAAAAAECAwQABREhBhMUIkFRUnGBgpHB4f/aAAwDAQACEQMRAD8ALvru63ZkQ7Kwm2W8DYBt"
    "Ox/M1mtOkJM1XXmk+ebruB8+acJTpWMAzJuTPWRhWx8/VFZn7fIvr6kxBltrCR9n1ouwJrw6FFe5XL24rxOK2R7BgUxdhQ9PW33bccSHEg7BZ2GB"
    "U9Zv121vdlwnZhgRAriUMJ7jc47iqRE9J9ONRmkuofec4gqWV5UTmip3m/SeFoERmBouAqUe8/lJuKgtpQ7lWgT2ZUrrKJ88/Ar/2Q=="
)


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


def interlaced(pixels, depth=8, color=2, extra=b""):
    passes = [[row.tobytes() for row in pixels[y::dy, x::dx]] for x, y, dx, dy in ADAM7]
    return png(passes, depth, color, interlaced=1, extra=extra)


def palette_bytes(image):
    return bytes(image.getpalette())


def saved(image, format, **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def with_adobe_transform(jpeg, transform):
    """The same numbers, said to be in another space: 0 for inks as they are, 2 for YCCK."""
    place = jpeg.index(b"Adobe") + 11
    return jpeg[:place] + bytes([transform]) + jpeg[place + 1 :]


def without_adobe(jpeg):
    start = jpeg.index(b"Adobe") - 4
    return jpeg[:start] + jpeg[start + 2 + int.from_bytes(jpeg[start + 2 : start + 4], "big") :]


def rows(pixels):
    return [[row.tobytes() for row in pixels]]


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
    yield "sampled 1 x 4.jpg", base64.b64decode(SAMPLED_1X4)
    yield "sampled 4 x 1.jpg", base64.b64decode(SAMPLED_4X1)
    yield "zeros for an end mark.jpg", saved(rgb, "JPEG", quality=90)[:-2] + bytes(10)
    yield "four inks.jpg", saved(rgb.convert("CMYK"), "JPEG", quality=95)
    yield "four mixed inks.jpg", saved(Image.frombytes("CMYK", rgba.size, rgba.tobytes()), "JPEG", quality=95)
    inks = saved(Image.frombytes("CMYK", rgba.size, rgba.tobytes()), "JPEG", quality=95)
    yield "ycck.jpg", with_adobe_transform(inks, 2)
    yield "inks without a word from Adobe.jpg", without_adobe(inks)
    yield "progressive grey.jpg", saved(grey, "JPEG", progressive=True)
    yield "sixteen bits of grey.png", png(rows(picture(1).astype(">u2") * 3), 16, 0)
    yield "sixteen bits of grey, interlaced.png", interlaced(picture(1).astype(">u2") * 3, 16, 0)
    yield "sixteen bits of grey with alpha.png", png(rows(picture(2).astype(">u2") * 257 + 9), 16, 4)
    yield "sixteen bits with alpha.png", png(rows(picture(4).astype(">u2") * 257 + 9), 16, 6)
    yield "a transparent grey.png", png(rows(picture(1)), 8, 0, extra=chunk(b"tRNS", b"\0\x40"))
    yield "a transparent colour.png", png(rows(picture(3)), 8, 2, extra=chunk(b"tRNS", b"\0\1\0\2\0\3"))
    yield "interlaced palette.png", interlaced(np.asarray(palette)[..., None], 8, 3, chunk(b"PLTE", palette_bytes(palette)))
    yield "lossy.webp", saved(rgb, "WEBP", quality=70)
    yield "lossless.webp", saved(rgb, "WEBP", lossless=True)
    yield "lossy with alpha.webp", saved(rgba, "WEBP", quality=80, exact=True)
    yield "lossless with alpha.webp", saved(rgba, "WEBP", lossless=True, exact=True)
    yield "grey.webp", saved(grey, "WEBP", lossless=True)
    yield "a rotation that is not applied.jpg", saved(rgb, "JPEG", exif=rotated)


def case(name, data):
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    return {
        "name": name,
        "file": base64.b64encode(data).decode(),
        "width": pixels.shape[1],
        "height": pixels.shape[0],
        "rgb": base64.b64encode(pixels.tobytes()).decode(),
    }


def main():
    cases = [case(name, data) for name, data in files()]
    fixtures = pathlib.Path(__file__).parents[1] / "Fixtures"
    for file, is_png in (("pillow_decode", False), ("pillow_decode_png", True)):
        chosen = [it for it in cases if it["name"].endswith(".png") == is_png]
        text = json.dumps({"madeWith": f"Pillow {PIL.__version__}", "cases": chosen}, indent=1)
        (fixtures / f"{file}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
