"""Small benchmarks of fine detail in their real layouts, and their scores by their own rules.

Each is read here by its own few lines, as its repository's script reads it, and scored from similarities that are a checksum of
statement and image: any reader gets the same numbers only from the same statements, images and labels. Writes
Tests/Fixtures/benchmarks. Run: python Tests/Reference/benchmark_pairs.py
"""
import json
import os
import pathlib
import shutil
import zlib

from PIL import Image

ROOT = pathlib.Path(__file__).parents[1] / "Fixtures" / "benchmarks"
WORDS = "red blue small large left right upper lower open closed wooden striped".split()
THINGS = "cup dog lamp car tree boat hat ball chair book".split()


def similarity(statement, image, crop=None):
    box = "" if crop is None else " ".join(map(str, crop))
    # Statements with a star are likely to be right, so that whole sets are, too.
    return zlib.crc32(f"{statement}|{os.path.basename(image)}|{box}".encode()) / 2**32 + statement.endswith("*") / 2


def between(a, b):
    return zlib.crc32("|".join(sorted([a, b])).encode()) / 2**32


def phrase(*seed):
    n = zlib.crc32(" ".join(map(str, seed)).encode())
    return f"a {WORDS[n % 12]} {THINGS[n // 12 % 10]} and a {WORDS[n // 120 % 12]} {THINGS[n // 1440 % 10]} {n % 97}"


def picture(path, size=(8, 8)):
    path.parent.mkdir(parents=True, exist_ok=True)
    n = zlib.crc32(path.name.encode())
    Image.new("RGB", size, (n % 256, n // 256 % 256, n // 65536 % 256)).save(path)


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False) + "\n")


# --- scores -----------------------------------------------------------------------------------------------------------


def square(items):
    """Winoground's own functions (text_correct, image_correct, group_correct), and TTM's GroupMatch."""
    rows = []
    for item in items:
        c0_i0, c0_i1, c1_i0, c1_i1 = (similarity(c, i) for c in item["captions"] for i in item["images"])
        text = c0_i0 > c1_i0 and c1_i1 > c0_i1
        image = c0_i0 > c0_i1 and c1_i1 > c1_i0
        rows.append((item.get("category"), {"text": text, "image": image, "group": text and image,
                                            "groupMatch": c0_i0 + c1_i1 > c0_i1 + c1_i0}))
    return summary(rows)


def choices(items):
    """pos > neg, or argmax among several."""
    return summary([(item.get("category"), {"accuracy": item["right"] > max(item["wrong"])}) for item in items])


def summary(rows):
    names = rows[0][1]
    count = lambda own: {name: [sum(row[name] for row in own), len(own)] for name in names}
    categories = [c for c in dict.fromkeys(c for c, _ in rows) if c is not None]
    return {"scores": count([r for _, r in rows]), "pairs": len(rows),
            "categories": {c: count([r for k, r in rows if k == c]) for c in categories}}


# --- benchmarks -------------------------------------------------------------------------------------------------------


def winoground(root):
    tags = ["Object", "Relation", "Both"]
    with_lines = []
    for i in range(8):
        for k in range(2):
            picture(root / "images" / f"ex_{i}_img_{k}.png")
        with_lines.append({"id": i, "image_0": f"ex_{i}_img_0", "image_1": f"ex_{i}_img_1", "caption_0": phrase("w", i, 0),
                           "caption_1": phrase("w", i, 1), "tag": "Noun", "secondary_tag": "", "num_main_preds": 1,
                           "collapsed_tag": tags[i % 3]})
    (root / "examples.jsonl").write_text("".join(json.dumps(x) + "\n" for x in with_lines))
    return square([{"captions": [x["caption_0"], x["caption_1"]], "category": x["collapsed_tag"],
                    "images": [x["image_0"] + ".png", x["image_1"] + ".png"]}
                   for x in map(json.loads, open(root / "examples.jsonl"))])


