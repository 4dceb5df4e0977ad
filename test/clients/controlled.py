"""The policy in the clients' own company settings (`sallyport policy compile`): what they say acts before the gateway is asked.

The gateway of these scenarios lets everything pass, so that what is stopped was stopped by the client.
"""

import subprocess

import gateway as gateways
import namespace
import recipes

REPOSITORY = "git.acme.example/web/site"
PASSES = gateways.POLICY.replace("unknown_repository: customer", "unknown_repository: internal")
OFFERED = "Looks something up."  # what mcp_server.py says of its tool
ALLOWED, OTHER = "claude-sonnet-4-5", "claude-opus-4-5"
POLICY = f"""\
version: 1
upstreams:
  sim: {{ vendor: simulated, hosting: vendor }}
plugins:
  notes: {{ classes: [trade-secret] }}
rules:
  - id: one-model
    when: {{ class: [open-source, internal] }}
    allow: {{ upstreams: [sim], models: [{ALLOWED}, {recipes.MODEL}] }}
"""
SHOWN_CHARACTERS = 1500
WORLD = gateways.World(policy=PASSES)


def install(program, client, arguments, root, folder):
    """The machine's company settings for this client, where it looks for them."""
    (folder / "controls").mkdir()
    policy = folder / "controls.yaml"
    policy.write_text(POLICY)
    done = subprocess.run([program, "policy", "compile", policy, "--client", client.name, "--gateway", root, "--out", folder / "controls",
                           *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise gateways.Failed(f"policy compile: {done.stdout}{done.stderr}")
    namespace.lay_over_etc(folder / "controls" / "etc")


def _end(ran):
    return ran.shown()[-SHOWN_CHARACTERS:]


def _offered(ran):
    return [OFFERED in body for body in ran.bodies]


def server_offered(client, ran):
    return [("the client succeeds", ran.status == 0, _end(ran)),
            ("the server's tool is offered to the model", any(_offered(ran)), f"{len(ran.bodies)} bodies")]


def server_stopped(client, ran):
    return [("the client succeeds", ran.status == 0, _end(ran)),
            ("its answer quotes what stands only in the file", ran.marker in ran.output, _end(ran)),
            ("the vendor was asked", bool(ran.bodies), "it was not"),
            ("the server's tool is not offered to the model", not any(_offered(ran)), f"{_offered(ran)}")]


def model_stopped(client, ran):
    return [("the other model was never asked for", not any(OTHER in str(request) for request in ran.vendor)
             and not any(f'"{OTHER}"' in body for body in ran.bodies), str(ran.vendor)[:SHOWN_CHARACTERS]),
            ("the person is told", OTHER in ran.shown() or ran.status != 0, _end(ran))]


SCENARIOS = {"server, no controls": server_offered, "server, controls": server_stopped, "model, controls": model_stopped}
WITH_MODELS = ("claude-code", "opencode")


def arguments(name):
    """Of `sallyport policy compile`; none: there are no company settings."""
    return ("--class", "internal") if name.endswith(", controls") else ()


def why_not(name, client):
    return "" if name.startswith("server") or client.name in WITH_MODELS else "its company settings know no list of models"


def work(name, client):
    """(root, key) -> how the client is set up."""
    model = OTHER if name.startswith("model") else ALLOWED if client.name == "claude-code" else recipes.MODEL
    plugin = "notes" if name.startswith("server") else ""
    return lambda root, key: recipes.Gateway(root, key, REPOSITORY, model=model, plugin=plugin, controlled=bool(arguments(name)))
