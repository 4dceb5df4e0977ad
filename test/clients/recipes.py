"""The six clients: which package, and how each is pointed at a gateway, asking nothing and contacting nobody else.

A recipe gives what its client needs to run once: environment, files below HOME, arguments. The numbers and settings are
measured; when a client's version is raised here, measure again (README.md, table).
"""

import json
from dataclasses import dataclass, field
from typing import Callable

NODE = ("node", "24.21.0")  # runs the clients that are JavaScript
PROMPT = "vendor:read({file}) and quote it"  # makes `sallyport vendor` call the client's own tool that reads files
REPOSITORY_HEADER = "x-sallyport-repository"
MODEL = "mock-model"


@dataclass(frozen=True)
class Gateway:
    """Where the client shall go: `root` without /v1, the company key, and the repository to claim."""
    root: str
    key: str
    repository: str


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
    tells_version: bool = True


def claude_code(gateway, prompt):
    return Launch(["-p", prompt], {
        "ANTHROPIC_BASE_URL": gateway.root,
        "ANTHROPIC_AUTH_TOKEN": gateway.key,
        "ANTHROPIC_CUSTOM_HEADERS": f"{REPOSITORY_HEADER}: {gateway.repository}",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    })


def codex(gateway, prompt):  # the only one that tells the repository itself: x-codex-turn-metadata holds the remote
    config = f"""\
model_provider = "gateway"
check_for_update_on_startup = false
[model_providers.gateway]
name = "gateway"
base_url = "{gateway.root}/v1"
env_key = "GATEWAY_KEY"
wire_api = "responses"
[analytics]
enabled = false
[features]
plugins = false
apps = false
"""
    return Launch(["exec", prompt], {"GATEWAY_KEY": gateway.key}, {".codex/config.toml": config})


def gemini_cli(gateway, prompt):
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"enableAutoUpdate": False},
    }
    return Launch(["-p", prompt], {
        "GOOGLE_GEMINI_BASE_URL": gateway.root,
        "GEMINI_API_KEY": gateway.key,
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
        "GEMINI_CLI_CUSTOM_HEADERS": f"{REPOSITORY_HEADER}: {gateway.repository}",
    }, {".gemini/settings.json": json.dumps(settings)})


def qwen_code(gateway, prompt):
    settings = {
        "privacy": {"usageStatisticsEnabled": False},
        "model": {"generationConfig": {"customHeaders": {REPOSITORY_HEADER: gateway.repository}}},
    }
    return Launch(["-p", prompt], {
        "OPENAI_BASE_URL": f"{gateway.root}/v1",
        "OPENAI_API_KEY": gateway.key,
        "OPENAI_MODEL": MODEL,
    }, {".qwen/settings.json": json.dumps(settings)})


def opencode(gateway, prompt):
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "gateway",
        "options": {
            "baseURL": f"{gateway.root}/v1",
            "apiKey": "{env:GATEWAY_KEY}",
            "headers": {REPOSITORY_HEADER: gateway.repository},
        },
        "models": {MODEL: {"name": MODEL}},
    }
    return Launch(["run", "-m", f"gateway/{MODEL}", prompt], {
        "GATEWAY_KEY": gateway.key,
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
    }, {".config/opencode/opencode.json": json.dumps({"provider": {"gateway": provider}})})


def copilot(gateway, prompt):
    return Launch(["-p", prompt], {
        "COPILOT_PROVIDER_BASE_URL": f"{gateway.root}/v1",
        "COPILOT_PROVIDER_API_KEY": gateway.key,
        "COPILOT_PROVIDER_HEADERS": f"{REPOSITORY_HEADER}: {gateway.repository}",
        "COPILOT_MODEL": MODEL,
        "COPILOT_OFFLINE": "true",
    })


CLIENTS = {client.name: client for client in (
    Client("claude-code", "@anthropic-ai/claude-code", "2.1.330", "claude", claude_code, calls_when_refused=1),
    Client("codex", "@openai/codex", "0.169.0", "codex", codex, calls_when_refused=1),
    Client("gemini-cli", "@google/gemini-cli", "0.61.0", "gemini", gemini_cli, calls_when_refused=2),  # router, main
    Client("qwen-code", "@qwen-code/qwen-code", "0.24.4", "qwen", qwen_code, calls_when_refused=1),
    Client("opencode", "opencode-ai", "1.18.33", "opencode", opencode, calls_when_refused=2),  # title, main
    Client("copilot", "@github/copilot", "1.0.102", "copilot", copilot, calls_when_refused=1, tells_version=False),
)}
