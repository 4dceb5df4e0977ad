"""Request bodies as JSON text that no library would write: valid, odd in every way that a re-writing gateway destroys.

Everything comes from a seeded generator, so that a failure can be repeated by its number.
"""

import random

NUMBERS = [
    "0", "-0", "1.0", "1.00", "0.10", "1E+2", "1e-7", "1e400", "-1.7976931348623157e309", "12345678901234567890",
    "98765432109876543210.5", "-0.0e-0", "9007199254740993", "1e00", "0.1e1", "3.14159265358979323846264338327950288"
]
PIECES = [
    "plain", "a \\\"quoted\\\" one", "\\u0041\\u0042", "\\u00e4\\u00F6", "\\ud83d\\ude00", "\\ud800",
    "\\udc00\\ud800 lone", "\\/slash\\/", "\\b\\f\\n\\r\\t", "\\u0000\\u001f", "\u00fc\u00dfn\u00ef",
    "\u65e5\u672c\u8a9e", "\U0001f600 raw", "\u2028\u2029", "\ufeff inside", "\u007f", "<tag> & 'single'", "\\\\\\\\",
    "\\\\u0041", "", " ", "e\u0301", "vendor: no directive", "{\\\"model\\\":\\\"forbidden-1\\\"}", "\ufffe\uffff"
]
SPACES = ["", "", "", " ", "  ", "\n", "\t", "\r\n", " \n\t ", "\n" * 3]


class Maker:
    """Writes one body."""
    def __init__(self, seed):
        self.random = random.Random(seed)

    def space(self):
        return self.random.choice(SPACES)

    def string(self, most=6):
        return '"' + "".join(self.random.choice(PIECES) for _ in range(self.random.randint(0, most))) + '"'

    def key(self, number):
        """One that nobody judges, at times written with escapes."""
        return '"' + self.random.choice([
            "u_{}", "x-\u00fc-{}", "\\u0075\\u005f{}", "", "mode{}", "modell{}", " model{}", "model.{}", "$ref{}",
            "__proto__", "null"
        ]).format(number) + '"'

    def scalar(self):
        return self.random.choice(
            [self.random.choice(NUMBERS),
             self.string(), "true", "false", "null", "[]", "{}", "[ ]", "{\n}"])

    def value(self, depth=0):
        kind = self.random.random()
        if depth > 5 or kind < 0.5:
            return self.scalar()
        if kind < 0.6:
            levels = self.random.randint(1, 60)
            return "[" * levels + self.scalar() + "]" * levels
        if kind < 0.8:
            return self.array([self.value(depth + 1) for _ in range(self.random.randint(0, 4))])
        return self.object(self.members(depth + 1))

    def members(self, depth=0):
        """Unjudged ones, some of them twice."""
        made = [(self.key(number), self.value(depth)) for number in range(self.random.randint(0, 4))]
        return made + [(key, self.value(depth + 1)) for key, _ in made if self.random.random() < 0.3]

    def array(self, items):
        return "[" + self.space() + (self.space() + "," + self.space()).join(items) + self.space() + "]"

    def object(self, members, shuffled=True):
        members = list(members)
        if shuffled:
            self.random.shuffle(members)
        between = [f"{key}{self.space()}:{self.space()}{value}" for key, value in members]
        return "{" + self.space() + (self.space() + "," + self.space()).join(between) + self.space() + "}"

    def body(self, dialect, stream=False, filler=None):
        """A whole request of the dialect in UTF-8; `filler`: a JSON string that the newest message ends with."""
        say = filler or self.string()
        judged = []
        if dialect.name != "gemini":
            judged.append(('"model"', f'"{dialect.model}"' if self.random.random() < 0.7 else '"' +
                           dialect.model.replace("-", "\\u002d") + '"'))
            if stream or self.random.random() < 0.3:
                judged.append(('"stream"', "true" if stream else "false"))
        if dialect.name == "anthropic-messages":
            text = self.object([('"type"', '"text"'), ('"text"', say)] + self.members())
            turns = [
                self.object([('"role"', '"user"'), ('"content"', self.string())]),
                self.object([('"role"', '"assistant"'), ('"content"', self.string())]),
                self.object([('"role"', '"user"'), ('"content"', self.array([text]))] + self.members())
            ]
            judged += [('"messages"', self.array(turns)), ('"max_tokens"', self.random.choice(["16", "1e1", "16.0"])),
                       ('"system"',
                        self.random.choice([
                            self.string(),
                            self.array([self.object([('"type"', '"text"'), ('"text"', self.string())])])
                        ]))]
        elif dialect.name == "openai-responses":
            part = self.object([('"type"', '"input_text"'), ('"text"', say)] + self.members())
            judged += [
                ('"input"',
                 self.array([
                     self.object([('"type"', '"message"'), ('"role"', '"user"'), ('"content"', self.array([part]))] +
                                 self.members())
                 ])), ('"instructions"', self.string())
            ]
        elif dialect.name == "openai-chat":
            judged.append(('"messages"',
                           self.array([
                               self.object([('"role"', '"system"'), ('"content"', self.string())] + self.members()),
                               self.object([('"role"', '"user"'), ('"content"', say)] + self.members())
                           ])))
        else:
            part = self.object([('"text"', say)] + self.members())
            judged += [
                ('"contents"',
                 self.array([self.object([('"role"', '"user"'), ('"parts"', self.array([part]))] + self.members())])),
                (self.random.choice(['"systemInstruction"', '"system_instruction"']),
                 self.object([('"parts"', self.array([self.object([('"text"', self.string())])]))]))
            ]
        text = self.space() + self.object(judged + self.members()) + self.space()
        return text.encode("utf-8", "surrogatepass")

    def large(self, dialect, size):
        """Like body(), of about `size` bytes: text as it is, escapes, line ends, what file contents look like."""
        line = "    if (a[i] < b && c == \\\"x\\\\n\\\") { \\u00e4 \u00e4\u65e5 \\ud83d\\ude00 } // \\t\\n"
        return self.body(dialect, filler='"' + line * (size // len(line.encode())) + '"')

    def query(self):
        return self.random.choice(["", "?beta=true", "?a=%2F&b=+%20", "?x=1&x=2&;y", "?alt=json&%zz", "?" + "q" * 300])

    def fields(self):
        """Headers that nobody knows."""
        made = []
        for number in range(self.random.randint(0, 6)):
            name = self.random.choice([
                "x-unknown-{}", "X-UNKNOWN-{}", "anthropic-beta", "OpenAI-Beta", "X-Stainless-Arch", "traceparent{}",
                "x_under_{}"
            ]).format(number)
            made.append(
                (name, self.random.choice(["", "1", "a,b;c=\"d\"", "two  spaces", "{\"json\": [1.0]}", "x" * 200])))
        return made
