"""Trains a dictionary for kept bodies: train.py OUT.base64 [KILOBYTES, 32]

The samples are of this project's own making: the shapes of requests and answers in 1.txt, and the text of this checkout (code, tests,
documents) as coding clients send files in the results of tools. Wants the program zstd.
A dictionary that was once used never changes: write a new number, and name it in CMakeLists.txt."""

import base64
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
LINES = 60  # of a file in a result


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def passages():
    """Pieces of text: about a page each."""
    files = sorted(path for pattern in ("src/**/*.cpp", "src/**/*.h", "test/**/*.py", "docs/**/*.md", "examples/**/*.yaml")
                   for path in ROOT.glob(pattern))
    for path in files:
        lines = path.read_text(encoding="utf8").splitlines()
        for start in range(0, len(lines), LINES):
            text = "\n".join(lines[start:start + LINES])
            if len(text) > 300:
                yield path.relative_to(ROOT).as_posix(), start, lines[start:start + LINES]


def results(rng, name, start, lines):
    """One file, read by a tool, in the words of each dialect."""
    plain = "\n".join(lines)
    numbered = "".join(f"{start + i + 1:6d}\u2192{line}\n" for i, line in enumerate(lines))
    call = f"{rng.getrandbits(96):024x}"
    yield compact([
        {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_" + call, "name": "Read", "input": {"file_path": name}}]},
        {"role": "user", "content": [{"tool_use_id": "toolu_" + call, "type": "tool_result", "content": numbered}]}])
    yield compact([
        {"type": "function_call", "name": "shell", "arguments": compact({"command": ["bash", "-lc", f"cat {name}"]}), "call_id": "call_" + call},
        {"type": "function_call_output", "call_id": "call_" + call, "output": compact({"output": plain, "metadata": {"exit_code": 0}})}])
    yield compact([
        {"role": "assistant", "content": None, "tool_calls": [{"id": "call_" + call, "type": "function", "function": {
            "name": "read_file", "arguments": compact({"path": name})}}]},
        {"role": "tool", "tool_call_id": "call_" + call, "content": plain}])
    yield compact([
        {"role": "model", "parts": [{"functionCall": {"name": "read_file", "args": {"absolute_path": name}}}]},
        {"role": "user", "parts": [{"functionResponse": {"id": call, "name": "read_file", "response": {"output": plain}}}]}])


def main():
    out, kilobytes = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 32
    rng = random.Random(1)
    shapes = (HERE / "1.txt").read_text(encoding="utf8")
    with tempfile.TemporaryDirectory() as folder:
        samples = []

        def keep(text):
            samples.append(Path(folder, f"{len(samples):06d}"))
            samples[-1].write_text(text, encoding="utf8")

        for name, start, lines in passages():
            keep(rng.choice(list(results(rng, name, start, lines))))
        for _ in range(len(samples) // 20):
            keep(shapes)
        trained = Path(folder, "dictionary")
        subprocess.run(["zstd", "-q", "--train", "-r", folder, f"--maxdict={kilobytes * 1024}", "-o", trained, "-f"], check=True)
        out.write_text(base64.b64encode(trained.read_bytes()).decode())
    print(f"{out}: {len(samples)} samples", file=sys.stderr)


if __name__ == "__main__":
    main()
