"""Trains a small vocabulary like Gemma's and tokenises texts with the libraries that SigLIP 2 is used with.

Writes Tests/Fixtures/mini_gemma/{tokenizer.model,tokenizer.json,tokenizer_config.json} and
Tests/Fixtures/gemma_tokenizer.json.
Run: python Tests/Reference/gemma_tokenizer.py
"""

import io
import shutil

import open_clip.tokenizer
import sentencepiece
from siglip_tokenizer import CONTEXT, FIXTURES, TEXTS, corpus, write
from tokenizers import AddedToken
from transformers import Siglip2Tokenizer
from transformers.convert_slow_tokenizer import generate_merges

FOLDER = FIXTURES / "mini_gemma"
# Gemma has these among many others; they stand for their text wherever it occurs.
WHOLE = ["\n", "\n\n", "▁▁", "<table>", "[@BOS@]"]
MORE = [
    "a red\n\n\nball\n", "<TABLE> of <table>s", "[@BOS@] [@bos@]", "a  red   ball", "<eos> a <bos>", "\ta ball", "ΣΑΣ Σ",
    "red", "redball a", "▁▁▁▁ box", "de" * 40,
]  # fmt: skip


def train():
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus()), model_writer=model, model_type="bpe", vocab_size=600, pad_id=0, eos_id=1,
        bos_id=2, unk_id=3, pad_piece="<pad>", eos_piece="<eos>", bos_piece="<bos>", byte_fallback=True,
        add_dummy_prefix=False, remove_extra_whitespaces=False, normalization_rule_name="identity", split_digits=True,
        allow_whitespace_only_pieces=True, user_defined_symbols=["<mask>"] + WHOLE, num_threads=1, minloglevel=2,
    )  # fmt: skip
    return model.getvalue()


def fast_tokenizer(processor):
    """The tokenizer.json of the same pieces, as transformers makes and saves it."""
    pieces = {processor.id_to_piece(i): i for i in range(len(processor))}
    scores = {p: processor.get_score(i) for p, i in pieces.items() if not processor.is_byte(i)}
    merges = generate_merges({p: i for p, i in pieces.items() if p in scores}, scores)
    tokenizer = Siglip2Tokenizer(vocab=pieces, merges=merges, padding_side="right", add_eos_token=True)
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in WHOLE])
    return tokenizer


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    (FOLDER / "tokenizer.model").write_bytes(train())
    processor = sentencepiece.SentencePieceProcessor(model_file=str(FOLDER / "tokenizer.model"))
    fast_tokenizer(processor).save_pretrained(FOLDER)
    fast = Siglip2Tokenizer.from_pretrained(FOLDER)
    clean = open_clip.tokenizer.get_clean_fn("canonicalize")

    def framed(text):
        return fast(text, padding="max_length", truncation=True, max_length=CONTEXT)["input_ids"]

    cases = [
        {
            "text": text,
            # Character by character, as in tokenizer.json: Python's own rule writes a final sigma.
            "pieces": processor.encode("".join(c.lower() for c in text)),
            "openCLIP": framed(clean(text)),
            "huggingFace": framed(text),
        }
        for text in TEXTS + MORE
    ]
    write(cases, "gemma_tokenizer.json")


if __name__ == "__main__":
    main()
