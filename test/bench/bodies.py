"""Requests of the shape that coding clients send, made up from a seed: the same seed gives the same bytes everywhere."""

import json
import random

MARK = "@@0123456789@@"  # load.lua puts a number in its place, so that no two requests are alike
SESSION = "5b7d1c0e-90f4-4e0f-9a55-6f1f0c6f7c11"
MODEL = "claude-opus-5-5"
HEADERS = {
    "User-Agent": "claude-cli/2.1.330 (external, sdk-cli)",
    "Accept": "application/json",
    "Content-Type": "application/json",
    "X-Claude-Code-Session-Id": SESSION,
    "X-Stainless-Arch": "x64",
    "X-Stainless-Lang": "js",
    "X-Stainless-OS": "Linux",
    "X-Stainless-Package-Version": "0.128.0",
    "X-Stainless-Retry-Count": "0",
    "X-Stainless-Runtime": "node",
    "X-Stainless-Runtime-Version": "v26.12.1",
    "X-Stainless-Timeout": "600",
    "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,"
                      "effort-2025-11-24",
    "anthropic-version": "2023-06-01",
    "x-app": "cli",
    "x-sallyport-repository": "git.acme.example/web/shop",
}
WORDS = ("the value of a request is read before it leaves and every unit counts once buffer index session config "
         "handler stream parse write close error retry token limit queue worker schema table column commit branch "
         "merge test module import class return yield await result option field record entry").split()
TOOLS = ("Read Write Edit MultiEdit Bash Grep Glob Task TodoWrite WebFetch NotebookEdit KillShell BashOutput "
         "mcp__github-mcp__list_issues mcp__github-mcp__get_file").split()


def _sentence(rng, words):
    return (" ".join(rng.choice(WORDS) for _ in range(words))).capitalize() + "."


def _prose(rng, size):
    text = []
    while size > 0:
        text.append(_sentence(rng, rng.randint(6, 18)) + ("\n\n" if rng.random() < 0.2 else " "))
        size -= len(text[-1])
    return "".join(text)


def _code(rng, size):
    """Lines as a file reader shows them: numbered, indented, with the quotes and tabs that JSON has to escape."""
    lines, number = [], 1
    while size > 0:
        a, b, c = (rng.choice(WORDS) for _ in range(3))
        line = rng.choice((f"    {a}_{b} = {c}(\"{a}\", {rng.randint(0, 4096)})", f"\tif {a} and not {b}.{c}:",
                           f"def {a}_{b}({c}, *, {a}=None):", f"    return {{\"{a}\": {b}[{c}], '{b}': \"{c}\\n\"}}",
                           "", f"    # {a} {b} – {c}"))
        lines.append(f"{number:6}\t{line}")
        size -= len(lines[-1]) + 1
        number += 1
    return "\n".join(lines)


def _tool(rng, name, size):
    fields = {word: {"type": "string", "description": _sentence(rng, 14)} for word in rng.sample(WORDS, 4)}
    return {"name": name, "description": _prose(rng, size),
            "input_schema": {"type": "object", "properties": fields, "required": sorted(fields)[:2],
                             "additionalProperties": False, "$schema": "https://json-schema.org/draft/2020-12/schema"}}


def _bytes(document):
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _metadata():
    return {"user_id": json.dumps({"device_id": "d" * 64, "account_uuid": "", "session_id": SESSION})}


def small(size=2048, seed=1):
    """One question without tools, answered at once and not streamed."""
    rng = random.Random(seed)
    document = {"model": MODEL, "messages": [{"role": "user", "content": ""}],
                "system": [{"type": "text", "text": _prose(rng, 500)}], "metadata": _metadata(), "max_tokens": 512}
    document["messages"][0]["content"] = _prose(rng, size)[:size - len(_bytes(document)) - 64]
    return _bytes(document)


def _turn_of_tool(rng, number, size, mark):
    """The model thinks, calls a tool, and gets its result."""
    call = f"toolu_{number:08d}"
    path = f"src/{rng.choice(WORDS)}/{rng.choice(WORDS)}.py"
    return [
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": mark + _prose(rng, 250), "signature": f"{rng.getrandbits(512):0128x}"},
            {"type": "text", "text": mark + _sentence(rng, 20)},
            {"type": "tool_use", "id": call, "name": "Read", "input": {"file_path": path, "note": mark}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": call, "content": [{"type": "text", "text": mark + _code(rng, size)}]}]},
    ]


def conversation(size, ask, seed=2, stream=True, mark=""):
    """A session at work: a long system prompt, tools, many results of tools, and a new question of 2 KB that asks the
    simulated vendor for `ask`. With a mark, every unit that the conversation grows by begins with it."""
    rng = random.Random(seed)
    kept = {"type": "ephemeral"}
    document = {
        "model": MODEL,
        "messages": [{"role": "user", "content": [{"type": "text", "text": mark + _prose(rng, 900)}]}],
        "system": [{"type": "text", "text": "You are a coding assistant."},
                   {"type": "text", "text": mark + _prose(rng, 14_000), "cache_control": kept}],
        "tools": [_tool(rng, name, 1600) for name in TOOLS],
        "metadata": _metadata(), "max_tokens": 128000, "thinking": {"type": "adaptive"},
        "context_management": {"edits": [{"type": "clear_tool_uses_20250919", "keep": "all"}]},
        "output_config": {"effort": "high"}, "stream": stream,
    }
    newest = {"role": "user", "content": [{"type": "text", "text": f"{mark}{ask} " + _prose(rng, 2000),
                                           "cache_control": kept}]}
    rest = size - len(_bytes(document)) - len(_bytes(newest))
    number = 0
    while rest > 0:
        number += 1
        more = _turn_of_tool(rng, number, max(100, min(rng.randint(600, 9000), rest - 1100)), mark)
        document["messages"] += more
        rest -= len(_bytes(more))
    document["messages"].append(newest)
    return _bytes(document)
