"""The six clients: which package, and how each is pointed at a gateway, asking nothing and contacting nobody else.

A recipe gives what its client needs to run once: environment, files below HOME, arguments. The numbers and settings are
measured; when a client's version is raised here, measure again (README.md, table).
"""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

NODE = ("node", "24.21.0")  # runs the clients that are JavaScript
PROMPT = "vendor:read({file}) and quote it"  # makes `sallyport vendor` call the client's own tool that reads files
EDIT = "vendor:edit({file},TOKEN) and say what it was"  # … and then the one that edits them
REPOSITORY_HEADER = "x-sallyport-repository"
KEY_HEADER = "x-sallyport-key"  # where the company key goes when a vendor's own stands in its place
MODEL = "mock-model"
MCP_SERVER = [sys.executable, "-B", str(Path(__file__).resolve().with_name("mcp_server.py"))]


@dataclass(frozen=True)
class Gateway:
    """Where the client shall go (`root` without /v1), with which key, and what is unusual about its work."""
    root: str
    key: str
    repository: str  # to claim
    headers: dict[str, str] = field(default_factory=dict)  # further ones
    model: str = ""  # empty: the client's own, or MODEL where it has none
    plugin: str = ""  # an MCP server of this name is in the client's settings
    reference: str = ""  # the client's settings make each request hold content by this kind of reference
    edits: bool = False  # the client may change files
    controlled: bool = False  # company settings on the machine say where the gateway is

    def all_headers(self):
        return {REPOSITORY_HEADER: self.repository, **self.headers}

    def header_lines(self, between):
        return between.join(f"{name}: {value}" for name, value in self.all_headers().items())

    def mcp_servers(self):
        return {self.plugin: {"command": MCP_SERVER[0], "args": MCP_SERVER[1:]}} if self.plugin else {}


@dataclass(frozen=True)
class Launch:
    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)  # path below HOME -> text


@dataclass(frozen=True)
class Client:
    name: str  # as the ledger names it
    package: str
    version: str
    command: str  # in node_modules/.bin
    launch: Callable[[Gateway, str], Launch]
    calls_when_refused: int  # the best that this client can do: side calls included, no repeat
    calls_with_model_named: int = 0  # the same where the run names the model, if that is another number
    tells_version: bool = True
    own_key: str = "sk-fake-0000000000000000"  # looks like one that its vendor gave to a person
    plugin_dash: str = "-"  # what stands for it in a plugin's name
    shows_plugins: bool = True  # its names of tools tell an MCP server's from its own
    references: tuple[str, ...] = ()  # kinds of content by reference that its settings can switch on
    word: str = ""  # what `sallyport run` calls it; empty: as `name`
    chooses_model: bool = True  # by itself, where none is named
    headless: tuple[str, ...] = ("-p",)  # before a prompt, to answer it and end
    model_that_edits: str = ""  # that a tool for editing is offered to; empty: to its own


def claude_code(gateway, prompt):
    body = {"container": {"container": "container_0"},
            "remote-mcp": {"mcp_servers": [{"type": "url", "name": "far", "url": "https://mcp.example/"}]}}
    servers, extra = [], {}
    if gateway.plugin:  # else its tools are named in the prompt only, and offered once the model searched for them
        servers = ["--mcp-config", json.dumps({"mcpServers": gateway.mcp_servers()})]
        extra = {"ENABLE_TOOL_SEARCH": "false", "MCP_CONNECTION_NONBLOCKING": "false"}
    model = ["--model", gateway.model] if gateway.model else []
    if gateway.reference:
        extra["CLAUDE_CODE_EXTRA_BODY"] = json.dumps(body[gateway.reference])
    edits = ["--permission-mode", "acceptEdits"] if gateway.edits else []
    return Launch(["-p", prompt, *model, *servers, *edits], {
        "ANTHROPIC_BASE_URL": gateway.root,
        "ANTHROPIC_AUTH_TOKEN": gateway.key,
        "ANTHROPIC_CUSTOM_HEADERS": gateway.header_lines("\n"),
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        **extra,
    })


def codex(gateway, prompt):  # the only one that tells the repository itself: x-codex-turn-metadata holds the remote
    headers = ", ".join(f"{json.dumps(name)} = {json.dumps(value)}" for name, value in gateway.headers.items())
    server = f"[mcp_servers.{gateway.plugin}]\ncommand = {json.dumps(MCP_SERVER[0])}\n" \
             f"args = {json.dumps(MCP_SERVER[1:])}\n" if gateway.plugin else ""
    # The model that it takes by itself calls tools from JavaScript, and neither MCP servers nor the web search are
    # named in the request; for a model that it does not know they are.
    model = gateway.model or (MODEL if gateway.plugin or gateway.reference else "")
    config = f"""\
model_provider = "gateway"
{f"model = {json.dumps(model)}" if model else ""}
{'web_search = "live"' if gateway.reference else 'web_search = "disabled"' if gateway.plugin or gateway.edits else ""}
check_for_update_on_startup = false
[model_providers.gateway]
name = "gateway"
base_url = "{gateway.root}/v1"
env_key = "GATEWAY_KEY"
wire_api = "responses"
http_headers = {{ {headers} }}
[analytics]
enabled = false
[features]
plugins = false
apps = false
{server}"""
    # Its own sandbox cannot be made inside of the one of this test.
    edits = ["--dangerously-bypass-approvals-and-sandbox"] if gateway.edits else []
    return Launch(["exec", *edits, prompt], {"GATEWAY_KEY": gateway.key}, {".codex/config.toml": config})


