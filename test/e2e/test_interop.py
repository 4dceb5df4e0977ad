"""The truth table of the AuthZEN interop for API gateways, 25 evaluations, in our words: five people by their roles, each of the five
routes as a repository of a small policy. https://authzen-interop.net
"""

import json
import unittest

import rig

ROLES = {"rick": "admin", "morty": "editor", "summer": "editor", "beth": "viewer", "jerry": "viewer"}
# Route -> who may use it.
ROUTES = {
    "get/users/user": {"admin", "editor", "viewer"},
    "get/todos": {"admin", "editor", "viewer"},
    "post/todos": {"admin", "editor"},
    "put/todos/todo": {"admin", "editor"},
    "delete/todos/todo": {"admin", "editor"},
}
POLICY = {
    "version": 1,
    "repositories": [{"match": "todo.example/get/**", "class": "open-source"}, {"match": "todo.example/**", "class": "internal"}],
    "upstreams": {"sim": {"vendor": "simulated", "hosting": "vendor"}},
    "rules": [
        {"id": "read", "when": {"class": "open-source", "role": ["admin", "editor", "viewer"]}, "allow": {"upstreams": "*"}},
        {"id": "write", "when": {"class": "internal", "role": ["admin", "editor"]}, "allow": {"upstreams": "*"}},
    ],
}
ASKED = [(person, route) for person in ROLES for route in ROUTES]
EXPECTED = [ROLES[person] in ROUTES[route] for person, route in ASKED]


def evaluation(person, route):
    return {
        "subject": {"type": "identity", "id": person, "properties": {"role": ROLES[person]}},
        "action": {"name": "generate", "properties": {"model": "any"}},
        "resource": {"type": "repository", "id": f"todo.example/{route}", "properties": {"evidence": "bound"}},
    }


class Interop(rig.Case):
    policy = POLICY

    def evaluate(self, body, several=""):
        return self.gateway.admin(f"/access/v1/evaluation{several}", [("Content-Type", "application/json")], "POST",
                                  body=json.dumps(body).encode())

    def test_the_table_question_by_question(self):
        self.assertEqual((25, 19), (len(EXPECTED), sum(EXPECTED)))
        for (person, route), expected in zip(ASKED, EXPECTED, strict=True):
            with self.subTest(person=person, route=route):
                answer = self.evaluate(evaluation(person, route))
                self.assertEqual((200, expected), (answer.status, json.loads(answer.body)["decision"]))

    def test_the_table_at_once(self):
        answer = self.evaluate({"evaluations": [evaluation(*one) for one in ASKED]}, "s")
        self.assertEqual((200, EXPECTED), (answer.status, [one["decision"] for one in json.loads(answer.body)["evaluations"]]))

    def test_a_route_is_no_resource_here(self):
        for change in ({"resource": {"type": "route", "id": "/todos"}}, {"action": {"name": "GET"}}):
            body = evaluation("rick", "get/todos") | change
            self.assertEqual(400, self.evaluate(body).status)
            self.assertEqual(400, self.evaluate({"evaluations": [body]}, "s").status)


if __name__ == "__main__":
    unittest.main()
