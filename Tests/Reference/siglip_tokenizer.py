"""Trains a small SentencePiece model like SigLIP's and tokenises texts with the libraries that SigLIP is used with.

Writes Tests/Fixtures/mini_siglip/{spiece.model,tokenizer.json} and Tests/Fixtures/siglip_tokenizer.json.
Run: python Tests/Reference/siglip_tokenizer.py
"""
import io
import json
import pathlib
import random
import tempfile

import open_clip.tokenizer
import sentencepiece
import tokenizers
import transformers
from tokenizers import Regex, normalizers, pre_tokenizers, processors

FIXTURES = pathlib.Path(__file__).parents[1] / "Fixtures"
FOLDER = FIXTURES / "mini_siglip"
CONTEXT = 16
TEXTS = [
    "", " ", "a red ball", "A Red, BALL!", "two_blue_boxes", "a photo of a dog facing left", "a ball. a box; a cup?",
    "don't can't", "  many   spaces\tand\nlines \r\n", "a\u00a0b\u2003c\u3000d", "½ a cup", "caf\u00e9", "cafe\u0301",
    "cafe\u0301\u0316", "日本語 x 日本", "x日y本z", "😀", "👩‍🚀 on the moon", "ﬁsh", "Ａ ｂｏｘ", "…", "wait… what", "\u200bzero\u200bwidth",
    "㌔ ㌔㌔", "▁ ▁a▁b", "s> <pad>", "İstanbul ΟΔΟΣ", "a\x1cb\x00c", "&amp; &lt;b&gt;", "“curly” don’t",
    "red ball " * 12, "supercalifragilisticexpialidocious", "qqqq", "a-b_c (d) [e]", "100% of 3.14", "_", "!?", "a_b", "ю_\u0301 a_\u0301b",
]
RULES = [  # the few of NFKC's thousands that the texts above need; the table's form is the same
    ("\u00a0", " "), ("\u2003", " "), ("\u3000", " "), ("\t", " "), ("\u200b", ""), ("ﬁ", "fi"), ("Ａ", "A"), ("ａ", "a"),
    ("ｂ", "b"), ("ｏ", "o"), ("ｘ", "x"), ("e\u0301", "\u00e9"), ("…", "..."), ("㌔", "キロ"), ("½", "1 2"),
]


def corpus():
    """Sentences of made-up words, so that there is more to learn than the words themselves."""
    rng = random.Random(3)
    syllables = [c + v + e for c in "bcdfglmnprst" for v in "aeiou" for e in ("", "", "d", "l", "n", "r")]
    words = ["".join(rng.choices(syllables, k=rng.randint(1, 3))) for _ in range(400)]
    words += "a the red blue ball box cup fish photo of dog facing left with two on in and".split() * 6
    return [" ".join(rng.choices(words, k=rng.randint(3, 12))) for _ in range(3000)]


def train(rules):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus()), model_writer=model, model_type="unigram", vocab_size=400, pad_id=0, eos_id=1,
        unk_id=2, bos_id=-1, num_threads=1, minloglevel=2, **rules,
    )
    return model.getvalue()


def fast_tokenizer(path):
    """The tokenizer.json that transformers makes of such a model for T5, which open_clip uses for SigLIP."""
    processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
    pieces = [(processor.id_to_piece(i), processor.get_score(i)) for i in range(len(processor))]
    tokenizer = tokenizers.Tokenizer(tokenizers.models.Unigram(pieces, processor.unk_id(), byte_fallback=False))
    table = charsmap(path.read_bytes())
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Precompiled(table), normalizers.Strip(left=False, right=True),
        normalizers.Replace(Regex(" {2,}"), "▁"),
    ])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing("$A </s>", special_tokens=[("</s>", 1)])
    tokenizer.add_special_tokens(["<pad>", "</s>", "<unk>"])
    return tokenizer


def charsmap(model):
    from sentencepiece import sentencepiece_model_pb2

    return sentencepiece_model_pb2.ModelProto.FromString(model).normalizer_spec.precompiled_charsmap


def write(cases, name):
    libraries = (sentencepiece, tokenizers, transformers, open_clip)
    versions = ", ".join(f"{library.__name__} {library.__version__}" for library in libraries)
    result = {"madeWith": versions, "contextLength": CONTEXT, "cases": cases}
    (FIXTURES / name).write_text(json.dumps(result) + "\n")


def main():
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        rules = pathlib.Path(folder) / "rules.tsv"
        hexadecimal = lambda text: " ".join(f"{ord(c):X}" for c in text)
        rules.write_text("".join(f"{hexadecimal(a)}\t{hexadecimal(b)}\n" for a, b in RULES))
        (FOLDER / "spiece.model").write_bytes(train({"normalization_rule_tsv": str(rules)}))
    processor = sentencepiece.SentencePieceProcessor(model_file=str(FOLDER / "spiece.model"))
    fast = fast_tokenizer(FOLDER / "spiece.model")
    fast.save(str(FOLDER / "tokenizer.json"), pretty=False)
    fast.enable_truncation(CONTEXT)
    fast.enable_padding(length=CONTEXT, pad_id=1, pad_token="</s>")
    slow = transformers.SiglipTokenizer(str(FOLDER / "spiece.model"))
    clean = open_clip.tokenizer.get_clean_fn("canonicalize")
    cases = [
        {
            "text": text,
            "pieces": processor.encode(clean(text)),
            "openCLIP": fast.encode(clean(text)).ids,
            "huggingFace": slow(text, padding="max_length", truncation=True, max_length=CONTEXT)["input_ids"],
        }
        for text in TEXTS
    ]
    write(cases, "siglip_tokenizer.json")


if __name__ == "__main__":
    main()
