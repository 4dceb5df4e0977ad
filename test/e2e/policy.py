"""The policy that the tests change: three upstreams, five classes, each class with a place it may go to."""

POLICY = {
    "version": 1,
    "repositories": [
        {"match": "github.com/acme/oss-**", "class": "open-source"},
        {"match": "git.acme.example/web/**", "class": "internal"},
        {"match": "git.acme.example/clients/**", "class": "customer"},
        {"match": "git.acme.example/deploy/**", "class": "secret-bearing"},
        {"match": "git.acme.example/core/**", "class": "trade-secret"},
    ],
    "unknown_repository": "customer",
    "claims_lower_to": "internal",
    "clients": {
        "claude-code": {"versions": ">=2.1.198"}, "codex": {"versions": ">=0.160.0"}, "gemini-cli": {}, "qwen-code": {},
        "opencode": {}, "pi": {}, "copilot": {}, "unknown": {}
    },
    "upstreams": {
        "sim": {"vendor": "simulated", "hosting": "vendor", "region": "eu", "contract": "test", "training": "never"},
        "second": {"vendor": "other", "hosting": "vendor", "region": "us", "contract": "test", "training": "never"},
        "own": {"vendor": "self", "hosting": "own", "region": "eu", "training": "never"},
    },
    "rules": [
        {
            "id": "open-code-any-vendor", "when": {"class": ["open-source", "internal"]},
            "allow": {"upstreams": ["sim", "second", "own"]}
        },
        {
            "id": "customer-code", "when": {"class": "customer"}, "allow": {"upstreams": ["sim"]},
            "record": "durable-first"
        },
        {
            "id": "closed-code-stays-home", "when": {"class": ["secret-bearing", "trade-secret"]},
            "allow": {"upstreams": ["own"]}, "record": "durable-first"
        },
        {"id": "no-remote-mcp", "when": {"references": "remote-mcp"}, "refuse": "Remote MCP servers are not approved."},
    ],
    "invariants": [{"never": {"class": ["trade-secret", "secret-bearing"], "hosting": ["vendor", "cloud"]}}],
}