def naturalbench(root):
    items = []
    for i in range(6):
        for k in range(2):
            picture(root / "images" / f"{i}_{k}.jpg")
        items.append({"index": i, "image_0": f"images/{i}_0.jpg", "image_1": f"images/{i}_1.jpg",
                      "caption_0": phrase("n", i, 0), "caption_1": phrase("n", i, 1)})
    write(root / "metadata.json", items)
    return square([{"captions": [x["caption_0"], x["caption_1"]], "images": [x["image_0"], x["image_1"]]}
                   for x in json.load(open(root / "metadata.json"))])


def colorswap(root):
    for split, first, n in ("train", 0, 3), ("test", 3, 4):
        items = []
        for i in range(first, first + n):
            for k in 1, 2:
                picture(root / "images" / f"img_{i}_{k}.png")
            items.append({"id": i, "caption_1": phrase("c", i, 1), "caption_2": phrase("c", i, 2),
                          "image_1": f"images/img_{i}_1.png", "image_2": f"images/img_{i}_2.png",
                          "image_source": "midjourney", "caption_source": "human"})
        write(root / "data" / f"{split}.json", items)
    items = [dict(x, split=s) for s in ("test", "train") for x in json.load(open(root / "data" / f"{s}.json"))]
    return square([{"captions": [x["caption_1"], x["caption_2"]], "images": [x["image_1"], x["image_2"]],
                    "category": x["split"]} for x in items])


def vismin(root):
    lines = []
    for i in range(8):
        for k in range(2):
            picture(root / "images" / f"{i}_image_{k}.png")
        lines.append({"id": f"coco_{i}", "image_0": f"images/{i}_image_0.png", "image_1": f"images/{i}_image_1.png",
                      "text_0": phrase("v", i, 0), "text_1": phrase("v", i, 1),
                      "category": ["object", "attribute", "counting", "relation"][i % 4]})
    (root / "examples.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    return square([{"captions": [x["text_0"], x["text_1"]], "images": [x["image_0"], x["image_1"]],
                    "category": x["category"]} for x in map(json.loads, open(root / "examples.jsonl"))])


def eqben(root):
    items = []
    for i, subset in enumerate(["eqbensd", "eqbenkubric_cnt", "eqbengebc", "eqbenag"] * 2):
        for k in range(2):
            picture(root / "images" / subset / f"{i}_{k}.jpg")
        items.append({"image0": f"images/{subset}/{i}_0.jpg", "image1": f"images/{subset}/{i}_1.jpg",
                      "caption0": phrase("e", i, 0), "caption1": phrase("e", i, 1)})
    write(root / "all_select.json", items)
    return square([{"captions": [x["caption0"], x["caption1"]], "images": [x["image0"], x["image1"]],
                    "category": x["image0"].split("/")[1]} for x in json.load(open(root / "all_select.json"))])


def whatsup(root, letter, file, folder, relations):
    items = []
    for i in range(5):
        things = THINGS[2 * i], THINGS[2 * i + 1]
        for relation in relations:
            name = f"{things[0]}_{relation}_{things[1]}.jpeg"
            picture(root / "data" / folder / name)
            options = [phrase("u", letter, i, relation) + " *"] + [phrase("u", letter, i, relation, j) for j in range(3)]
            items.append({"image_path": f"data/{folder}/{name}", "caption_options": options})
    del items[-1]  # the last set lacks one
    write(root / "data" / file, items)
    right = {}
    for x in json.load(open(root / "data" / file)):
        values = [similarity(c, x["image_path"]) for c in x["caption_options"]]
        name = os.path.basename(x["image_path"])
        relation = next(r for r in relations if f"_{r}_" in name)
        right[name.replace(f"_{relation}_", " "), relation] = max(values) == values[0]
    things = list(dict.fromkeys(t for t, _ in right))
    out = summary([(r, {"accuracy": ok}) for (_, r), ok in right.items()])
    halves = [[right.get((t, r)) for r in pair] for t in things for pair in (relations[:2], relations[2:])]
    sets = [[right.get((t, r)) for r in relations] for t in things]
    for name, groups in ("pairs", halves), ("sets", sets):
        whole = [g for g in groups if None not in g]
        out["scores"][name] = [sum(map(all, whole)), len(whole)]
    return out


