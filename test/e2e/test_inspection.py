"""What is in a request is found, whatever the client says of it: refused with a way on, recorded without its text."""

import gzip
import hashlib
import json
import re
import unittest
import zlib
from urllib.parse import quote

import dialects
import rig
from upstream import Upstream

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SITE, CLIENT = "git.acme.example/web/site", "git.acme.example/clients/x"
SENTENCE = "Take it out and begin a new conversation."
POLICY = rig.POLICY | {
    "rules": [*rig.POLICY["rules"],
              {"id": "no-secrets-out", "when": {"finding": "secret", "confidence": "high", "hosting": "vendor"}, "refuse": SENTENCE}],
}


def github_token(text="IqIMNOZH6z0wIEB4T9A2g4EHMy8Ji4"):
    """Made up; with the checksum that GitHub's have: CRC-32 in six digits of base 62."""
    rest, digits = zlib.crc32(text.encode()), ""
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        digits = DIGITS[digit] + digits
    return "ghp_" + text + digits


TOKEN = github_token()
FILE = f"1→import os\n2→TOKEN = \"{TOKEN}\"\n3→print(TOKEN)\n"

# A conversation of each dialect in which a tool read a file, with what clients put around it.
TALKS = {
    "anthropic-messages": {
        "system": [{"type": "text", "text": "You help.", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "look at deploy.py"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "reading"},
                                              {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"file_path": "/w/deploy.py"}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1",
                                          "content": [{"type": "text", "text": "RESULT"}]}]}],
        "tools": [{"name": "Read", "description": "Reads a file.",
                   "input_schema": {"type": "object", "properties": {"file_path": {"type": "string", "description": "which"}}}}],
        "metadata": {"user_id": "u-1"}, "max_tokens": 64, "unheard_of": {"deep": [["x"]]},
    },
    "openai-responses": {
        "instructions": "You help.",
        "input": [
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "look at deploy.py"}]},
            {"type": "function_call", "call_id": "c1", "name": "shell", "arguments": "{\"command\": [\"cat\", \"deploy.py\"]}"},
            {"type": "function_call_output", "call_id": "c1", "output": "RESULT"}],
        "tools": [{"type": "function", "name": "shell", "description": "Runs it.", "parameters": {"type": "object", "properties": {}}}],
        "store": False, "prompt_cache_key": "p1", "unheard_of": {"deep": [["x"]]},
    },
    "openai-chat": {
        "messages": [
            {"role": "system", "content": "You help."},
            {"role": "user", "content": "look at deploy.py"},
            {"role": "assistant", "content": None,
             "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "read_file", "arguments": "{\"path\": \"deploy.py\"}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "RESULT"}],
        "tools": [{"type": "function", "function": {"name": "read_file", "description": "Reads.", "parameters": {"type": "object"}}}],
        "unheard_of": {"deep": [["x"]]},
    },
    "gemini": {
        "systemInstruction": {"parts": [{"text": "You help."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "look at deploy.py"}]},
            {"role": "model", "parts": [{"functionCall": {"name": "read_file", "args": {"path": "deploy.py"}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "read_file", "response": {"output": "RESULT"}}}]}],
        "tools": [{"functionDeclarations": [{"name": "read_file", "description": "Reads.", "parameters": {"type": "OBJECT"}}]}],
        "unheard_of": {"deep": [["x"]]},
    },
}


def talk(dialect, result):
    text = json.dumps(TALKS[dialect.name]).replace('"RESULT"', json.dumps(result))
    return ({} if dialect.name == "gemini" else {"model": dialect.model}) | json.loads(text)


def planted(value):
    """Each copy of a JSON value with the token in one of its texts or keys."""
    if isinstance(value, str):
        yield f"{value} {TOKEN}"
    elif isinstance(value, list):
        for place, item in enumerate(value):
            for other in planted(item):
                yield [*value[:place], other, *value[place + 1:]]
    elif isinstance(value, dict):
        yield value | {f"is {TOKEN}": True}
        for key, item in value.items():
            for other in planted(item):
                yield value | {key: other}


class Inspection(rig.Case):
    policy = POLICY

    def send(self, dialect, body, fields=(), more=""):
        return self.ask(dialect, fields=fields, body=json.dumps(body).encode(), target=dialect.target() + more)

    def recorded(self):
        """exchange -> what was found in it."""
        return {entry["exchange"]: [row[:5] for row in entry["request"].get("findings", [])] for _, entry in self.gateway.each_entry_on_disk()
                if entry["kind"] in ("intent", "refusal")}

    def test_a_secret_in_the_result_of_a_tool_is_refused_and_named_without_its_text(self):
        for dialect in dialects.ALL:
            with self.subTest(dialect.name):
                self.assertEqual(200, self.send(dialect, talk(dialect, "1→import os\n")).status)
                answer = self.send(dialect, talk(dialect, FILE))
                self.assertEqual(dialect.status["policy"], answer.status)
                said = dialect.sentence(answer)
                self.assertIn(SENTENCE, said)
                self.assertIn("Found: github-", said)
                self.assertIn("in a tool result", said)
                self.assertNotIn(TOKEN, said)
                self.gateway.row(answer.exchange)
                self.assertEqual([["secret", "high", "tool-result", 1]],
                                 [row[:2] + row[3:5] for row in self.recorded()[answer.exchange]])

    def test_it_is_found_in_every_text_key_header_and_query_value(self):
        sent = {}
        for dialect in dialects.ALL:
            whole = talk(dialect, "1→import os\n")
            for number, body in enumerate(planted(whole)):
                answer = self.send(dialect, body | {"number": f"{dialect.name} {number}"})
                sent[answer.exchange or f"{dialect.name} {number}"] = json.dumps(body)
                self.assertNotEqual(200, answer.status, body)
            for fields, more in (([("x-note", f"is {TOKEN}")], ""), ([("Cookie", f"a=b; c={TOKEN}")], ""),
                                 ([], ("&" if "?" in dialect.target() else "?") + "note=" + quote(TOKEN))):
                answer = self.send(dialect, whole | {"number": f"{fields} {more}"}, fields, more)
                self.assertEqual(dialect.status["policy"], answer.status, (fields, more))
        self.assertGreater(len(sent), 90)

    def test_nothing_of_it_is_written_down(self):
        answer = self.send(dialects.ANTHROPIC, talk(dialects.ANTHROPIC, FILE + "# once more"))
        self.gateway.row(answer.exchange)
        self.gateway.ledger()
        for path in self.gateway.folder.rglob("*"):
            if path.is_file() and path.name != "sallyport":
                self.assertFalse(TOKEN[8:].encode() in path.read_bytes(), path)

    def test_where_nothing_refuses_it_passes_byte_for_byte_and_is_recorded(self):
        gateway = self.run_gateway({"sim": self.vendor.url}, rig.POLICY, self.folder / "records")
        body = json.dumps(talk(dialects.CHAT, FILE)).encode()
        answer = self.ask(dialects.CHAT, gateway=gateway, key=gateway.key, body=body)
        self.assertEqual(200, answer.status)
        gateway.row(answer.exchange)
        intent = gateway.entries(answer.exchange)[0]
        self.assertEqual([["secret", "high", "tool-result", 1]], [row[:2] + row[3:5] for row in intent["request"]["findings"]])
        self.assertEqual(1 << 2, intent["facts"]["findings"])


class TwoVendors(rig.Case):
    """sim and second, which keep what they get."""

    @classmethod
    def upstreams(cls):
        cls.vendor_of = {name: Upstream() for name in ("sim", "second")}
        for one in cls.vendor_of.values():
            cls.addClassCleanup(one.close)
        return {name: one.url for name, one in cls.vendor_of.items()}

    def arrived(self, dialect, body, upstream="sim", fields=(), where=SITE):
        """The answer, and what the vendor got."""
        received = self.vendor_of[upstream].received
        before = len(received)
        answer = self.ask(dialect, body=body if isinstance(body, bytes) else json.dumps(body).encode(), fields=fields, repository=where)
        self.assertEqual((200, before + 1), (answer.status, len(received)), answer.body)
        return answer, received[-1]


class Amended(TwoVendors):
    """Whoever works on in a conversation that once held a secret: it leaves without it, and the same way each time."""
    policy = rig.POLICY | {
        "rules": [{"id": "site", "when": {"class": "internal"}, "allow": {"upstreams": ["sim"]}},
                  {"id": "clients", "when": {"class": "customer"}, "allow": {"upstreams": ["second"]}},
                  {"id": "redact", "when": {"finding": "secret", "confidence": "high"}, "amend": "redact"},
                  {"id": "withhold", "when": {"finding": "secret", "confidence": "high", "class": "customer"}, "amend": "withhold"}],
    }

    def test_a_secret_leaves_as_its_placeholder_and_all_else_byte_for_byte(self):
        for dialect in dialects.ALL:
            with self.subTest(dialect.name):
                body = json.dumps(talk(dialect, FILE), ensure_ascii=False).encode()
                answer, request = self.arrived(dialect, body)
                left = request.body
                placeholder = re.search(rb"\[\[sallyport:[a-z0-9-]+:[a-z2-7]{20}\]\]", left).group()
                self.assertEqual(body, left.replace(placeholder, TOKEN.encode()))
                self.assertEqual(str(len(left)), request.get("content-length"))
                self.gateway.row(answer.exchange)
                intent = self.gateway.entries(answer.exchange)[0]
                self.assertEqual("amend", intent["plan"]["decision"])
                self.assertEqual([len(left), "sha256:" + hashlib.sha256(left).hexdigest()], [intent["sent"]["bytes"], intent["sent"]["digest"]])
                self.assertEqual([len(body), "sha256:" + hashlib.sha256(body).hexdigest()],
                                 [intent["received"]["bytes"], intent["received"]["digest"]])

    def test_a_conversation_that_grows_keeps_every_byte_that_left_before(self):
        for dialect in dialects.ALL:
            with self.subTest(dialect.name):
                key = next(name for name in ("messages", "input", "contents") if name in TALKS[dialect.name])
                body, earlier = talk(dialect, FILE), b""
                for turn in range(4):
                    _, request = self.arrived(dialect, body)
                    grown = json.loads(request.body)
                    self.assertNotIn(TOKEN, request.body.decode())
                    left = json.dumps(grown[key])[:-1].encode()
                    self.assertTrue(left.startswith(earlier))
                    earlier = left
                    body[key] = [*body[key], json.loads(json.dumps(body[key][0]).replace("look at", f"{turn}: use {TOKEN} for"))]

    def test_a_coded_body_leaves_as_the_text_that_was_amended(self):
        body = json.dumps(talk(dialects.CHAT, FILE)).encode()
        _, request = self.arrived(dialects.CHAT, gzip.compress(body), fields=[("Content-Encoding", "gzip")])
        self.assertIsNone(request.get("content-encoding"))
        self.assertIn(b"[[sallyport:", request.body)
        json.loads(request.body)
        clean = gzip.compress(json.dumps(talk(dialects.CHAT, "1→import os\n")).encode())
        _, request = self.arrived(dialects.CHAT, clean, fields=[("Content-Encoding", "gzip")])
        self.assertEqual(("gzip", clean), (request.get("content-encoding"), request.body))

    def test_a_withheld_result_says_so_and_the_work_goes_on(self):
        for dialect in dialects.ALL:
            with self.subTest(dialect.name):
                whole = talk(dialect, "a first line\n" + FILE)
                if "prompt_cache_key" in whole:
                    whole["prompt_cache_key"] = "a conversation of its own"  # its class does not fall again
                _, request = self.arrived(dialect, whole, "second", where=CLIENT)
                self.assertNotIn(TOKEN.encode(), request.body)
                self.assertNotIn(b"a first line", request.body)
                said = re.search(r"\[Sallyport withheld this text[^\]]*\]", request.body.decode()).group()
                self.assertEqual(json.loads(json.dumps(whole).replace(json.dumps("a first line\n" + FILE), json.dumps(said))),
                                 json.loads(request.body))

    def test_where_nothing_can_be_put_in_its_place_it_is_refused(self):
        signed = talk(dialects.ANTHROPIC, "1→import os\n")
        signed["messages"][1]["content"].insert(0, {"type": "thinking", "thinking": f"it is {TOKEN}", "signature": "c2ln"})
        named = talk(dialects.ANTHROPIC, "1→import os\n")
        named["messages"][1]["content"][1]["id"] = TOKEN
        keyed = talk(dialects.ANTHROPIC, "1→import os\n") | {TOKEN: 1}
        for body, fields, said in ((signed, [], "in what the vendor signed"), (named, [], "in a word of the protocol"),
                                   (keyed, [], "in a name of the request"),
                                   (talk(dialects.ANTHROPIC, "1→import os\n"), [("x-note", TOKEN)], "in a header or the address")):
            with self.subTest(said):
                before = len(self.vendor_of["sim"].received)
                answer = self.ask(dialects.ANTHROPIC, body=json.dumps(body).encode(), fields=fields)
                self.assertEqual(dialects.ANTHROPIC.status["policy"], answer.status)
                self.assertIn(said, dialects.ANTHROPIC.sentence(answer))
                self.assertEqual(before, len(self.vendor_of["sim"].received))

    def test_one_secret_has_one_name_here_and_another_one_elsewhere(self):
        names = set()
        for dialect in dialects.ALL:
            _, request = self.arrived(dialect, talk(dialect, FILE))
            names.update(re.findall(rb"\[\[sallyport:[^\]]*\]\]", request.body))
        self.assertEqual(1, len(names))
        elsewhere = self.run_gateway(self.upstreams(), self.policy, self.folder / "elsewhere")
        answer = self.ask(dialects.CHAT, gateway=elsewhere, key=elsewhere.key, body=json.dumps(talk(dialects.CHAT, FILE)).encode())
        self.assertEqual(200, answer.status)
        self.assertNotIn(names.pop(), self.vendor_of["sim"].received[-1].body)


class Normalised(TwoVendors):
    """What is hidden is taken out, what is read stays; all else byte for byte, each turn alike."""
    policy = rig.POLICY | {"rules": [{"id": "site", "when": {"class": "internal"}, "allow": {"upstreams": ["sim", "second"]}},
                                     {"id": "plain", "when": {"finding": "marker"}, "amend": "normalise"},
                                     {"id": "device", "amend": "strip-headers", "headers": ["x-device-*"]}]}
    HIDDEN = "pay\u200bpal\u200b and \u202ereversed\u202c; Today\u2019s date is 2026/11/27."
    PLAIN = "paypal and reversed; Today's date is 2026-11-27."

    def test_it_leaves_as_it_reads(self):
        for dialect in dialects.ALL:
            for ascii in (True, False):
                with self.subTest(dialect.name, ascii=ascii):
                    write = lambda text: json.dumps(talk(dialect, text), ensure_ascii=ascii).encode()
                    answer, request = self.arrived(dialect, write(self.HIDDEN), fields=[("X-Device-Name", "ada's"), ("X-Devices", "1")])
                    self.assertEqual(write(self.PLAIN), request.body)
                    self.assertEqual((None, "1"), (request.get("x-device-name"), request.get("x-devices")))
                    self.gateway.row(answer.exchange)
                    intent = self.gateway.entries(answer.exchange)[0]
                    self.assertEqual("amend", intent["plan"]["decision"])
                    self.assertEqual([0, 0, True, 1], [*intent["plan"]["amendments"][0][:2], intent["plan"]["amendments"][0][2] > 0, intent["plan"]["amendments"][0][3]])
                    self.assertIn("marker", {row[0] for row in intent["request"]["findings"]})
        told = json.loads(self.gateway.run("policy", "what-if", "policy.yaml", "--config", "sallyport.yaml", "--json"))
        self.assertEqual((told["decisions"], 8), (told["same"], told["decisions"]))


class Restored(rig.Case):
    """What was redacted in a request comes back in its answer as it was, in texts and in tools that edit files."""
    policy = Amended.policy | {"restore": {}}
    ELSEWHERE = "[[sallyport:github-personal-token:abcdefghijklmnopqrst]]"

    @classmethod
    def upstreams(cls):
        cls.vendor_of = {name: Upstream(cls.answer) for name in ("sim", "second")}
        for one in cls.vendor_of.values():
            cls.addClassCleanup(one.close)
        return {name: one.url for name, one in cls.vendor_of.items()}

    @classmethod
    def answer(cls, wire, request):
        """Says what it was sent, to people, to a tool that edits and to a shell."""
        found = re.search(rb"\[\[sallyport:[a-z0-9-]+:[a-z2-7]{20}\]\]", request.body)
        said = (found.group().decode() if found else "nothing") + " " + cls.ELSEWHERE
        arguments = {name: json.dumps({"text": said}) for name in ("Edit", "Bash")}
        if b'"stream": true' not in request.body:
            blocks = [{"type": "text", "text": said}, *({"type": "tool_use", "id": "t", "name": name, "input": {"text": said}} for name in arguments)]
            wire.reply(200, json.dumps({"type": "message", "content": blocks, "stop_reason": "tool_use"}).encode(), [("Content-Type", "application/json")])
            return
        events = [{"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 1}}},
                  {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
                  *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": part}} for part in (said[:9], said[9:30], said[30:])),
                  {"type": "content_block_stop", "index": 0}]
        for index, (name, text) in enumerate(arguments.items(), 1):
            events += [{"type": "content_block_start", "index": index, "content_block": {"type": "tool_use", "id": "t", "name": name, "input": {}}},
                       *({"type": "content_block_delta", "index": index, "delta": {"type": "input_json_delta", "partial_json": part}} for part in (text[:20], text[20:])),
                       {"type": "content_block_stop", "index": index}]
        events += [{"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}}, {"type": "message_stop"}]
        stream = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
        wire.reply(200, stream.encode(), [("Content-Type", "text/event-stream")])

    @staticmethod
    def texts(body):
        """What people, the editing tool and the shell get."""
        if body.startswith(b"{"):
            text, edit, shell = json.loads(body)["content"]
            return text["text"], edit["input"]["text"], shell["input"]["text"]
        parts = ["", "", ""]
        for line in body.decode().splitlines():
            if line.startswith("data: ") and (event := json.loads(line[6:]))["type"] == "content_block_delta":
                parts[event["index"]] += event["delta"].get("text", "") + event["delta"].get("partial_json", "")
        return parts[0], json.loads(parts[1])["text"], json.loads(parts[2])["text"]

    def test_it_comes_back_where_it_may_and_nowhere_else(self):
        for stream in (False, True):
            with self.subTest(stream=stream):
                body = talk(dialects.ANTHROPIC, FILE) | {"stream": stream}
                answer = self.ask(dialects.ANTHROPIC, body=json.dumps(body).encode(), fields=[("Accept-Encoding", "gzip, br")])
                self.assertEqual(200, answer.status)
                request = self.vendor_of["sim"].received[-1]
                self.assertNotIn(TOKEN.encode(), request.body)
                self.assertIsNone(request.get("accept-encoding"))
                text, edit, shell = self.texts(answer.body)
                self.assertEqual([f"{TOKEN} {self.ELSEWHERE}"] * 2, [text, edit])
                self.assertNotIn(TOKEN, shell)
                self.assertRegex(shell, r"^\[\[sallyport:github-[^ ]* " + re.escape(self.ELSEWHERE) + "$")
                self.gateway.row(answer.exchange)
                outcome = self.gateway.entries(answer.exchange)[-1]
                self.assertEqual(2, outcome["restored"])
                self.assertNotIn("findings", outcome)  # the vendor sent placeholders

    def test_a_placeholder_of_another_exchange_is_a_text_like_any_other(self):
        self.ask(dialects.ANTHROPIC, body=json.dumps(talk(dialects.ANTHROPIC, FILE)).encode())
        placeholder = re.search(rb"\[\[sallyport:[^\]]*\]\]", self.vendor_of["sim"].received[-1].body).group().decode()
        for person in ("ada@acme.example", "eve@acme.example"):
            key = self.gateway.issue(person)["key"]
            body = talk(dialects.ANTHROPIC, f"1→say {placeholder}\n") | {"stream": True}
            answer = self.ask(dialects.ANTHROPIC, key=key, body=json.dumps(body).encode())
            self.assertEqual(200, answer.status)
            self.assertEqual([f"{placeholder} {self.ELSEWHERE}"] * 3, list(self.texts(answer.body)))

    def test_the_next_turn_leaves_as_the_vendor_knows_it(self):
        body = talk(dialects.ANTHROPIC, FILE)
        answer = self.ask(dialects.ANTHROPIC, body=json.dumps(body).encode())
        said = json.loads(answer.body)["content"][0]["text"]
        first = self.vendor_of["sim"].received[-1].body
        body["messages"] += [{"role": "assistant", "content": said}, {"role": "user", "content": "go on"}]
        self.assertEqual(200, self.ask(dialects.ANTHROPIC, body=json.dumps(body).encode()).status)
        second = json.loads(self.vendor_of["sim"].received[-1].body)
        self.assertNotIn(TOKEN, json.dumps(second))
        placeholder = re.search(rb"\[\[sallyport:[^\]]*\]\]", first).group().decode()
        self.assertEqual(f"{placeholder} {self.ELSEWHERE}", second["messages"][-2]["content"])


class Answers(rig.Case):
    """What a model writes is inspected too, in each dialect, streamed or not; it is on its way, so it is recorded."""

    def test_a_secret_that_a_model_writes_is_recorded_without_its_text(self):
        for dialect in dialects.ALL:
            for stream in (False, True):
                with self.subTest(dialect.name, stream=stream):
                    answer = self.ask(dialect, f"vendor:say(use {TOKEN} then) {stream}", stream)
                    self.assertEqual(200, answer.status)
                    self.gateway.row(answer.exchange)
                    outcome = self.gateway.entries(answer.exchange)[-1]
                    self.assertEqual([["secret", "high", "message", 1]], [row[:2] + row[3:5] for row in outcome["findings"]])
        clean = self.ask(dialects.CHAT, "vendor:say(nothing of interest)")
        self.gateway.row(clean.exchange)
        self.assertNotIn("findings", self.gateway.entries(clean.exchange)[-1])


class OneMachineDiffers(rig.Case):
    """What no rule knows: a client that writes the same words on each machine, and on one of them other bytes between them."""

    def test_it_is_told_and_recorded_with_the_bytes_that_differ(self):
        usual, odd = "You can't leave the working directory. Answer briefly.", "You can\u2032t leave the working directory. Answer briefly."
        for number in range(6):
            key = self.gateway.issue(f"dev{number}@acme.example")["key"]
            body = talk(dialects.ANTHROPIC, "1→import os\n")
            body["system"][0]["text"] = (odd if number == 3 else usual) + f" Your directory is /home/dev{number}/site, today is 2026-11-2{number}."
            answer = self.ask(dialects.ANTHROPIC, key=key, body=json.dumps(body, ensure_ascii=False).encode())
            self.assertEqual(200, answer.status)
            self.gateway.row(answer.exchange)
            found = [row[2] for row in self.gateway.entries(answer.exchange)[0]["request"].get("findings", [])]
            self.assertNotIn("fleet-difference", found if number != 3 else [])
        told = [line for line in self.gateway.log() if line["event"] == "client.differs"]
        self.assertEqual(1, len(told), told)
        self.assertEqual(("U+0027 APOSTROPHE", "no"), (told[0]["usual"].split(",")[0], told[0]["here"]))
        self.assertTrue(told[0]["odd"].startswith("U+2032"), told)
        # The seventh that differs is one whose own exchange has the finding.
        key = self.gateway.issue("dev7@acme.example")["key"]
        body["system"][0]["text"] = odd.replace("\u2032", "\u02bc")
        answer = self.ask(dialects.ANTHROPIC, key=key, body=json.dumps(body, ensure_ascii=False).encode())
        self.gateway.row(answer.exchange)
        self.assertIn("fleet-difference", [row[2] for row in self.gateway.entries(answer.exchange)[0]["request"]["findings"]])


class OwnRules(TwoVendors):
    """A company's own file of rules beside those of the program; law 1 across a change of it."""
    policy = Amended.policy
    RULE = "[[rules]]\nid = 'acme-badge'\nregex = 'badge-[0-9]{6}'\nkeywords = ['badge-']\nconfidence = 'high'\n"

    def configure(self, gateway, **inspection):
        gateway.more["inspection"] = inspection
        gateway.write_config()
        gateway.reload()

    def test_a_rule_that_comes_in_mid_conversation_acts_on_what_is_new(self):
        gateway, rules = self.gateway, self.folder / "acme.toml"
        body = talk(dialects.CHAT, f"badge-111111 and {TOKEN}\n")
        _, first = self.arrived(dialects.CHAT, body)
        self.assertIn(b"badge-111111", first.body)
        rules.write_text(self.RULE)
        self.configure(gateway, rules=[str(rules)])
        self.assertEqual("reload.done", [line["event"] for line in gateway.log() if line["event"].startswith("reload.")][-1])
        body["messages"].append({"role": "user", "content": "and badge-222222?"})
        answer, second = self.arrived(dialects.CHAT, body)
        self.assertTrue(second.body.startswith(first.body[:first.body.index(b"badge-111111") + 12]))
        self.assertIn(re.search(rb"\[\[sallyport:github[^\]]*\]\]", first.body).group(), second.body)
        self.assertNotIn(b"badge-222222", second.body)
        gateway.row(answer.exchange)
        self.assertIn(["secret", "high", "acme-badge", "message", 1], self.recorded()[answer.exchange])
        self.assertEqual([["secret", "high", "acme-badge", "tool-result", 1]], [row[:5] for row in gateway.entries(answer.exchange)[0]["request"]["disclosed"]])
        # A file that cannot be read leaves what is in force.
        rules.write_text("[[rules]]\nid = 'x'\nregex = '('\n")
        gateway.reload()
        line = [line for line in gateway.log() if line["event"].startswith("reload.")][-1]
        self.assertEqual("reload.failed", line["event"])
        self.assertIn("acme.toml:3:", line["why"])
        _, third = self.arrived(dialects.CHAT, body | {"seed": 1})
        self.assertNotIn(b"badge-222222", third.body)
        # Personal data, which only those look for who ask for it.
        card = talk(dialects.CHAT, "card number: 4539 1488 0343 6467\n")
        _, before = self.arrived(dialects.CHAT, card)
        self.assertIn(b"4539", before.body)
        self.configure(gateway, personal_data=True)
        card["messages"].append({"role": "user", "content": "card number: 4556 7375 8689 9855"})
        answer, _ = self.arrived(dialects.CHAT, card)
        gateway.row(answer.exchange)
        self.assertTrue(any("card" in row[2] for row in self.recorded()[answer.exchange]))

    recorded = Inspection.recorded

    def test_a_gateway_without_its_rules_lets_nothing_pass_and_says_why(self):
        gateway = self.run_gateway({"sim": self.vendor.url}, self.policy, self.folder / "broken", inspection={"rules": ["none.toml"]})
        answer = self.ask(dialects.CHAT, gateway=gateway, key=gateway.key)
        self.assertEqual(dialects.CHAT.status["policy"], answer.status)
        self.assertIn("none.toml", json.dumps(gateway.log()))
        self.assertNotEqual(200, gateway.readiness()[0])

    def test_the_head_of_a_question_for_models_is_looked_at(self):
        gateway = self.run_gateway({"sim": self.vendor.url}, Inspection.policy, self.folder / "models")
        fields = dialects.CHAT.fields(gateway.key, SITE)
        self.assertEqual(200, gateway.ask("GET", "/v1/models", fields).status)
        answer = gateway.ask("GET", "/v1/models", [*fields, ("x-note", TOKEN)])
        self.assertEqual(dialects.CHAT.status["policy"], answer.status)
        answer = gateway.ask("GET", "/v1/models?note=" + TOKEN, fields)
        self.assertEqual(dialects.CHAT.status["policy"], answer.status)


class Attachments(OwnRules):
    policy = rig.POLICY | {
        "rules": [{"id": "site", "when": {"class": "internal"}, "allow": {"upstreams": ["sim"]}},
                  {"id": "pictures", "when": {"finding": "uninspected"}, "amend": "withhold"}]}
    test_a_rule_that_comes_in_mid_conversation_acts_on_what_is_new = None
    test_a_gateway_without_its_rules_lets_nothing_pass_and_says_why = None
    test_the_head_of_a_question_for_models_is_looked_at = None

    def test_a_picture_leaves_as_a_sentence_in_each_dialect(self):
        data = "iVBORw0KGgo" + "A" * 1021
        url = f"data:image/png;base64,{data}"
        pictures = {
            "anthropic-messages": {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}},
            "openai-responses": {"type": "input_image", "image_url": url},
            "openai-chat": {"type": "image_url", "image_url": {"url": url}},
            "gemini": {"inlineData": {"mimeType": "image/png", "data": data}},
        }
        for dialect in dialects.ALL:
            with self.subTest(dialect.name):
                body = talk(dialect, "1→import os\n")
                key = next(name for name in ("messages", "input", "contents") if name in body)
                parts = "parts" if key == "contents" else "content"
                text = {"anthropic-messages": {"type": "text"}, "openai-responses": {"type": "input_text"},
                        "openai-chat": {"type": "text"}, "gemini": {}}[dialect.name]
                body[key] = [*body[key], {"role": "user", parts: [text | {"text": "see"}, pictures[dialect.name]]}]
                _, request = self.arrived(dialect, body)
                left = json.loads(request.body)[key][-1][parts]
                self.assertEqual({**text, "text": left[1]["text"]}, left[1])
                self.assertIn("[Sallyport withheld this text", left[1]["text"])
                self.assertEqual(text | {"text": "see"}, left[0])


if __name__ == "__main__":
    unittest.main()
