"""The reasons for which the example policies refuse, and the work that leads each client to them.

A case is one policy of examples/ as it stands, the work that it refuses (or warns of), and what the person has to read:
why, and what to do next. Each is run with every client that can come there; what cannot is said in `why_not`.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import gateway
import recipes

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
UPSTREAMS = {
    "policy.yaml": ("sim-vendor", "sim-local"),
    "small-company": ("models-eu", "office"),
    "large-company": ("anthropic-eu", "openai-eu", "gemini-us", "own"),
    "local-only": ("rack-large", "rack-shared"),
}
VENDORS = ("anthropic-eu", "openai-eu", "gemini-us")  # of large-company: without its own servers
ALL = tuple(recipes.CLIENTS)
APPROVED = {"small-company": ("claude-code", "codex"), "local-only": ("claude-code", "codex", "qwen-code", "opencode")}


@dataclass(frozen=True)
class Case:
    reason: str  # policy::RefusedBy, as the ledger says it
    example: str
    repository: str  # claimed
    # Parts of the sentence: why, and what to do next, with {client}, {version} and {plugin} as the client tells them.
    says: tuple[str, ...]  # empty where it is allowed
    rule: str = ""  # for reason `rule`
    clients: tuple[str, ...] = ALL
    team: str = "web"
    max_class: str = "trade-secret"
    upstreams: tuple[str, ...] = ()  # empty: all of the example
    model: str = ""
    plugin: str = ""
    reference: tuple[str, ...] = ()  # one of these kinds of content by reference
    own_account: bool = False  # a vendor's credential of the person's own in the place of the key
    approved: str | None = None  # the example with one change: the versions of the client; empty: it is not listed
    enough: bool = False  # `clients` are not all that come here: the others show the same reason in another row
    warns: bool = False  # let through with a warning, not refused

    def name(self):
        if self.reason == "nothing":
            return f"allowed {self.example}"
        return " ".join(filter(None, ("warn:" * self.warns + self.reason, self.example, self.rule)))

    def why_not(self, client):
        """Why this client cannot be brought here; empty where it can."""
        if self.reason != "client" and client.name not in APPROVED.get(self.example, ALL):
            return "not approved by this example, whatever it does: see the row of reason client"
        if self.plugin and not client.shows_plugins:
            return "its names of tools do not tell an MCP server's from its own, so that the gateway sees no plugin"
        if self.reference and not set(self.reference) & set(client.references):
            if client.references:
                return f"of content by reference only {' and '.join(client.references)} can be switched on in it"
            return "no setting of it makes a request with content by reference"
        if client.name not in self.clients and self.enough:
            return "seen with the other clients; this one shows the reason in another row"
        if client.name not in self.clients:
            return "this example has nothing against it here"
        return ""

    def world(self, client):
        file = EXAMPLES / self.example
        policy = file if file.is_file() else file / "policy.yaml"
        if self.approved is not None:
            range_ = self.approved.format(version=client.version)
            line = f'  {client.name}: {{ versions: "{range_}" }}\n' if range_ else ""
            policy, changed = re.subn(rf"^  {client.name}: .*\n", line, policy.read_text(), flags=re.M)
            assert changed == 1
            if not line:  # then no rule may name it
                policy = re.sub(rf"(?<=\[){client.name}, |, {client.name}(?=[],])", "", policy)
        return gateway.World(policy=policy, upstreams=self.upstreams or UPSTREAMS[self.example], team=self.team,
                             max_class=self.max_class)

    def work(self, client, root, key):
        headers = {recipes.KEY_HEADER: key} if self.own_account else {}
        kinds = [kind for kind in client.references if kind in self.reference]
        return recipes.Gateway(root, client.own_key if self.own_account else key, self.repository, headers,
                               self.model, self.plugin, kinds[0] if kinds else "")

    def calls_at_best(self, client):
        names_model = self.model or self.plugin or self.reference  # Gemini CLI's recipe names one for these too
        return (names_model and client.calls_with_model_named) or client.calls_when_refused

    def expected(self, client):
        return [part.format(client=client.name, version=client.version,
                            plugin=self.plugin.replace("-", client.plugin_dash),
                            told=f"{client.name} {client.version}" if client.tells_version
                            else f"{client.name} without a version") for part in self.says]


def _rule(rule, example, repository, sentence, **more):
    return Case("rule", example, repository, (sentence, f"Rule: {rule}."), rule=rule, **more)


KEY = "Use your Sallyport key alone; the gateway adds the company's account."
REFERENCE = ("it uses content by reference or a vendor-run tool (", "Send the content itself or switch the tool off.")
PLUGIN_OFF = "Switch the plugin off for this work and try again."

CASES = [
    Case("nothing", "small-company", "git.lindgren.example/site", ()),
    Case("nothing", "local-only", "git.clinic.example/intranet", ()),

    Case("key-class", "policy.yaml", "git.acme.example/core/engine", max_class="internal",
         says=("repository class trade-secret (claimed git.acme.example/core/engine) is above internal, the",
               "Use a key issued for trade-secret, or work in another repository.")),
    Case("key-class", "large-company", "git.norrland.example/deploy/site", max_class="customer",  # its mode is warn
         clients=("claude-code", "qwen-code", "copilot"), enough=True,
         says=("repository class secret-bearing", "is above customer", "Use a key issued for secret-bearing,")),

    Case("personal-account", "policy.yaml", "git.acme.example/web/site", own_account=True,
         says=("a personal vendor account or subscription may not be used for repository class internal", KEY)),
    Case("personal-account", "small-company", "git.lindgren.example/site", own_account=True,
         says=("a personal vendor account or subscription may not be used for repository class internal", KEY)),
    Case("personal-account", "local-only", "git.clinic.example/intranet", own_account=True,
         says=("a personal vendor account or subscription may not be used for repository class internal", KEY)),

    Case("client", "small-company", "git.lindgren.example/site",
         clients=("gemini-cli", "qwen-code", "opencode", "copilot"),
         says=("client {client} is not approved.", "Approved clients: claude-code or codex.")),
    Case("client", "local-only", "git.clinic.example/intranet", clients=("gemini-cli", "copilot"),
         says=("client {client} is not approved.", "Approved clients: claude-code, codex, qwen-code or opencode.")),
    Case("client", "policy.yaml", "git.acme.example/web/site", approved="",
         says=("client {client} is not approved.", "Approved clients: ")),

    Case("client-version", "policy.yaml", "git.acme.example/web/site", approved="<{version}",
         says=("client {told} is not approved.", "Approved versions: <{version}. Install one of them and try again.")),

    Case("reference", "policy.yaml", "git.acme.example/clients/shop",
         reference=("container", "vendor-tool", "cached-content"), says=(*REFERENCE, "class customer")),
    Case("reference", "local-only", "git.clinic.example/intranet", reference=("container",),
         says=(*REFERENCE, "class internal")),

    _rule("no-remote-mcp", "policy.yaml", "git.acme.example/web/site", reference=("remote-mcp",),
          sentence="use a local MCP server."),
    _rule("no-remote-mcp", "small-company", "git.lindgren.example/site", reference=("remote-mcp",),
          sentence="MCP servers that the vendor calls itself are not approved; use a local one."),
    _rule("no-remote-mcp", "large-company", "git.norrland.example/site", reference=("remote-mcp",),
          sentence="MCP servers that the vendor calls itself are not approved; use a local one."),
    _rule("no-preview-models", "small-company", "git.lindgren.example/site", upstreams=("models-eu",),
          model="gpt-x-preview",
          sentence="Preview models are not covered by our contract; take the released one."),
    _rule("no-research-with-unnamed-models", "local-only", "git.clinic.example/research/trial", model="qwen3-latest",
          sentence="Research names the exact model; choose one with a version."),
    _rule("nothing-fetched-by-the-server", "local-only", "git.clinic.example/intranet", reference=("vendor-tool",),
          sentence="The model servers have no way out. Fetch it yourself and paste what you need."),
    _rule("payments-names-the-exact-model", "large-company", "git.norrland.example/site", team="payments",
          model="gpt-latest", sentence="The audit needs the exact model; name one with its version."),
    _rule("no-personal-accounts-with-closed-code", "large-company", "git.norrland.example/site", own_account=True,
          sentence="A personal subscription may not be used here. Use your Sallyport key alone."),
    _rule("contractors-use-own-servers-for-customer-code", "large-company", "git.norrland.example/customers/shop",
          team="contractors", upstreams=VENDORS,
          clients=("claude-code", "gemini-cli", "opencode"), enough=True,
          sentence="Contractors work on customer code with our own model servers."),
    _rule("no-preview-models", "large-company", "git.norrland.example/site", team="platform", upstreams=VENDORS,
          model="gpt-x-preview", clients=("codex", "qwen-code", "copilot"), enough=True,
          sentence="Preview models are under no contract of ours; take the released one."),
    _rule("trial-vendor-for-open-source-only", "large-company", "git.norrland.example/site", upstreams=("gemini-us",),
          clients=("gemini-cli",), enough=True,
          sentence="The vendor on trial is for open source only; take another client or model in this repository."),
    _rule("no-vendor-tools-with-customer-code", "large-company", "git.norrland.example/customers/shop",
          reference=("vendor-tool",),
          sentence="The vendor may not search or fetch with closed code. Switch its web search off in"),
    _rule("no-uploads-of-closed-code", "large-company", "git.norrland.example/site", reference=("container",),
          sentence="Files may not be left with a vendor. Put the text into the prompt, or let the client read it."),
    _rule("no-copilot-with-closed-code", "large-company", "git.norrland.example/customers/shop", team="platform",
          clients=("copilot",), sentence="Use another client for this repository."),
    _rule("no-browser-beside-customer-code", "large-company", "git.norrland.example/customers/shop", team="platform",
          plugin="browser-mcp", sentence="switch browser-mcp off in this repository."),

    Case("no-rule", "policy.yaml", "git.acme.example/core/engine", clients=("claude-code", "codex"),
         says=("repository class trade-secret", "may not go to sim-vendor or sim-local",
               "Allowed instead: sim-local (models local-*). Rule: trade-secrets-stay-home.")),
    Case("no-rule", "policy.yaml", "git.acme.example/core/engine",
         clients=("gemini-cli", "qwen-code", "opencode", "copilot"),
         says=("repository class trade-secret", "For trade-secret only these clients are allowed: claude-code or")),
    Case("no-rule", "small-company", "git.lindgren.example/engine/core", upstreams=("models-eu",),
         says=("may not go to models-eu", "Allowed instead: office.")),
    Case("no-rule", "local-only", "git.clinic.example/keys/vault", upstreams=("rack-shared",),
         says=("may not go to rack-shared", "Allowed instead: rack-large.")),

    Case("plugin", "policy.yaml", "git.acme.example/clients/shop", plugin="github-mcp",
         says=("plugin {plugin} is not approved for repository class customer", PLUGIN_OFF)),
    Case("plugin", "small-company", "git.lindgren.example/site", plugin="anything",
         says=("plugin {plugin} is not approved for repository class internal", PLUGIN_OFF)),
    Case("plugin", "large-company", "git.norrland.example/customers/shop", plugin="github-mcp", team="platform",
         says=("plugin {plugin} is not approved for repository class customer", PLUGIN_OFF)),
    Case("plugin", "local-only", "git.clinic.example/research/trial", plugin="tickets-mcp",
         says=("plugin {plugin} is not approved for repository class trade-secret", PLUGIN_OFF)),

    _rule("no-preview-models", "large-company", "git.norrland.example/site", upstreams=("anthropic-eu",),
          model="gpt-x-preview", warns=True,
          sentence="Preview models are under no contract of ours; take the released one."),
    _rule("firmware-keeps-to-one-client", "large-company", "git.norrland.example/site", team="firmware", warns=True,
          clients=("gemini-cli", "opencode"), sentence="The firmware team works with claude-code, codex or qwen-code."),
    Case("plugin", "large-company", "git.norrland.example/customers/shop", plugin="github-mcp", warns=True,
         says=("plugin {plugin} is not approved for repository class customer", PLUGIN_OFF)),
]