def photos(root, name, file, digits, folder):
    items = []
    for i in range(5):
        id = 139 + 7 * i
        picture(root / folder / f"{str(id).zfill(digits)}.jpg")
        items.append([id, phrase(name, i, 0), phrase(name, i, 1)])
    write(root / file, items)
    return choices([{"right": similarity(a, f"{str(id).zfill(digits)}.jpg"),
                     "wrong": [similarity(b, f"{str(id).zfill(digits)}.jpg")]} for id, a, b in json.load(open(root / file))])


SUGAR = ["add_att", "add_obj", "replace_att", "replace_obj", "replace_rel", "swap_att", "swap_obj"]


def sugarcrepe(root):
    rows = []
    for name in SUGAR:
        items = {}
        for i in range(4):
            image = f"{str(1000 + i).zfill(12)}.jpg"
            picture(root / "val2017" / image)
            items[str(2 * i)] = {"filename": image, "caption": phrase("s", name, i, 0),
                                 "negative_caption": phrase("s", name, i, 1)}
        write(root / "data" / f"{name}.json", items)
        for x in json.load(open(root / "data" / f"{name}.json")).values():
            rows.append({"category": name, "right": similarity(x["caption"], x["filename"]),
                         "wrong": [similarity(x["negative_caption"], x["filename"])]})
    return choices(rows)


def sugarcrepe_plus(root):
    rows = []
    for name in SUGAR[2:]:
        items = []
        for i in range(4):
            image = f"{str(1000 + i).zfill(12)}.jpg"
            picture(root / "val2017" / image)
            items.append({"id": i, "filename": image, "caption": phrase("p", name, i, 0),
                          "caption2": phrase("p", name, i, 1), "negative_caption": phrase("p", name, i, 2)})
        write(root / "data" / f"{name}.json", items)
        for x in json.load(open(root / "data" / f"{name}.json")):
            p1, p2, n = x["caption"], x["caption2"], x["negative_caption"]
            s = [similarity(t, x["filename"]) for t in (p1, p2, n)]
            rows.append((name, {"accuracy": s[0] > s[2] and s[1] > s[2],
                                "textOnly": between(p1, p2) > between(p1, n) and between(p1, p2) > between(p2, n)}))
    return summary(rows)


def aro(root, kind):
    items = []
    for i in range(9):
        picture(root / "images" / f"{2370 + i}.jpg", (12, 10))
        item = {"image_id": 2370 + i, "image_path": f"{2370 + i}.jpg", "bbox_x": i % 3, "bbox_y": 1, "bbox_w": 4 + i % 2,
                "bbox_h": 5, "true_caption": phrase(kind, i, 0), "false_caption": phrase(kind, i, 1)}
        if kind == "relation":
            item["relation_name"] = ["on", "behind", "eating"][i % 3]
        else:
            item["attributes"] = [["red", "blue"], ["wet", "dry"]][i % 2]
        items.append(item)
    file = root / f"visual_genome_{kind}.json"
    write(file, items)
    rows = []
    for x in json.load(open(file)):
        box = x["bbox_x"], x["bbox_y"], x["bbox_w"], x["bbox_h"]
        options = [similarity(x[c], x["image_path"], box) for c in ("false_caption", "true_caption")]
        category = x["relation_name"] if kind == "relation" else ", ".join(x["attributes"])
        rows.append((category, {"accuracy": options[1] > options[0]}))
    out = summary(rows)
    shares = [100 * c["accuracy"][0] / c["accuracy"][1] for c in out["categories"].values()]
    return dict(out, mean=sum(shares) / len(shares))


def order(root, name):
    items = []
    for i in range(5):
        picture(root / "images" / f"{name}_{i}.jpg")
        items.append({"image": f"val2014/{name}_{i}.jpg", "caption_options": [phrase(name, i, k) + " *" * (k == 0) for k in range(5)]})
    write(root / f"{name}_order.json", items)
    return choices([{"right": similarity(x["caption_options"][0], x["image"]),
                     "wrong": [similarity(c, x["image"]) for c in x["caption_options"][1:]]}
                    for x in json.load(open(root / f"{name}_order.json"))])


