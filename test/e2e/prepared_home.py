"""A home folder with facts of every kind for `sallyport discover`, with values made for this run, and what should be found of each."""

import base64
import json
import os
import random
import string
from pathlib import Path

LETTERS = string.ascii_letters + string.digits
GATEWAY = "https://gateway.acme.example"


class Home:
    """`facts`: (kind, client, what, place, line) of all that was planted; `keys`: what no output may hold."""
    def __init__(self, folder, seed):
        self.random = random.Random(seed)
        self.home = Path(folder) / "home"
        self.work = Path(folder) / "work"
        self.home.mkdir()
        self.work.mkdir()
        self.facts, self.keys, self.names = set(), [], []
        self.plant()

    def word(self, size=10):
        return "".join(self.random.choice(string.ascii_lowercase) for _ in range(size))

    def version(self):
        return f"{self.random.randrange(1, 4)}.{self.random.randrange(30)}.{self.random.randrange(400)}"

    def key(self, prefix, size):
        while True:
            text = "".join(self.random.choice(LETTERS) for _ in range(size))
            if any(c.isdigit() for c in text) and any(c.isalpha() for c in text):
                break
        self.keys.append(prefix + text)
        return prefix + text

    def expect(self, kind, client, what, place, line=0):
        self.facts.add((kind, client, what, place, line))

    def shown(self, path):
        path = Path(path)
        return f"~/{path.relative_to(self.home)}" if path.is_relative_to(self.home) else str(path)

    def write(self, path, text, base=None):
        """`text`: str, or something to write as JSON. Returns the place as it is shown, and a function that finds lines."""
        path = (base or self.home) / path
        path.parent.mkdir(parents=True, exist_ok=True)
        text = text if isinstance(text, str) else json.dumps(text, indent=2)
        path.write_text(text)

        def line(of):
            found = [number for number, one in enumerate(text.split("\n"), 1) if of in one]
            assert len(found) == 1, (of, found)
            return found[0]

        return self.shown(path), line

    def program(self, path, text="#!/bin/sh\n"):
        path = self.home / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def package(self, folder, name, version, program, base=None):
        """An npm package under `folder`/lib and its link under `folder`/bin."""
        folder = (base or self.home) / folder
        code = folder / "lib/node_modules" / name / "cli.js"
        code.parent.mkdir(parents=True)
        code.write_text(f"#!/usr/bin/env node\n// {self.word()}\n")
        (code.parent / "package.json").write_text(json.dumps({"name": name, "version": version}))
        (folder / "bin").mkdir(exist_ok=True)
        (folder / "bin" / program).symlink_to(os.path.relpath(code, folder / "bin"))
        return self.shown(folder / "bin" / program)

    def plant(self):
        self.clients()
        self.claude()
        self.codex()
        self.others()
        self.editors()
        self.shells()
        self.workspace()
        self.logins()
        self.transcripts()
        self.decoys()

    def clients(self):
        self.versions = {name: self.version() for name in ("claude-code", "codex", "gemini-cli", "qwen-code", "opencode", "copilot")}
        node = f".nvm/versions/node/v22.{self.random.randrange(20)}.0"
        for name, package, program in (("gemini-cli", "@google/gemini-cli", "gemini"), ("codex", "@openai/codex", "codex")):
            self.expect("client", name, name, self.package(node, package, self.versions[name], program))
        self.expect("client", "qwen-code", "qwen-code", self.package(".npm-global", "@qwen-code/qwen-code", self.versions["qwen-code"], "qwen"))
        native = self.program(f".local/share/claude/versions/{self.versions['claude-code']}", f"native {self.word()}")
        (self.home / ".local/bin").mkdir()
        (self.home / ".local/bin/claude").symlink_to(native)
        self.expect("client", "claude-code", "claude-code", "~/.local/bin/claude")
        self.program(".opencode/bin/opencode", f"\x7fELF {self.word()} opencode-ai/package {self.word()}")
        self.expect("client", "opencode", "opencode", "~/.opencode/bin/opencode")
        self.program(".local/bin/aider")
        self.expect("tool", "", "aider", "~/.local/bin/aider")
        (self.home / ".ollama").mkdir()
        self.expect("tool", "", "ollama", "~/.ollama")

    def claude(self):
        server, remote, project = self.word(), self.word(), self.word()
        token = self.key("sk-ant-api03-", 90)
        secret = self.key("", 40)
        place, line = self.write(".claude.json", {
            "userID": self.word(32),
            "mcpServers": {
                server: {"type": "stdio", "command": "npx", "args": ["-y", f"@acme/{server}", "--token", secret], "env": {"ANTHROPIC_API_KEY": token}},
                remote: {"type": "http", "url": f"https://mcp.acme.example/{secret}/mcp?key={secret}"},
            },
            "projects": {"/srv/somewhere": {"mcpServers": {project: {"command": "/opt/acme/server", "args": [secret]}}}},
            "oauthAccount": {"emailAddress": "ada.lovelace@acme.example", "organizationRole": "admin", "displayName": "Ada Lovelace"},
        })
        self.names += ["ada.lovelace", "Ada Lovelace"]
        for name in (server, remote, project):
            self.expect("plugin", "claude-code", name, place, line(f'"{name}": {{'))
        self.expect("key", "claude-code", "anthropic-key", place, line("ANTHROPIC_API_KEY"))
        self.expect("login", "claude-code", "claude-code", place, line("emailAddress"))
        relay, hook = f"{self.word()}.example", self.word()
        place, line = self.write(".claude/settings.json", {
            "env": {"ANTHROPIC_BASE_URL": f"https://{relay}/v1", "DISABLE_TELEMETRY": "1", "HTTPS_PROXY": f"http://user:{secret}@proxy.acme.example:3128"},
            "permissions": {"defaultMode": "bypassPermissions", "allow": ["Read(**)"]},
            "hooks": {"PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": f"/opt/{hook} --token {secret}"}]}]},
            "enabledPlugins": {f"{hook}@market": True, "never@market": False},
            "apiKeyHelper": "/opt/acme/key-helper",
        })
        self.expect("base-url", "claude-code", "ANTHROPIC_BASE_URL", place, line("ANTHROPIC_BASE_URL"))
        self.expect("telemetry", "claude-code", "DISABLE_TELEMETRY", place, line("DISABLE_TELEMETRY"))
        self.expect("proxy", "", "HTTPS_PROXY", place, line("HTTPS_PROXY"))
        self.expect("bypass", "claude-code", "permissions.defaultMode", place, line("defaultMode"))
        self.expect("hook", "claude-code", "PreToolUse", place, line('"command": "/opt'))
        self.expect("hook", "claude-code", "apiKeyHelper", place, line("apiKeyHelper"))
        self.expect("plugin", "claude-code", f"{hook}@market", place, line(f"{hook}@market"))
        place, _ = self.write(f".claude/skills/{hook}/SKILL.md", f"---\nname: {hook}\n---\n")
        self.expect("plugin", "claude-code", hook, place)

    def codex(self):
        server, key = self.word(), self.key("", 32)
        place, line = self.write(".codex/config.toml", "\n".join([
            'model_provider = "gw"', 'approval_policy = "never" # asks nothing', 'sandbox_mode = "danger-full-access"', "",
            "[analytics]", "enabled = false", "",
            "[model_providers.gw]", f'base_url = "{GATEWAY}/v1"', "",
            "[model_providers.other]", 'base_url = "https://openrouter.ai/api/v1"', "",
            f"[mcp_servers.{server}]", 'command = "uvx"', f'args = ["{server}-server", "--key={key}"]', "",
        ]))
        self.expect("base-url", "codex", "model_providers.gw.base_url", place, line(GATEWAY))
        self.expect("base-url", "codex", "model_providers.other.base_url", place, line("openrouter"))
        self.expect("bypass", "codex", "approval_policy", place, line("approval_policy"))
        self.expect("bypass", "codex", "sandbox_mode", place, line("sandbox_mode"))
        self.expect("telemetry", "codex", "analytics.enabled", place, line("enabled = false"))
        self.expect("plugin", "codex", server, place, line(f"[mcp_servers.{server}]"))

    def others(self):
        server, extension = self.word(), self.word()
        place, line = self.write(".gemini/settings.json", {
            "privacy": {"usageStatisticsEnabled": True},
            "mcpServers": {server: {"httpUrl": "https://tools.acme.example/mcp", "trust": True}},
        })
        self.expect("telemetry", "gemini-cli", "privacy.usageStatisticsEnabled", place, line("usageStatistics"))
        self.expect("plugin", "gemini-cli", server, place, line(f'"{server}": {{'))
        self.expect("bypass", "gemini-cli", f"mcpServers.{server}.trust", place, line("trust"))
        place, _ = self.write(f".gemini/extensions/{extension}/gemini-extension.json", {"name": extension, "version": "1.2.3"})
        self.expect("plugin", "gemini-cli", extension, place)
        key = self.key("sk-", 48)
        place, line = self.write(".config/opencode/opencode.jsonc", f"""{{
  // a comment with "quotes"
  "permission": "allow",
  "provider": {{ "gw": {{ "options": {{
    "baseURL": "{GATEWAY}/v1",
    "apiKey": "{key}", }} }} }},
  "plugin": ["{extension}-plugin"], /* and
  one more */
  "mcp": {{ "{server}": {{ "type": "local",
    "command": ["bun", "x", "{server}-mcp"] }}, }},
}}
""")
        self.expect("bypass", "opencode", "permission", place, line("permission"))
        self.expect("base-url", "opencode", "provider.gw.options.baseURL", place, line("baseURL"))
        self.expect("key", "opencode", "openai-key", place, line("apiKey"))
        self.expect("plugin", "opencode", f"{extension}-plugin", place, line("-plugin"))
        self.expect("plugin", "opencode", server, place, line('"local"'))
        place, line = self.write(".copilot/mcp-config.json", {"mcpServers": {server: {"type": "sse", "url": "http://127.0.0.1:4400/sse"}}})
        self.expect("plugin", "copilot", server, place, line(f'"{server}": {{'))

    def editors(self):
        version = self.version()
        folder = self.home / f".vscode/extensions/anthropic.claude-code-{version}-linux-x64"
        folder.mkdir(parents=True)
        (folder / "package.json").write_text(json.dumps({"name": "claude-code", "version": version}))
        self.expect("client", "claude-code", "claude-code", self.shown(folder))
        folder = self.home / ".vscode/extensions/saoudrizwan.claude-dev-3.4.5"
        folder.mkdir()
        self.expect("tool", "", "cline", self.shown(folder))
        folder = self.home / ".local/share/JetBrains/IntelliJIdea2026.2/github-copilot-intellij"
        (folder / "lib").mkdir(parents=True)
        (folder / "lib/github-copilot-intellij-1.5.60.jar").write_bytes(b"PK")
        self.expect("tool", "", "github-copilot", self.shown(folder))
        place, line = self.write(".config/Code/User/settings.json", """{
    // my own
    "editor.fontSize": 12,
    "http.proxy": "http://proxy.acme.example:3128",
    "telemetry.telemetryLevel": "all",
    "chat.tools.autoApprove": true,
    "claudeCode.environmentVariables": [
        {"name": "ANTHROPIC_BEDROCK_BASE_URL",
         "value": "https://bedrock-runtime.eu-north-1.amazonaws.com"},
    ],
}
""")
        self.expect("proxy", "", "http.proxy", place, line("http.proxy"))
        self.expect("telemetry", "", "telemetry.telemetryLevel", place, line("telemetryLevel"))
        self.expect("bypass", "", "chat.tools.autoApprove", place, line("autoApprove"))
        self.expect("base-url", "claude-code", "ANTHROPIC_BEDROCK_BASE_URL", place, line("bedrock-runtime"))
        server = self.word()
        place, line = self.write(".cursor/mcp.json", {"mcpServers": {server: {"command": "docker", "args": ["run", "-i", "--rm", "ghcr.io/acme/tool"]}}})
        self.expect("plugin", "", server, place, line(f'"{server}": {{'))
        self.expect("tool", "", "cursor", "~/.cursor")

    def shells(self):
        key, other = self.key("sk-proj-", 60), self.key("AIza", 35)
        place, line = self.write(".bashrc", f"""# start
export OPENAI_API_KEY="{key}"
export GOOGLE_GEMINI_BASE_URL=https://gemini.{self.word()}.example
alias yolo='claude --dangerously-skip-permissions'
alias copilot='sallyport run copilot --'
export MISTRAL_API_KEY=$(pass show mistral)
export ANTHROPIC_API_KEY=your-key-here
# export GEMINI_API_KEY={other}
""")
        self.expect("key", "", "openai-key", place, line("OPENAI_API_KEY"))
        self.expect("key", "", "google-key", place, line("# export GEMINI"))
        self.expect("base-url", "gemini-cli", "GOOGLE_GEMINI_BASE_URL", place, line("GOOGLE_GEMINI_BASE_URL"))
        self.expect("bypass", "claude-code", "--dangerously-skip-permissions", place, line("yolo"))
        self.expect("base-url", "copilot", "sallyport run", place, line("sallyport run"))
        place, line = self.write(".config/fish/config.fish", "if status is-interactive\n    set -gx OPENAI_BASE_URL https://aihubmix.com/v1\nend\n")
        self.expect("base-url", "qwen-code", "OPENAI_BASE_URL", place, line("OPENAI_BASE_URL"))
        place, line = self.write(".config/environment.d/50-ai.conf", "CLAUDE_CODE_ENABLE_TELEMETRY=1\nhttps_proxy=http://10.1.2.3:8080\n")
        self.expect("telemetry", "claude-code", "CLAUDE_CODE_ENABLE_TELEMETRY", place, 1)
        self.expect("proxy", "", "https_proxy", place, 2)
        place, line = self.write(".bash_history", f"ls\ncurl -H 'x-api-key: {self.key('sk-ant-api03-', 90)}' https://api.anthropic.com\n")
        self.expect("key", "", "anthropic-key", place, 2)
        key = self.key("", 32)
        place, line = self.write(".zshrc", f"export DASHSCOPE_API_KEY='{key}'\n")
        self.expect("key", "", "qwen-key", place, 1)

    def workspace(self):
        key = self.key("sk-or-v1-", 64)
        place, line = self.write(".env", f"PORT=80\nOPENROUTER_API_KEY={key}\nANTHROPIC_BASE_URL=http://localhost:3456\n", self.work)
        self.expect("key", "", "openrouter-key", place, 2)
        self.expect("base-url", "claude-code", "ANTHROPIC_BASE_URL", place, 3)
        key = self.key("gsk_", 52)
        place, line = self.write("services/api/.env.local", f"# of the service\nGROQ_API_KEY={key}\n", self.work)
        self.expect("key", "", "groq-key", place, 2)
        self.write("node_modules/other/.env", "OPENAI_API_KEY=sk-" + "1b" * 20, self.work)
        server = self.word()
        place, line = self.write(".mcp.json", {"mcpServers": {server: {"command": "node", "args": ["server.js"]}}}, self.work)
        self.expect("plugin", "claude-code", server, place, line(f'"{server}": {{'))
        place, line = self.write(".vscode/mcp.json", {"servers": {server: {"type": "stdio", "command": "python3", "args": ["-m", server]}}}, self.work)
        self.expect("plugin", "", server, place, line(f'"{server}": {{'))
        package = self.work / "node_modules/@github/copilot"
        package.mkdir(parents=True)
        (package / "index.js").write_text("// program\n")
        (package / "package.json").write_text(json.dumps({"name": "@github/copilot", "version": self.versions["copilot"]}))
        (self.work / "node_modules/.bin").mkdir()
        (self.work / "node_modules/.bin/copilot").symlink_to("../@github/copilot/index.js")
        self.expect("client", "copilot", "copilot", f"{self.work}/node_modules/.bin/copilot")

    def logins(self):
        def jwt(claims):
            part = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
            token = f"eyJhbGciOiJub25lIn0.{part}.{self.word(40)}"
            self.keys.append(token)
            return token

        place, _ = self.write(".claude/.credentials.json", {"claudeAiOauth": {"accessToken": self.key("sk-ant-oat01-", 80), "refreshToken": self.key("sk-ant-ort01-", 80),
                                                                              "subscriptionType": "max"}})
        self.expect("login", "claude-code", "claude-code", place)
        place, line = self.write(".codex/auth.json", {"OPENAI_API_KEY": self.key("sk-svcacct-", 60), "tokens": {
            "id_token": jwt({"email": "ada.lovelace@acme.example", "https://api.openai.com/auth": {"chatgpt_plan_type": "plus"}}), "access_token": self.key("", 60)}})
        self.expect("login", "codex", "codex", place)
        self.expect("key", "codex", "openai-key", place, line("OPENAI_API_KEY"))
        place, _ = self.write(".gemini/oauth_creds.json", {"access_token": self.key("ya29.", 60), "refresh_token": self.key("1//", 60)})
        self.expect("login", "gemini-cli", "gemini-cli", place)
        place, line = self.write(".config/github-copilot/apps.json", {"github.com:Iv1.0": {"user": "adalovelace", "oauth_token": self.key("ghu_", 36)}})
        self.names.append("adalovelace")
        self.expect("login", "copilot", "copilot", place, line("oauth_token"))

    def transcripts(self):
        self.said = self.word(24)
        for i in range(3):
            self.write(f".claude/projects/-home-dev-proj/{i}.jsonl", f'{{"type":"user","message":"{self.said}"}}\n')
            os.utime(self.home / f".claude/projects/-home-dev-proj/{i}.jsonl", (1_790_000_000 + i * 86_400, ) * 2)
        self.expect("transcripts", "claude-code", "JSON lines, a tree of records", "~/.claude/projects")
        self.write(".codex/sessions/2026/11/22/rollout-x.jsonl", self.said)
        self.expect("transcripts", "codex", "JSON lines, rollouts", "~/.codex/sessions")

    def decoys(self):
        """What looks like a fact and is none."""
        self.write(".config/Code/User/keybindings.json", "[]")
        self.write("notes.txt", "ANTHROPIC_BASE_URL=https://not.looked.at.example\n")
        self.write(".profile", "# sk-learn-is-a-library-with-a-long-name-and-no-digits\nMY_ANTHROPIC_BASE_URL=x\nexport OPENAI_BASE_URL_OLD=y\nsk-test-0000\n")
        self.write(".env.example", "OPENAI_API_KEY=sk-" + "1a" * 20 + "\n", self.work)
        (self.home / ".vscode/extensions/ms-python.python-2026.1.0").mkdir()
        folder = self.home / ".vscode/extensions/github.copilot-1.300.0"
        folder.mkdir()
        (self.home / ".vscode/extensions/.obsolete").write_text(json.dumps({folder.name: True}))
