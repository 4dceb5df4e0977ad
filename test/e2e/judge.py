"""What a policy decides, read from docs/policy.md and not from the program: slow, plain, and only the words that the tests use.

Facts are a dict: person, team, key_max_class, client, version, account, repository (None where none is claimed), model, references,
plugins, exceptions [(id, rule)], candidates (upstreams in the operator's order); floor (the conversation's class so far) and lists (it
asks for a list of models) where there is one.
"""

import functools
import re

CLASSES = ["open-source", "internal", "customer", "secret-bearing", "trade-secret"]
ALL = object()


@functools.cache
def pattern(text):
    return re.compile("".join({"**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part) or re.escape(part)
                              for part in re.split(r"(\*\*|\*|\?)", text)), re.S)


def matches(patterns, text):
    return any(pattern(one).fullmatch(text) for one in listed(patterns))


def listed(value):
    return value if isinstance(value, list) else [value]


def at_least(text, version):
    """Only ">=1.2.3" is told here."""
    numbers = lambda one: [int(part) for part in one.split(".")]
    return bool(version) and numbers(version) >= numbers(text.removeprefix(">="))


class Rule:
    def __init__(self, rule):
        self.id, self.when, self.mode = rule["id"], rule.get("when", {}), rule.get("mode")
        self.allow, self.refuse, self.invariant = rule.get("allow"), bool(rule.get("refuse")), rule.get("invariant", False)
        self.durable = rule.get("record") == "durable-first"

    def holds(self, facts, cls, upstream):
        """What is not known never helps: it keeps an allow rule from holding, and no other."""
        known = {"class": cls, "client": facts["client"], "team": facts["team"], "account": facts["account"]} | upstream
        for word, wanted in self.when.items():
            if word == "model":
                held = matches(wanted, facts["model"]) if not facts.get("lists") else bool(self.allow)  # a list uses no model
            elif word in ("references", "plugin"):
                held = bool(set(listed(wanted)) & set(facts["plugins" if word == "plugin" else word]))
            else:
                held = known[word] in listed(wanted) if word in known else not self.allow  # a key without a team has none
            if not held:
                return False
        return True

    def allows(self, facts, cls, upstream):
        """What keeps it from allowing: None where nothing does, ALL where it has nothing to do with the request."""
        allow = self.allow
        if not allow or not self.holds(facts, cls, upstream) or not {upstream["upstream"], "*"} & set(listed(allow["upstreams"])):
            return ALL
        if "clients" in allow and facts["client"] not in allow["clients"]:
            return ALL
        if "models" in allow and not facts.get("lists") and not matches(allow["models"], facts["model"]):
            return ALL
        if facts["account"] not in allow.get("accounts", ["company"]):
            return "personal-account"
        references = allow.get("references", "*" if cls == "open-source" else [])
        if references != "*" and not set(facts["references"]) <= set(references):
            return "reference"
        return "plugin" if "plugins" in allow and not set(facts["plugins"]) <= set(allow["plugins"]) else None


class Judge:
    def __init__(self, policy):
        self.policy, self.decided = policy, {}
        rules = policy["rules"] + [{"id": f"invariant-{number}", "when": one["never"], "refuse": True, "invariant": True}
                                   for number, one in enumerate(policy.get("invariants", []), 1)]
        self.rules = [Rule(one) for one in rules]
        self.upstreams = {name: facts | {"upstream": name} for name, facts in policy["upstreams"].items()}

    def cls(self, facts):
        return max(self.cls_of(facts["repository"]), facts.get("floor", CLASSES[0]), key=CLASSES.index)

    def cls_of(self, repository):
        unknown = self.policy["unknown_repository"]
        if not repository:
            return unknown
        found = next((one["class"] for one in self.policy["repositories"] if matches(one["match"], repository)), unknown)
        return max(found, self.policy.get("claims_lower_to", unknown), key=CLASSES.index)

    def mode(self, facts, rule=None):
        if rule and rule.invariant:
            return "enforce"
        team = self.policy.get("teams", {}).get(facts["team"], {})
        return rule and rule.mode or team.get("mode") or self.policy.get("mode", "enforce")

    def client_refused(self, facts):
        clients = self.policy.get("clients")
        if clients is None:
            return None
        if facts["client"] not in clients:
            return "client"
        versions = clients[facts["client"]].get("versions")
        return "client-version" if versions and not at_least(versions, facts["version"]) else None

    def plugins_approved(self, facts, cls):
        plugins = self.policy.get("plugins")
        return plugins is None or all(cls in plugins.get(one, plugins.get("*", {"classes": []}))["classes"] for one in facts["plugins"])

    def judge(self, facts, cls, refusing, lets_pass):
        """Each upstream by itself; of the reasons against all of them the one that is nearest to being allowed."""
        passed, reasons, refusals, overruled, free = [], [], [], [], False
        for name in facts["candidates"]:
            if name not in self.upstreams:
                continue
            upstream = self.upstreams[name]
            refusal = next((rule.id for rule in self.rules if rule in refusing and rule.holds(facts, cls, upstream)), None)
            lacks = [(rule.allows(facts, cls, upstream), rule.id) for rule in self.rules]
            allowing = next((rule for lack, rule in lacks if lack is None), None) if self.plugins_approved(facts, cls) else None
            if refusal:
                refusals.append(refusal)
                if allowing:
                    overruled.append(refusal)
                continue
            free = True
            kept_by = [lack for lack, _ in lacks if lack is not ALL]
            if allowing or lets_pass:
                passed.append((name, allowing or ""))
            elif kept_by:  # that of the rule which comes furthest
                reasons.append(max((lack or "plugin" for lack in kept_by), key=["personal-account", "reference", "plugin"].index))
        if passed:
            return {"refused_by": "nothing", "rule": passed[0][1], "upstreams": passed}
        if refusals and (overruled or not free):
            told = (overruled or refusals)[0]
            if not free:
                return {"refused_by": "rule", "rule": told, "upstreams": []}
            reasons.append("rule")
        reason = next((one for one in ("personal-account", "reference", "plugin", "rule") if one in reasons), "no-rule")
        return {"refused_by": reason, "rule": overruled[0] if reason == "rule" else "", "upstreams": []}

    def decide(self, facts):
        """Remembered: most exchanges of a day are like another one."""
        key = str([facts[name] for name in sorted(facts) if name != "person"])
        if key not in self.decided:
            self.decided[key] = self.decide_anew(facts)
        return self.decided[key]

    def decide_anew(self, facts):
        cls = self.cls(facts)
        made = {"class": cls, "mode": "enforce", "would_refuse": "nothing", "would_rule": "", "exception": "", "durable": False}
        if CLASSES.index(cls) > CLASSES.index(facts["key_max_class"]):
            return made | {"refused_by": "key-class", "rule": "", "upstreams": []}
        base = self.mode(facts)
        rules_excepted = {rule: id for id, rule in facts["exceptions"]}
        default = rules_excepted.get("default", rules_excepted.get("*", ""))
        lets_pass = bool(base != "enforce" or default) and facts["account"] == "company"
        client = self.client_refused(facts)
        no_client = {"refused_by": client, "rule": "", "upstreams": []}
        if client and not lets_pass:
            return made | no_client
        refusing = [rule for rule in self.rules if rule.refuse and not rule.invariant]
        acting = [rule for rule in self.rules if rule.refuse and self.mode(facts, rule) == "enforce" and
                  (rule.invariant or not {rule.id, "*"} & rules_excepted.keys())]
        strict = no_client if client else self.judge(facts, cls, refusing, False)
        plan = no_client if client else self.judge(facts, cls, acting, False)
        if plan["refused_by"] != "nothing" and lets_pass:
            plan = self.judge(facts, cls, acting, True)
        by_id = {rule.id: rule for rule in self.rules}
        if plan["refused_by"] != "nothing":
            acts = strict["refused_by"] != "rule" or self.mode(facts, by_id[strict["rule"]]) == "enforce"
            return made | (strict if strict["refused_by"] != "nothing" and acts else plan)
        first = plan["upstreams"][0][0]
        if first not in [name for name, _ in strict["upstreams"]]:
            against = next((rule for rule in refusing if rule.holds(facts, cls, self.upstreams[first])), None)
            if against:
                made |= {"would_refuse": "rule", "would_rule": against.id,
                         "exception": rules_excepted.get(against.id, rules_excepted.get("*", ""))}
            else:
                other = strict["refused_by"] in ("nothing", "rule")
                made |= {"would_refuse": "no-rule" if other else strict["refused_by"], "exception": default}
            if not made["exception"]:
                made["mode"] = self.mode(facts, against)
        wishes = [rule for rule in self.rules if rule.durable]
        made["durable"] = made["would_refuse"] != "nothing" or any(
            (rule.allows(facts, cls, self.upstreams[name]) is None if rule.allow else rule.holds(facts, cls, self.upstreams[name]))
            for rule in wishes for name, _ in plan["upstreams"])
        return made | plan


def recorded(plan):
    """The plan of an entry in the same words."""
    return {"class": plan["class"], "mode": plan.get("mode", "enforce"), "would_refuse": plan.get("would_refuse", "nothing"),
            "would_rule": plan.get("would_rule", ""), "exception": plan.get("exception", ""), "durable": plan["durable_first"],
            "refused_by": plan["refused_by"], "rule": plan["rule"],
            "upstreams": list(zip(plan["upstreams"], plan["upstream_rules"], strict=True))}
