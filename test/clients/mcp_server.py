#!/usr/bin/env python3
"""The smallest MCP server (stdio) that a client takes: one tool, which does nothing."""

import json
import sys

TOOL = {"name": "look", "description": "Looks something up.", "inputSchema": {"type": "object", "properties": {}}}


def answer(method, asked):
    if method == "initialize":
        return {"protocolVersion": asked["protocolVersion"], "capabilities": {"tools": {}},
                "serverInfo": {"name": "test", "version": "1"}}
    if method == "tools/list":
        return {"tools": [TOOL]}
    if method == "tools/call":
        return {"content": [{"type": "text", "text": "nothing"}]}
    return {}


for line in sys.stdin:
    message = json.loads(line)
    if "id" in message and "method" in message:
        result = answer(message["method"], message.get("params") or {})
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