def gemini_cli(gateway, prompt):
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"enableAutoUpdate": False},
        "mcpServers": gateway.mcp_servers(),
    }
    # Without a model it first sends a call without tools and settings that chooses one.
    model = gateway.model or (MODEL if gateway.plugin or gateway.reference else "")
    # Without a terminal, only tools that are allowed beforehand are offered.
    tools = ["--allowed-tools", f"mcp_{gateway.plugin}_look"] if gateway.plugin else []
    if gateway.reference:
        content = {"generateContentConfig": {"cachedContent": "cachedContents/0"}}
        settings["modelConfigs"] = {"customOverrides": [{"match": {"model": model}, "modelConfig": content}]}
    edits = ["--approval-mode", "auto_edit"] if gateway.edits else []
    return Launch(["-p", prompt, *(["-m", model] if model else []), *tools, *edits], {
        "GOOGLE_GEMINI_BASE_URL": gateway.root,
        "GEMINI_API_KEY": gateway.key,
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
        "GEMINI_CLI_CUSTOM_HEADERS": gateway.header_lines(", "),
    }, {".gemini/settings.json": json.dumps(settings)})


def qwen_code(gateway, prompt):
    generation = {"customHeaders": gateway.all_headers()}
    if gateway.reference:
        generation["extra_body"] = {"enable_search": True}
    settings = {
        "privacy": {"usageStatisticsEnabled": False},
        "model": {"generationConfig": generation},
        "mcpServers": gateway.mcp_servers(),
        "tools": {"toolSearch": {"enabled": not gateway.plugin}},  # else it calls an MCP server's by way of a bridge
    }
    edits = ["--approval-mode", "auto-edit"] if gateway.edits else []
    return Launch(["-p", prompt, *edits], {
        "OPENAI_BASE_URL": f"{gateway.root}/v1",
        "OPENAI_API_KEY": gateway.key,
        "OPENAI_MODEL": gateway.model or MODEL,
    }, {".qwen/settings.json": json.dumps(settings)})


def opencode(gateway, prompt):
    model = gateway.model or MODEL
    options = {"enable_search": True} if gateway.reference else {}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "gateway",
        "options": {
            "baseURL": f"{gateway.root}/v1",
            "apiKey": "{env:GATEWAY_KEY}",
            "headers": gateway.all_headers(),
        },
        "models": {model: {"name": model, "options": options}},
    }
    servers = {gateway.plugin: {"type": "local", "command": MCP_SERVER, "enabled": True}} if gateway.plugin else {}
    if gateway.controlled:  # no other provider is let in
        return Launch(["run", "-m", f"sallyport/{model}", prompt], {
            "SALLYPORT_OPENCODE_KEY": gateway.key, "OPENCODE_DISABLE_MODELS_FETCH": "1",
        }, {".config/opencode/opencode.json": json.dumps({"mcp": servers})})
    return Launch(["run", "-m", f"gateway/{model}", prompt], {
        "GATEWAY_KEY": gateway.key,
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
    }, {".config/opencode/opencode.json": json.dumps({"provider": {"gateway": provider}, "mcp": servers})})


def copilot(gateway, prompt):
    servers = {name: {"type": "local", "tools": ["*"], **server} for name, server in gateway.mcp_servers().items()}
    more = ["--additional-mcp-config", json.dumps({"mcpServers": servers})] if servers else []
    edits = ["--allow-all-tools"] if gateway.edits else []
    return Launch(["-p", prompt, *more, *edits], {
        "COPILOT_PROVIDER_BASE_URL": f"{gateway.root}/v1",
        "COPILOT_PROVIDER_API_KEY": gateway.key,
        "COPILOT_PROVIDER_HEADERS": gateway.header_lines("\n"),
        "COPILOT_MODEL": gateway.model or MODEL,
        "COPILOT_OFFLINE": "true",
    })


CLIENTS = {client.name: client for client in (
    Client("claude-code", "@anthropic-ai/claude-code", "2.1.330", "claude", claude_code, calls_when_refused=1,
           own_key="sk-ant-fake-00000000", word="claude", references=("container", "remote-mcp")),
    Client("codex", "@openai/codex", "0.169.0", "codex", codex, calls_when_refused=1, references=("vendor-tool",),
           headless=("exec",), plugin_dash="_", model_that_edits="gpt-5.5"),
    Client("gemini-cli", "@google/gemini-cli", "0.61.0", "gemini", gemini_cli, calls_when_refused=2,  # router, main
           calls_with_model_named=1, own_key="AIzaFake00000000", word="gemini", references=("cached-content",)),
    Client("qwen-code", "@qwen-code/qwen-code", "0.24.4", "qwen", qwen_code, calls_when_refused=1, word="qwen", chooses_model=False,
           references=("vendor-tool",)),
    Client("opencode", "opencode-ai", "1.18.33", "opencode", opencode, calls_when_refused=2,  # title, main
           headless=("run",), chooses_model=False, references=("vendor-tool",), shows_plugins=False),
    Client("copilot", "@github/copilot", "1.0.102", "copilot", copilot, calls_when_refused=1, tells_version=False,
           chooses_model=False, shows_plugins=False),
)}
