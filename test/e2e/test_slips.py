"""One reading: what two parsers would read differently, or one not at all, is refused; tricks with keys are judged by what a vendor reads."""

import json
import random
import unittest

import dialects
import rig

RULES = [
    rig.POLICY["rules"][0] | {"allow": {"upstreams": ["sim"], "models": ["claude-*", "gpt-*", "gemini-*", "qwen-*"]}}
] + rig.POLICY["rules"][1:]
LIST = {"anthropic-messages": "messages", "openai-responses": "input", "openai-chat": "messages", "gemini": "contents"}
SYSTEM = {"anthropic-messages": "system", "openai-responses": "instructions", "gemini": "systemInstruction"}


def readings(text):
    """(key, value) of all that some reader may take for the model: the first of several, the last, one in other case."""
    found = []

    def pairs(members):
        found[:] = [(key, value) for key, value in members if key.lower() == "model"]
        return dict(members)

    json.loads(text, object_pairs_hook=pairs)  # the outermost object is read last
    return found


class OneReading(rig.Case):
    policy = rig.POLICY | {"rules": RULES}

    def refuse(self, dialect, body, reason="Sallyport", kinds=("invalid", )):
        self.vendor.forget()
        answer = self.ask(dialect, body=body)
        self.assertIn(answer.status, [dialect.status[kind] for kind in kinds], (answer.body, body[:200]))
        self.assertRegex(dialect.sentence(answer), reason)
        self.assertEqual([], self.vendor.requests())
        return answer

    def each(self, check):
        for dialect in dialects.ALL:
            with self.subTest(dialect=dialect):
                check(dialect, dialect.bytes().decode())

    def test_a_judged_key_that_stands_twice(self):
        def check(dialect, text):
            judged = [(LIST[dialect.name], "[]"), ("tools", "[]")]
            if dialect.name in SYSTEM:
                judged.append((SYSTEM[dialect.name], '"s"'))
            if dialect is not dialects.GEMINI:
                judged += [("model", '"claude-1"'), ("stream", "false")]
            for key, value in judged:
                escaped = "".join(f"\\u{ord(letter):04x}" for letter in key)
                for first, second in (
                    (key, key),
                    (key, escaped),
                    (escaped, key),
                    (key, key.capitalize()),
                    (key.upper(), key),
                ):
                    with self.subTest(first=first, second=second):
                        extra = f',"{first}":{value}' if f'"{first}"' not in text else ""
                        self.refuse(dialect, (text[:-1] + extra + f',"{second}":{value}}}').encode(),
                                    "twice|only in case")

        self.each(check)

    def test_a_judged_key_deeper_down_that_stands_twice(self):
        for dialect, body in (
            (dialects.ANTHROPIC, {"messages": [{"role": "user", "content": "a", "x": 1}]}),
            (dialects.CHAT, {"messages": [{"role": "user", "content": "a", "x": 1}]}),
            (dialects.RESPONSES, {"input": [{"role": "user", "content": "a", "x": 1}]}),
            (dialects.GEMINI, {"contents": [{"role": "user", "parts": [], "x": 1}]}),
        ):
            with self.subTest(dialect=dialect):
                text = json.dumps(dialect.request() | body)
                for key in ("role", "parts" if dialect is dialects.GEMINI else "content"):
                    self.refuse(dialect, text.replace('"x": 1', f'"{key}": "system"').encode(), "twice")
        self.refuse(dialects.GEMINI,
                    dialects.GEMINI.bytes(systemInstruction={"parts": []}, system_instruction={"parts": []}), "twice")

    def test_what_is_not_one_json_object_in_utf8(self):
        def check(dialect, text):
            inside = text[:-1]
            forms = {
                f"behind it {more!r}": text.encode() + more
                for more in (b"x", b"{}", b"\0", b",", b"]", text.encode(), b"//", b"\x1a", b"\xef\xbb\xbf")
            }
            forms |= {
                f"number {word}": f'{inside},"u":{word}}}'.encode()
                for word in ("NaN", "Infinity", "-Infinity", "+1", ".5", "1.", "01", "-01", "0x10", "1e", "1e+", "--1",
                             "1_000", "1,000", "True", "None", "undefined", "nul", "tru")
            }
            forms |= {
                name: f"{inside},{more}}}".encode()
                for name, more in {
                    "single quotes": "'u':1", "no quotes": "u:1", "trailing comma": '"u":1,', "two commas": ',"u":1',
                    "comment": '/* */"u":1', "no colon": '"u" 1', "bad escape": '"u":"\\x41"',
                    "short escape": '"u":"\\u12"', "raw newline": '"u":"\n"', "raw NUL": '"u":"\0"',
                    "raw tab": '"u":"\t"', "open string": '"u":"', "open array": '"u":[', "wrong bracket": '"u":[}',
                    "vertical tab": '\v"u":1', "no-break space": '\u00a0"u":1', "key without value": '"u"'
                }.items()
            }
            forms |= {
                f"bytes {data!r}": inside.encode() + b',"u":"' + data + b'"}'
                for data in (b"\xff", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xe2\x82", b"\xf4\x90\x80\x80",
                             b"\xf8\x88\x80\x80\x80", b"\x80", b"\xc3")
            }
            forms |= {
                "invalid bytes outside": inside.encode() + b"\xff}", "byte order mark": b"\xef\xbb\xbf" + text.encode(),
                "UTF-16": text.encode("utf-16"), "UTF-16 without a mark": text.encode("utf-16-le"),
                "UTF-32": text.encode("utf-32"), "cut": text.encode()[:-1], "nothing": b"", "spaces": b"  \n",
                "form": b"model=claude-1", "NDJSON": text.encode() + b"\n" + text.encode(),
                "NUL in front": b"\0" + text.encode()
            }
            forms |= {
                f"root {root!r}": root
                for root in (b"null", b"[]", b'"model"', b"1", b"[" + text.encode() + b"]")
            }
            forms["too deep"] = f'{inside},"u":{"[" * 5000}{"]" * 5000}}}'.encode()
            for name, data in forms.items():
                with self.subTest(name):
                    self.refuse(dialect, data)

        self.each(check)

    def test_judged_keys_of_the_wrong_kind(self):
        for dialect in dialects.ALL[:3]:
            for key, values in {
                    "model": ("1", "null", '["claude-1"]', "{}", "true"), "stream": ('"true"', "1", "[]"),
                    LIST[dialect.name]: ('{"0":{}}', "1", "true")
            }.items():
                for value in values:
                    with self.subTest(dialect=dialect, key=key, value=value):
                        request = dialect.request()
                        request.pop(key, None)
                        self.refuse(dialect, (json.dumps(request)[:-1] + f', "{key}": {value}}}').encode(),
                                    kinds=("invalid", "policy"))

    def test_no_model_at_all_is_no_way_around_the_rules_about_models(self):
        for dialect in dialects.ALL[:3]:
            request = dialect.request()
            del request["model"]
            for text in (json.dumps(request), json.dumps(request | {"x": {"model": dialect.model}}),
                         json.dumps(request | {"models": [dialect.model]}), json.dumps(request | {"model": ""}),
                         json.dumps(request | {"model": " " + dialect.model})):
                with self.subTest(dialect=dialect, text=text[-60:]):
                    self.refuse(dialect, text.encode(), kinds=("invalid", "policy"))

    def test_an_escaped_model_is_judged_as_what_it_says(self):
        for dialect in dialects.ALL[:3]:
            for form, model, status in (
                ('"\\u006dodel"', "forbidden-1", dialect.status["policy"]),
                ('"m\\u006fdel"', dialect.model, 200),
                ('"model"', "\\u0066orbidden-1", dialect.status["policy"]),
                ('"model"', dialect.model.replace("-", "\\u002D"), 200),
                ('"model"', "\\ud800", dialect.status["policy"]),
            ):
                with self.subTest(dialect=dialect, form=form, model=model):
                    self.vendor.forget()
                    text = dialect.bytes().decode().replace('"model"',
                                                            form).replace(f'"{dialect.model}"', f'"{model}"').encode()
                    answer = self.ask(dialect, body=text)
                    self.assertEqual(status, answer.status, answer.body)
                    seen = self.vendor.requests()
                    self.assertEqual(int(status == 200), len(seen))
                    if status == 200:
                        self.assertEqual(text, self.vendor.body(seen[0]["n"]))

    def test_a_model_in_geminis_path_is_one_thing_to_everybody(self):
        for path in ("models/gemini-3/../forbidden-1", "models/gemini-3%2F..%2Fforbidden-1", "models/gemini-3:x",
                     "models/gemini-3;v=forbidden-1", "models//forbidden-1", "models/gemini-%33",
                     "models/gemini-3\\forbidden-1", "tunedModels/gemini-3"):
            with self.subTest(path):
                self.vendor.forget()
                answer = self.gateway.ask("POST", f"/v1beta/{path}:generateContent", dialects.GEMINI.fields(self.key),
                                          dialects.GEMINI.bytes())
                self.assertEqual(404, answer.status, answer.body)
                self.assertEqual([], self.vendor.requests())
        self.assertEqual(403, self.ask(dialects.GEMINI, model="forbidden-1").status)

    def test_generated_tricks_with_the_model_let_nothing_slip_by(self):
        """Whatever is forwarded has one model to every reader, and an allowed one."""
        chance = random.Random(20261122)
        forwarded = refused = 0
        for number in range(250):
            dialect = chance.choice(dialects.ALL[:3])
            members = [
                f'"{LIST[dialect.name]}":[{{"role":"user","content":"{number}"}}]', '"u":{"model":"forbidden-2"}',
                '"model ":"forbidden-3"', '"mod\\u0000el":"forbidden-4"'
            ]
            for _ in range(chance.choice([1, 1, 2])):
                letters = [
                    chance.choice([
                        letter, letter, letter, f"\\u{ord(letter):04x}", f"\\u{ord(letter):04X}",
                        letter.upper() if chance.random() < 0.1 else letter
                    ]) for letter in "model"
                ]
                members.insert(
                    chance.randrange(len(members) + 1),
                    f'"{"".join(letters)}":"{chance.choice([dialect.model, dialect.model, "forbidden-1"])}"')
            text = "{" + chance.choice([",", " , ", "\n,\t"]).join(members) + "}"
            self.vendor.forget()
            answer = self.ask(dialect, body=text.encode())
            if answer.status == 200:
                forwarded += 1
                self.assertEqual([("model", dialect.model)], readings(text), text)
                self.assertEqual(text.encode(), self.vendor.body(1))
            else:
                refused += 1
                self.assertEqual([], self.vendor.requests())
                self.assertNotEqual([("model", dialect.model)], readings(text),
                                    f"an honest request was refused: {text} {answer.body}")
        self.assertGreater(min(forwarded, refused), 30)


if __name__ == "__main__":
    unittest.main()
