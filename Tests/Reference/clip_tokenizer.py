"""Tokenises texts with transformers, with open_clip and with a plain rewriting of OpenAI's published rules.

Reads Tests/Fixtures/mini_vocabulary, writes Tests/Fixtures/clip_tokenizer.json and the same vocabulary in the two
other forms that users have: tokenizer.json, and OpenAI's packed list of merges.
Run: python Tests/Reference/clip_tokenizer.py [VOCABULARY.txt.gz]; with a vocabulary it only prints the texts' ids.
"""
import gzip
import html
import json
import pathlib
import sys
import tempfile

import ftfy
import open_clip
import regex
import tokenizers
import transformers

FIXTURES = pathlib.Path(__file__).parents[1] / "Fixtures"
FOLDER = FIXTURES / "mini_vocabulary"
CONTEXT = 24
TEXTS = [
    "", " ", "a red ball", "A Red BALL", "an open box", "a fish facing left", "a sign with the letter k",
    "two blue striped balls against navy", "a cup with handle on the left seen from the side left of a lamp that is on",
    "a photo of a dog", "jekyll and hyde", "don't", "DON'T", "it's", "we'll they've I'm you're he'd", "rock 'n' roll",
    "'s", "'", "''t", "!'s", "balls.", "balls, boxes; cups!", "hello...world", "a-b_c", "100% of 42", "3.14", "x2y3",
    "ⅷ²½", "٣٤", "  many   spaces\tand\nlines \r\n", "a\u00a0b\u2003c", "café", "cafe\u0301", "CAFÉ", "naïve Ñandú",
    "straße ẞ", "İstanbul", "ΑΒΓ Σίσυφος", "日本語 テスト", "한국어", "हिन्दी", "ไทย", "العربية", "😀", "👩‍🚀 on the moon",
    "🇩🇪 flag", "→ ≤ ∑", "\u200bzero width", "tab\tred", "<|startoftext|>", "red<|endoftext|>ball", "!<|endoftext|>",
    "<|endoftext", "a & b &amp; c &lt;d&gt; &#65; &amp;amp; &unknown; &", "“curly” don’t", "\\ \" / </w>",
    "a " * 40, "supercalifragilisticexpialidocious", "ΟΔΟΣ ΣΑΣ Σ ΑΣ’Α", "<START_OF_TEXT> x",
    "<start_of_text>red!<end_of_text>", "ﬁne Ｗide ﬅop ǅ ｶﾞ\u3000x", "a\x1cb\x00c\x7f", "\x1b[31;1mred\x1b[0m \x1b ball",
    "\x93quoted\x94 it\x92s \x81", "&eacute;&rarr;&copy; &notit; &ampball &#x80; &#0; &#1; &#128512; &Alpha &sup2x &#;",
    "a<b &amp;amp;amp; &amp;amp;", "&amp;amp;amp;lt;", "\ufeffred\u2028ball\u0085cup", "the cup’s “handle”ʼs ŉn",
]


def base_symbols():
    """Byte to visible character, in the order of the vocabulary's ids."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in visible]
    return {byte: chr(byte) for byte in visible} | {byte: chr(256 + i) for i, byte in enumerate(hidden)}


class Rules:
    """Words by pattern, then the best-ranked pair again and again; no caches, no shortcuts."""

    pattern = regex.compile(
        r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+", regex.IGNORECASE
    )

    def __init__(self):
        self.ids = json.loads((FOLDER / "vocab.json").read_text("utf-8"))
        lines = (FOLDER / "merges.txt").read_text("utf-8").splitlines()[1:]
        self.ranks = {tuple(line.split()): rank for rank, line in enumerate(lines)}
        self.symbols = base_symbols()

    def word(self, text):
        if text in ("<|startoftext|>", "<|endoftext|>"):
            return [self.ids[text]]
        parts = [self.symbols[byte] for byte in text.encode()]
        parts[-1] += "</w>"
        while True:
            ranked = [(self.ranks.get(pair, 1e9), pair) for pair in zip(parts, parts[1:])]
            if not ranked or min(ranked)[0] == 1e9:
                return [self.ids[part] for part in parts]
            left, right = min(ranked)[1]
            joined, i = [], 0
            while i < len(parts):
                hit = i + 1 < len(parts) and (parts[i], parts[i + 1]) == (left, right)
                joined.append(left + right if hit else parts[i])
                i += 2 if hit else 1
            parts = joined

    def encode(self, text):
        text = html.unescape(html.unescape(ftfy.fix_text(text))).strip().lower()
        return [id for piece in self.pattern.findall(text) for id in self.word(piece)]


def library(folder):
    return transformers.CLIPTokenizer.from_pretrained(str(folder))


def packed_merges():
    """The merges as OpenAI packs them: a headline, then a pair a line."""
    target = FIXTURES / "mini_vocabulary_simple" / "bpe_simple_vocab_16e6.txt.gz"
    target.parent.mkdir(exist_ok=True)
    lines = (FOLDER / "merges.txt").read_text("utf-8").splitlines()[1:]
    target.write_bytes(gzip.compress("\n".join(["the mini world's merges", *lines]).encode(), mtime=0))
    return target


def main():
    if len(sys.argv) > 1:
        published = open_clip.SimpleTokenizer(sys.argv[1])
        print(json.dumps([{"text": text, "ids": published([text])[0].tolist()} for text in TEXTS]))
        return
    rules, fast, simple = Rules(), library(FOLDER), open_clip.SimpleTokenizer(packed_merges())
    with tempfile.TemporaryDirectory() as folder:
        fast.save_pretrained(folder)
        single_file = json.loads((pathlib.Path(folder) / "tokenizer.json").read_text("utf-8"))
    cases = [
        {
            "text": text,
            "huggingFace": fast(text, add_special_tokens=False)["input_ids"],
            "openAI": rules.encode(text),
            "openCLIP": simple.encode(text),
            "openCLIPFramed": simple([text], CONTEXT)[0].tolist(),
            "framed": fast(text, padding="max_length", truncation=True, max_length=CONTEXT)["input_ids"],
        }
        for text in TEXTS
    ]
    versions = f"transformers {transformers.__version__}, tokenizers {tokenizers.__version__}, "
    versions += f"open_clip {open_clip.__version__}, ftfy {ftfy.__version__}"
    result = {"madeWith": versions, "contextLength": CONTEXT, "cases": cases}
    (FIXTURES / "clip_tokenizer.json").write_text(json.dumps(result) + "\n")
    model = {key: single_file["model"][key] for key in ("type", "vocab", "merges")}
    kept = {"version": "1.0", "added_tokens": single_file["added_tokens"], "model": model}
    target = FIXTURES / "mini_vocabulary_single_file"
    target.mkdir(exist_ok=True)
    (target / "tokenizer.json").write_text(json.dumps(kept) + "\n")


if __name__ == "__main__":
    main()
