"""Reads Swift source just far enough to know which names a file declares and which it uses."""
import re

TYPE_WORDS = {"class", "struct", "enum", "protocol", "actor", "extension", "typealias"}
VALUE_WORDS = {"func", "let", "var", "case"}
PRIVATE = {"private", "fileprivate"}
MODIFIERS = PRIVATE | {
    "public", "internal", "open", "package", "final", "static", "mutating", "nonmutating", "nonisolated", "indirect",
    "lazy", "weak", "override", "required", "convenience", "prefix", "postfix", "infix", "consuming",
}
TOKEN = re.compile(r'[A-Za-z_]\w*|`\w+`|//[^\n]*|/\*|#*"""|#*"|\n|->|[(){}<>.:=,@]')
COMMENT = re.compile(r"/\*|\*/|\n")


class Tokens:
    """Words and punctuation with their lines. Comments and literals are left out, what is interpolated is not."""

    def __init__(self, text):
        self.text, self.line, self.found = text, 1, []
        self.code(0)

    def code(self, at, is_interpolation=False):
        """Reads code from `at` to the end, or to the parenthesis that closes an interpolation; gives where it stopped."""
        depth = 0
        while match := TOKEN.search(self.text, at):
            token, at = match.group(), match.end()
            if token == "\n":
                self.line += 1
            elif token == "/*":
                at = self.comment(at)
            elif token.endswith('"'):
                at = self.literal(at, token)
            elif not token.startswith("//"):
                depth += (token == "(") - (token == ")")
                if is_interpolation and depth < 0:
                    break
                self.found.append((token.strip("`"), self.line))
        return at

    def comment(self, at):
        depth = 1
        while depth and (match := COMMENT.search(self.text, at)):
            at = match.end()
            depth += {"/*": 1, "*/": -1, "\n": 0}[match.group()]
            self.line += match.group() == "\n"
        return at

    def literal(self, at, quote):
        hashes = "#" * quote.count("#")
        ending = quote.strip("#") + hashes
        inside = re.compile(rf"\\{hashes}(.)|\n|{re.escape(ending)}", re.DOTALL)
        while match := inside.search(self.text, at):
            at = match.end()
            self.line += match.group().count("\n")
            if match.group(1) == "(":
                at = self.code(at, is_interpolation=True)
            elif match.group() == ending:
                break
        return at


class Scope:
    """Braces: those of a type or an extension, or of anything else (`type` is then None)."""

    def __init__(self, type=None, is_extension=False):
        self.type, self.is_extension = type, is_extension


class SwiftNames:
    """The names of one file. Names that are private to it count as local: nobody else can use them."""

    def __init__(self, text):
        self.imports = []  # (module, line)
        self.types = set()  # "Outer.Inner"
        self.globals = set()  # functions, constants and variables outside of types
        self.members = []  # (name, the type that an extension adds it to, or None)
        self.local = set()  # what is declared here in any way, and labels: a bare name may mean these
        self.type_uses = []  # (name, line, types around it)
        self.nested_uses = []  # (Outer, Inner, line)
        self.value_uses = []  # (name, line): bare
        self.member_uses = []  # (name, line): after a dot
        self.words = Tokens(text).found
        self.scopes = []
        self.read()

    def word(self, i):
        return self.words[i][0] if 0 <= i < len(self.words) else ""

    def read(self):
        opening = Scope()  # what the next brace opens
        for i, (word, line) in enumerate(self.words):
            before, after = self.word(i - 1), self.word(i + 1)
            if word == "{":
                self.scopes.append(opening)
                opening = Scope()
            elif word == "}":
                del self.scopes[-1:]
            elif not word.isidentifier():
                continue
            elif before == ".":
                self.member_uses.append((word, line))
                if word[0].isupper() and self.word(i - 2)[:1].isupper():
                    self.nested_uses.append((self.word(i - 2), word, line))
            elif word == "import" and not self.scopes:
                self.imports.append((after, line))
            elif word in TYPE_WORDS and after.isidentifier() and after not in VALUE_WORDS | {"subscript"}:
                opening = self.declare_type(i)
            elif word in VALUE_WORDS:
                opening = Scope()
                self.declare_values(i)
            elif before in TYPE_WORDS - {"extension"} or before in VALUE_WORDS | {"associatedtype", "for"}:
                self.local.add(word)
            elif word[0].isupper():
                if before == "<" and after == ":":  # a generic parameter
                    self.local.add(word)
                self.type_uses.append((word, line, [scope.type for scope in self.scopes if scope.type]))
            elif after == ":":
                self.local.add(word)
            else:
                self.value_uses.append((word, line))

    def is_private(self, i):
        while self.word(i - 1) in MODIFIERS:
            i -= 1
            if self.word(i) in PRIVATE:
                return True
        return False

    def declare_type(self, i):
        name, end = self.word(i + 1), i + 2
        while self.word(end) == ".":
            name, end = f"{name}.{self.word(end + 1)}", end + 2
        if self.word(i) == "extension":
            return Scope(name, is_extension=True)
        self.local.add(name)
        around = self.scopes[-1].type if self.scopes else ""
        if around is None:  # inside of a function
            return Scope()
        full = f"{around}.{name}" if around else name
        if not self.is_private(i):
            self.types.add(full)
        return Scope() if self.word(i) == "typealias" else Scope(full)

    def declare_values(self, i):
        names = self.cases(i) if self.word(i) == "case" else [self.word(i + 1)]
        self.local.update(names)
        if self.is_private(i):
            return
        if not self.scopes:
            self.globals.update(names)
        elif self.scopes[-1].type:
            extended = self.scopes[-1].type if self.scopes[-1].is_extension else None
            self.members += [(name, extended) for name in names]

    def cases(self, i):
        """The names in `case a, b(Int), c`."""
        names, depth = [], 0
        for word, _ in self.words[i + 1 :]:
            depth += (word == "(") - (word == ")")
            if depth == 0 and word.isidentifier() and (not names or comma):
                names.append(word)
            elif depth == 0 and word not in (",", ")"):
                break
            comma = word == ","
        return names
