"""The four dialects as a client sees them: the shape of a request, its headers, how an answer ends, where a sentence is."""

import json
import re


def events(body):
    """(event name, data) of every whole server-sent event."""
    found = []
    for block in body.replace(b"\r\n", b"\n").split(b"\n\n")[:-1]:
        name, data = "", []
        for line in block.split(b"\n"):
            if line.startswith(b"event:"):
                name = line[6:].strip().decode()
            elif line.startswith(b"data:"):
                data.append(line[5:].strip())
        if data:
            found.append((name, b"\n".join(data).decode()))
    return found


def last_event(body):
    """The last whole event as (name, parsed data or text)."""
    found = events(body)
    if not found:
        return "", None
    name, data = found[-1]
    try:
        return name, json.loads(data)
    except ValueError:
        return name, data


def text_of(body):
    """All pieces of text in a body or stream, joined; of a stream that repeats its text at the end (Responses) both."""
    pieces = re.findall(r'"(?:text|content|delta)":"((?:[^"\\]|\\.)*)"', body.decode())
    return json.loads('"' + "".join(pieces) + '"')


class Dialect:
    """`agent`: what its best known client sends. `status`: how it is told a refusal, by kind."""
    def __init__(self, name, client, version, agent, model, key_header, policy, identity, invalid):
        self.name = name
        self.client = client
        self.version = version
        self.agent = agent
        self.model = model
        self.key_header = key_header
        self.status = {"policy": policy, "identity": identity, "invalid": invalid, "too_large": invalid}

    def __repr__(self):
        return self.name

    def target(self, stream=False, model=None, operation="generate"):
        model = model or self.model
        if self.name == "gemini":
            verb = "countTokens" if operation == "count" else "streamGenerateContent" if stream else "generateContent"
            return f"/v1beta/models/{model}:{verb}" + ("?alt=sse" if stream else "")
        path = {
            "anthropic-messages": "/v1/messages", "openai-responses": "/v1/responses",
            "openai-chat": "/v1/chat/completions"
        }[self.name]
        if operation == "count":
            path += {"anthropic-messages": "/count_tokens", "openai-responses": "/input_tokens"}[self.name]
        return path

    def request(self, text="hi", model=None, stream=False, **extra):
        """The body as a dict, in the order that clients write."""
        body = {} if self.name == "gemini" else {"model": model or self.model}
        if self.name == "anthropic-messages":
            body |= {"messages": [{"role": "user", "content": [{"type": "text", "text": text}]}], "max_tokens": 128}
        elif self.name == "openai-responses":
            body |= {"input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}]}
        elif self.name == "openai-chat":
            body |= {"messages": [{"role": "user", "content": text}]}
        else:
            body |= {"contents": [{"role": "user", "parts": [{"text": text}]}]}
        if stream and self.name != "gemini":
            body["stream"] = True
        if stream and self.name == "openai-chat":
            body["stream_options"] = {"include_usage": True}
        return body | extra

    def bytes(self, text="hi", model=None, stream=False, **extra):
        return json.dumps(self.request(text, model, stream, **extra)).encode()

    def key(self, key):
        return (self.key_header, f"Bearer {key}" if self.key_header == "Authorization" else key)

    def fields(self, key, repository="git.acme.example/web/site"):
        fields = [("User-Agent", self.agent), ("Content-Type", "application/json")]
        if self.name == "anthropic-messages":
            fields.append(("anthropic-version", "2023-06-01"))
        if self.name == "openai-responses":
            fields.append(("originator", "codex_exec"))
        if key:
            fields.append(self.key(key))
        if repository:
            fields.append(("x-sallyport-repository", repository))
        return fields

    def is_finished(self, body):
        """Whether a stream has the final event of the dialect."""
        found = events(body)
        if self.name == "anthropic-messages":
            return any(name == "message_stop" for name, _ in found)
        if self.name == "openai-responses":
            return any(name in ("response.completed", "response.incomplete") for name, _ in found)
        if self.name == "openai-chat":
            return any(data == "[DONE]" for _, data in found)
        return any("finishReason" in data for _, data in found)

    def stream_failure(self, body):
        """The sentence of the error event that ends a stream in this dialect, or None."""
        name, data = last_event(body)
        if not isinstance(data, dict):
            return None
        if self.name == "anthropic-messages":
            return data["error"]["message"] if name == "error" and data.get("type") == "error" else None
        if self.name == "openai-responses":
            failed = name == "response.failed" and data.get("type") == "response.failed"
            return data["response"]["error"]["message"] if failed else None
        return data["error"]["message"] if isinstance(data.get("error"), dict) else None

    def sentence(self, answer):
        """What a refusal says, with its shape checked."""
        body = json.loads(answer.body)
        if self.name == "anthropic-messages":
            assert body["type"] == "error" and body["error"]["type"], body
        elif self.name == "gemini":
            assert body["error"]["code"] == answer.status and body["error"]["status"], body
        else:
            assert body["error"]["type"] and "code" in body["error"] and "param" in body["error"], body
        return body["error"]["message"]


ANTHROPIC = Dialect("anthropic-messages",
                    "claude-code",
                    "2.1.330",
                    "claude-cli/2.1.330 (external, sdk-cli)",
                    "claude-opus-5-5",
                    "x-api-key",
                    policy=451,
                    identity=403,
                    invalid=451)
RESPONSES = Dialect("openai-responses",
                    "codex",
                    "0.169.0",
                    "codex_exec/0.169.0 (Debian 12.0.0; x86_64) xterm-256color (codex_exec; 0.169.0)",
                    "gpt-6.1-sol",
                    "Authorization",
                    policy=400,
                    identity=400,
                    invalid=400)
CHAT = Dialect("openai-chat",
               "qwen-code",
               "0.24.4",
               "QwenCode/0.24.4 (linux; x64)",
               "qwen-4-coder",
               "Authorization",
               policy=451,
               identity=451,
               invalid=400)
GEMINI = Dialect("gemini",
                 "gemini-cli",
                 "0.61.0",
                 "GeminiCLI-tui/0.61.0/gemini-3.1-pro-preview (linux; x64; terminal)",
                 "gemini-3.8-flash",
                 "x-goog-api-key",
                 policy=403,
                 identity=403,
                 invalid=400)
ALL = [ANTHROPIC, RESPONSES, CHAT, GEMINI]
