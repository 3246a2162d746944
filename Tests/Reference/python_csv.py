"""Reads and writes tables with Python's csv module: what our reader and writer must give.

Writes Tests/Fixtures/python_csv.json. Run: python Tests/Reference/python_csv.py
"""
import csv
import io
import json
import pathlib
import platform

TEXTS = [
    "a,b,c\n1,2,3\n", "a,b\r\n1,2\r\n", "a,b\r1,2\r", "no newline at the end,x", "", "\n", ",\n", ",,\n", "a,,c\n",
    '"a","b"\n', '"a,b",c\n', '"two\nlines",c\n', '"two\r\nlines",c\r\n', '"say ""hi""",c\n', '"""",c\n', '"",c\n', '""\n',
    'a"b,c"d\n', ' "a",b\n', '"a"b,c\n', '"a" ,c\n', '"a""\n",b\n', "a\n\n\nb\n", "  spaces , kept \n", "café,日本,😀\n",
    'e\u0301,"\u0301"\n', "tab\tand;semicolon,x\n", "'single',x\n", "1,Orientation,\"The dog's left, facing\"\n",
]
TABLES = [
    [["a", "b"], ["1", "2"]], [["a,b", 'say "hi"', "two\nlines", "two\r\nlines"]], [[""]], [["", ""]],
    [[" lead", "trail "], ["'x'", "café 😀"]], [['"']], [['"\u0301', "e\u0301"]], [["qid1", "qid2"], ["1", "0.5000000001"]],
]


def written(table, end):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator=end).writerows(table)
    return buffer.getvalue()


def main():
    reading = [
        {"text": text, "rows": [row for row in csv.reader(io.StringIO(text, newline="")) if row]} for text in TEXTS
    ]
    writing = [{"rows": table, "crlf": written(table, "\r\n"), "lf": written(table, "\n")} for table in TABLES]
    target = pathlib.Path(__file__).parents[1] / "Fixtures" / "python_csv.json"
    made = f"Python {platform.python_version()}"
    target.write_text(json.dumps({"madeWith": made, "reading": reading, "writing": writing}, indent=1) + "\n")


if __name__ == "__main__":
    main()
