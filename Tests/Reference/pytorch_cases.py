"""Files that pretend to be PyTorch's: hostile, damaged and odd ones, and what PyTorch says of each.

Writes Tests/Fixtures/pytorch_cases.json. The pickles are put together by hand, instruction by instruction, and only
ever read with weights_only=True; none of them is run.
Run: python Tests/Reference/pytorch_cases.py (needs torch).
"""

import base64
import io
import json
import pathlib
import struct
import zlib

import torch

FIXTURES = pathlib.Path(__file__).parent.parent / "Fixtures"
DATA = struct.pack("<4f", 1, 2, 3, 4)


# ---- pickles ----
def text(value):
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def number(value):
    return b"\x8a\x08" + struct.pack("<q", value)


def name(module, what):
    return b"c" + f"{module}\n{what}\n".encode()


def tuple_of(*values):
    return b"(" + b"".join(values) + b"t"


def dictionary(*pairs):
    return b"}(" + b"".join(text(key) + value for key, value in pairs) + b"u"


def call(module, what, *arguments):
    return name(module, what) + tuple_of(*arguments) + b"R"


def storage(key="0", kind="FloatStorage", count=4):
    return tuple_of(text("storage"), name("torch", kind), text(key), text("cpu"), number(count)) + b"Q"


def tensor(sizes=(4,), strides=(1,), offset=0, of=None):
    of = storage() if of is None else of
    shape = tuple_of(*map(number, sizes)), tuple_of(*map(number, strides))
    hooks = call("collections", "OrderedDict")
    return call("torch._utils", "_rebuild_tensor_v2", of, number(offset), *shape, b"\x89", hooks)


def pickle(value):
    return b"\x80\x02" + value + b"."


def instance(module, what, state):
    return name(module, what) + b")\x81" + state + b"b"


W = ("w", tensor())


# ---- archives ----
def member(path, data, method=0, flags=0, size=None, local_name=None, place=None):
    return {"path": path, "data": data, "method": method, "flags": flags, "size": size, "local": local_name, "place": place}


def archive(members, count=None, start=None, length=None, comment=b"", claimed_comment=None):
    body, directory = b"", b""
    for m in members:
        path = m["path"].encode() if isinstance(m["path"], str) else m["path"]
        local = m["local"].encode() if m["local"] else path
        data, whole = m["data"], len(m["data"])
        if m["method"] == 8:
            packer = zlib.compressobj(wbits=-15)
            data = packer.compress(data) + packer.flush()
        where = len(body) if m["place"] is None else m["place"]
        crc, size = zlib.crc32(m["data"]), len(data) if m["size"] is None else m["size"]
        whole = whole if m["size"] is None else m["size"]
        fixed = (m["flags"], m["method"], 0, 0, crc, size, whole, len(path))
        body += struct.pack("<4s5H3I2H", b"PK\3\4", 20, *fixed[:-1], len(local), 0) + local + data
        directory += struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, *fixed, 0, 0, 0, 0, 0, where) + path
    count = len(members) if count is None else count
    start = len(body) if start is None else start
    length = len(directory) if length is None else length
    claimed = len(comment) if claimed_comment is None else claimed_comment
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, length, start, claimed)
    return body + directory + end + comment


def model(value, data=DATA, *more, raw=False, **options):
    content = value if raw else pickle(value)
    members = [member("m/data.pkl", content), member("m/version", b"3\n")]
    return archive(members + ([member("m/data/0", data)] if data is not None else []) + list(more), **options)


def changed(content, place, new):
    place = place % len(content)
    return content[:place] + new + content[place + len(new) :]


PLAIN = model(dictionary(W))
PICKLE = pickle(dictionary(W))


def tower(levels):
    """Tuples in tuples, one byte a level."""
    return dictionary(("x", b")" + b"\x85" * levels), W)


def nested(levels):
    value = tensor()
    for _ in range(levels):
        value = dictionary(("a", value))
    return value


def bomb(levels):
    """Dictionaries that hold the one before them twice: 2^levels names."""
    value = dictionary(W)
    for _ in range(levels):
        value = b"}(" + text("a") + value + b"q\x00" + text("b") + b"h\x00" + b"u"
    return value


def legacy(object_, keys, data, magic=None, little=b"\x88"):
    magic = magic or b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19"
    parts = [magic, number(1001), dictionary(("little_endian", little)), object_, b"](" + b"".join(map(text, keys)) + b"e"]
    return b"".join(map(pickle, parts)) + data


OLD = tensor(of=tuple_of(text("storage"), name("torch", "FloatStorage"), text("0"), text("cpu"), number(4), b"N") + b"Q")
OLD_DATA = struct.pack("<q", 4) + DATA