def vl_checklist(root):
    rows = []
    for kind, source, folder in ("Attribute", "action", "VG_100K"), ("Object", "hake_location", "hake"), ("Relation", "swig", "swig"):
        items = []
        for i in range(4):
            picture(root / ("vg" if folder == "VG_100K" else "") / folder / f"{kind}_{i}.jpg")
            items.append([f"{folder}/{kind}_{i}.jpg", {"POS": [phrase("l", kind, i, 0)], "NEG": [phrase("l", kind, i, 1)]}])
        write(root / "data" / kind / f"{source}.json", items)
        for image, texts in json.load(open(root / "data" / kind / f"{source}.json")):
            rows.append({"category": f"{kind}/{source}", "right": similarity(texts["POS"][0], image),
                         "wrong": [similarity(texts["NEG"][0], image)]})
    return choices(rows)


def spec(root):
    rows = []
    for kind, k in ("absolute_size", 3), ("relative_spatial", 4), ("existence", 2), ("count", 9):
        for i in range(3):
            for j in range(k):
                picture(root / kind / f"{kind}_{i}_{j}.png")
        texts = [[phrase("spec", kind, i, j) for j in range(k)] for i in range(3)]
        images = [[f"{kind}/{kind}_{i}_{j}.png" for j in range(k)] for i in range(3)]
        write(root / kind / "image2text.json",
              [{"query": images[i][i % k], "keys": texts[i], "label": i % k} for i in range(3)])
        write(root / kind / "text2image.json",
              [{"query": texts[i][(i + 1) % k], "keys": images[i], "label": (i + 1) % k} for i in range(3)])
        for direction in "image2text", "text2image":
            for x in json.load(open(root / kind / f"{direction}.json")):
                values = [similarity(key, x["query"]) if direction == "image2text" else similarity(x["query"], key)
                          for key in x["keys"]]
                right = values.pop(x["label"])
                rows.append({"category": f"{kind}, {direction.replace('2', ' to ')}", "right": right, "wrong": values})
    return choices(rows)


def main():
    shutil.rmtree(ROOT, ignore_errors=True)
    at = lambda name: ROOT / name
    expected = {
        "winoground": winoground(at("winoground")), "naturalbench": naturalbench(at("naturalbench")),
        "colorswap": colorswap(at("colorswap")), "vismin": vismin(at("vismin")), "eqben": eqben(at("eqben")),
        "whatsup-a": whatsup(at("whatsup-a"), "a", "controlled_images_dataset.json", "controlled_images",
                             ["left_of", "right_of", "on", "under"]),
        "whatsup-b": whatsup(at("whatsup-b"), "b", "controlled_clevr_dataset.json", "controlled_clevr",
                             ["left_of", "right_of", "in-front_of", "behind"]),
        "whatsup-coco-one": photos(at("whatsup-photos"), "co", "coco_qa_one_obj.json", 12, "val2017"),
        "whatsup-coco-two": photos(at("whatsup-photos"), "ct", "coco_qa_two_obj.json", 12, "val2017"),
        "whatsup-vg-one": photos(at("whatsup-photos"), "vo", "vg_qa_one_obj.json", 0, "vg_images"),
        "whatsup-vg-two": photos(at("whatsup-photos"), "vt", "vg_qa_two_obj.json", 0, "vg_images"),
        "sugarcrepe": sugarcrepe(at("sugarcrepe")), "sugarcrepe++": sugarcrepe_plus(at("sugarcrepe++")),
        "aro-relation": aro(at("aro"), "relation"), "aro-attribution": aro(at("aro"), "attribution"),
        "aro-coco-order": order(at("aro"), "coco"), "aro-flickr-order": order(at("aro"), "flickr30k"),
        "vl-checklist": vl_checklist(at("vl-checklist")), "spec": spec(at("spec")),
    }
    write(ROOT / "expected.json", expected)


if __name__ == "__main__":
    main()
