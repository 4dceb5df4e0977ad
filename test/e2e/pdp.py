"""A company's decision point: a small real HTTP server that answers AuthZEN evaluations as a test tells it to."""

import json

from upstream import Upstream


def verdict(decision, reason=None):
    answer = {"decision": decision}
    return json.dumps(answer | ({"context": {"reason_user": {"en": reason}}} if reason else {})).encode()


class Pdp(Upstream):
    """`answer`: bytes of a body, or a script(wire, request); False from it closes the connection."""
    def __init__(self, tls=None):
        super().__init__(self._reply, tls)
        self.answer = verdict(True)

    def _reply(self, wire, request):
        if isinstance(self.answer, bytes):
            return wire.reply(200, self.answer)
        return self.answer(wire, request)

    def questions(self):
        """Since the last time."""
        asked, self.received[:] = list(self.received), []
        return asked