CASES = {
    "a plain file": PLAIN,
    "stored members out of order": archive(
        [member("m/data/0", DATA), member("m/version", b"3\n"), member("m/data.pkl", PICKLE)]
    ),
    "an unknown member, compressed": model(dictionary(W), DATA, member("m/notes.txt", b"x" * 99, method=8)),
    "a comment at the end": model(dictionary(W), DATA, comment=b"made by hand"),
    "numbers beside the weights": model(dictionary(W, ("epoch", number(3)), ("lr", b"G" + struct.pack(">d", 0.1)))),
    "an empty tensor": model(dictionary(("w", tensor((0, 3), (3, 1), of=storage(count=0)))), b""),
    "a long whole number": model(dictionary(W, ("limit", b"\x8a\x0d" + (10**30).to_bytes(13, "little")))),
    "a tuple tower": model(tower(100)),
    "the old format": legacy(dictionary(("w", OLD)), ["0"], OLD_DATA),
    # Wants to run something.
    "calls os.system": model(dictionary(W, ("x", call("os", "system", text("touch pwned"))))),
    "calls posix.system": model(call("posix", "system", text("touch pwned"))),
    "calls eval": model(dictionary(W, ("x", call("builtins", "eval", text("1"))))),
    "calls Python 2's eval": model(dictionary(W, ("x", call("__builtin__", "eval", text("1"))))),
    "calls getattr": model(dictionary(W, ("x", call("builtins", "getattr", name("os", "path"), text("join"))))),
    "calls torch.load": model(dictionary(W, ("x", call("torch", "load", text("other.pt"))))),
    "calls through a stack name": model(dictionary(W, ("x", text("os") + text("system") + b"\x93" + tuple_of(text("a")) + b"R"))),
    "calls in the middle of a call": model(dictionary(("w", call("torch._utils", "_rebuild_tensor_v2",
        call("subprocess", "Popen", text("ls")))))),  # fmt: skip
    "calls through a tensor subclass": model(dictionary(("w", call("torch._tensor", "_rebuild_from_type_v2",
        name("os", "system"), name("torch", "Tensor"), tuple_of(text("ls")), b"N")))),  # fmt: skip
    "calls what a call gave": model(dictionary(W, ("x", call("collections", "OrderedDict") + b")R"))),
    "makes an object of a system class": model(dictionary(W, ("x", instance("subprocess", "Popen", dictionary())))),
    "makes an object through copyreg": model(
        dictionary(W, ("x", call("copyreg", "_reconstructor", name("socket", "socket"), name("builtins", "object"), b"N")))
    ),
    "names os.system and does not call it": model(dictionary(W, ("x", name("os", "system")))),
    "names os.system and throws it away": model(name("os", "system") + b"0" + dictionary(W)),
    "calls with INST": model(dictionary(W, ("x", b"(" + text("ls") + b"ios\nsystem\n"))),
    "calls with OBJ": model(dictionary(W, ("x", b"(" + name("os", "system") + text("ls") + b"o"))),
    "an extension code": model(dictionary(W, ("x", b"\x82\x01"))),
    "calls in the old format": legacy(call("os", "system", text("ls")), [], b""),
    "a class beside a module": model(
        instance("net", "Net", dictionary(("_parameters", dictionary(W)), ("_modules", b"}"), ("x", name("os", "system"))))
    ),
    # Wants too much.
    "names without end": model(bomb(24)),
    "nested seventy levels deep": model(nested(70)),
    "a dictionary in itself": model(b"}q\x05(" + text("a") + b"h\x05" + text("w") + tensor() + b"u"),
    "a text longer than the pickle": model(b"X\xff\xff\xff\xff", raw=False),
    "a text of 2^63 bytes": model(b"\x8d" + struct.pack("<Q", 2**63 - 1)),
    "a shape of 2^62 numbers": model(dictionary(("w", tensor((2**31, 2**31), (2**31, 1))))),
    "a shape whose size overflows": model(dictionary(("w", tensor((2**62, 2**62), (1, 1))))),
    "a number repeated 2^40 times": model(dictionary(("w", tensor((2**40,), (0,))))),
    "strides that overflow": model(dictionary(("w", tensor((3, 3), (2**62, 2**62))))),
    # Lies.
    "a view beyond its storage": model(dictionary(("w", tensor((4,), (1,), offset=1)))),
    "a stride beyond its storage": model(dictionary(("w", tensor((2, 2), (3, 1))))),
    "a negative stride": model(dictionary(("w", tensor((2,), (-1,), offset=1)))),
    "a negative size": model(dictionary(("w", tensor((-4,), (1,))))),
    "a negative offset": model(dictionary(("w", tensor((4,), (1,), offset=-1)))),
    "more sizes than strides": model(dictionary(("w", tensor((2, 2), (1,))))),
    "a size that is a text": model(dictionary(("w", call("torch._utils", "_rebuild_tensor_v2", storage(), number(0),
        tuple_of(text("4")), tuple_of(number(1)), b"\x89", b")")))),  # fmt: skip
    "a storage that is shorter": model(dictionary(W), DATA[:12]),
    "a storage that is longer": model(dictionary(W), DATA + DATA),
    "a storage that is not there": model(dictionary(W), None),
    "a storage outside": model(dictionary(("w", tensor(of=storage("../../version", "ByteStorage", 4))))),
    "a storage of negative size": model(dictionary(("w", tensor(of=storage(count=-4))))),
    "a storage of an unknown kind": model(dictionary(("w", tensor(of=storage(kind="QInt8Storage"))))),
    "one name twice": model(b"}(" + text("w") + tensor() + text("w") + tensor() + b"u"),
    "one name by two ways": model(dictionary(("a.b", tensor()), ("a", dictionary(("b", tensor()))))),
    "a name of 1001 letters": model(dictionary(("w" * 1001, tensor()))),
    # Damaged.
    "no tensors": model(dictionary(("epoch", number(3)))),
    "one tensor without a name": model(tensor()),
    "an empty pickle": model(b"", raw=True),
    "a pickle that ends early": model(PICKLE[:-20], raw=True),
    "a pickle that takes what is not there": model(b"0"),
    "a pickle that recalls what was never kept": model(b"h\x07"),
    "a pickle with a key alone": model(b"}(" + text("w") + b"u"),
    "a pickle of unknown instructions": model(b"\xf0\xf1"),
    "a pickle with text that is not UTF-8": model(b"X\x02\0\0\0\xff\xfe"),
    "a mark that is never closed": model(b"(" + dictionary(W)),
    "big-endian numbers": model(dictionary(W), DATA, member("m/byteorder", b"big")),
    "no data.pkl": archive([member("m/version", b"3\n")]),
    "two roots": archive([member("a/data.pkl", PICKLE), member("b/data.pkl", PICKLE), member("a/data/0", DATA)]),
    "an empty zip": archive([]),
    "a cut zip": PLAIN[:-40],
    "only the start of a zip": PLAIN[:30],
    "bytes after the zip": PLAIN + b"more",
    "a comment that lies about its length": model(dictionary(W), DATA, claimed_comment=9),
    "a table of contents beyond the file": model(dictionary(W), DATA, start=2**31),
    "a table of contents that is too long": model(dictionary(W), DATA, length=2**20),
    "a table of contents with too few entries": model(dictionary(W), DATA, count=2),
    "a table of contents with too many entries": model(dictionary(W), DATA, count=9),
    "a member beyond the file": archive([member("m/data.pkl", PICKLE), member("m/data/0", DATA, size=2**31)]),
    "a member at no member": archive([member("m/data.pkl", PICKLE), member("m/data/0", DATA, place=7)]),
    "two members at one place": archive([member("m/data.pkl", PICKLE), member("m/data.pkl2", PICKLE, place=0)]),
    "members that overlap": archive([member("m/data.pkl", PICKLE, size=len(PICKLE) + 40), member("m/data/0", DATA)]),
    "one member twice": archive([member("m/data.pkl", PICKLE), member("m/data.pkl", PICKLE), member("m/data/0", DATA)]),
    "a member with two names": archive([member("m/data.pkl", PICKLE), member("m/data/0", DATA, local_name="m/data/1")]),
    "a compressed pickle": archive([member("m/data.pkl", PICKLE, method=8), member("m/data/0", DATA)]),
    "a compressed storage": archive([member("m/data.pkl", PICKLE), member("m/data/0", DATA * 9, method=8)]),
    "an encrypted storage": archive([member("m/data.pkl", PICKLE), member("m/data/0", DATA, flags=1)]),
    "a member name that is not UTF-8": archive([member(b"m/\xff\xfe", b""), member("m/data.pkl", PICKLE)]),
    "one part of several": changed(PLAIN, -18, b"\x01\0"),
    "an old file with a wrong storage list": legacy(dictionary(("w", OLD)), ["1"], OLD_DATA),
    "an old file without its storage": legacy(dictionary(("w", OLD)), [], OLD_DATA),
    "an old file that is cut": legacy(dictionary(("w", OLD)), ["0"], OLD_DATA[:-1]),
    "an old file with a lying storage": legacy(dictionary(("w", OLD)), ["0"], struct.pack("<q", 2**62) + DATA),
    "an old file of big-endian numbers": legacy(dictionary(("w", OLD)), ["0"], OLD_DATA, little=b"\x89"),
    "a bare pickle": pickle(dictionary(("w", number(1)))),
    "control characters in a name": model(dictionary(("\x1b[2J\x07", tensor((9,))))),
}


def verdict(content):
    try:
        value = torch.load(io.BytesIO(content), weights_only=True)
        return isinstance(value, dict) and any(isinstance(item, torch.Tensor) for item in value.values())
    except Exception:  # unpickling errors are of many unrelated types
        return False


if __name__ == "__main__":
    cases = [
        {"name": name, "file": base64.b64encode(content).decode(), "pytorchAccepts": verdict(content)}
        for name, content in CASES.items()
    ]
    content = json.dumps({"versions": {"torch": torch.__version__}, "cases": cases}, indent=1) + "\n"
    (FIXTURES / "pytorch_cases.json").write_text(content)
