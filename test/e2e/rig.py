"""What tests stand on: a vendor and a gateway for all tests of a class, or for one test that ends them."""

import contextlib
import shutil
import tempfile
import unittest
from pathlib import Path

from policy import POLICY
from programs import UPSTREAM_KEY, Gateway, Vendor
from wire import DEADLINE, SLOW

__all__ = ["DEADLINE", "POLICY", "SECONDS_FACTOR", "UPSTREAM_KEY", "Case", "Gateway", "Vendor", "folder", "stack"]
SECONDS_FACTOR = 10 if SLOW else 1


@contextlib.contextmanager
def folder():
    """A folder for one test."""
    with tempfile.TemporaryDirectory(prefix="sallyport-e2e-") as name:
        yield Path(name)


@contextlib.contextmanager
def stack(config=None, policy=None, vendor_arguments=()):
    """A vendor and a gateway (with .key) for one test that ends or kills them; what still runs must end properly."""
    with folder() as here:
        vendor = Vendor(here, *vendor_arguments)
        gateway = None
        try:
            gateway = Gateway(here, {"sim": vendor.url}, policy, **(config or {}))
            gateway.key = gateway.issue()["key"]
            yield vendor, gateway.start()
        finally:
            problems = [one.stop() for one in (gateway, vendor) if one and one.process]
        assert not any(problems), problems


class Case(unittest.TestCase):
    """A vendor and a gateway for all tests of a class."""

    policy = POLICY
    config = {}
    vendor_arguments = ()

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="sallyport-e2e-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.vendor = cls.run_vendor(*cls.vendor_arguments)
        cls.gateway = cls.run_gateway(cls.upstreams(), cls.policy, **cls.config)
        cls.key = cls.gateway.key

    @classmethod
    def upstreams(cls):
        return {"sim": cls.vendor.url}

    @classmethod
    def run_vendor(cls, *arguments, name="vendor"):
        vendor = Vendor(cls.folder, *arguments, name=name)
        cls.addClassCleanup(cls.end, vendor)
        return vendor

    @classmethod
    def run_gateway(cls, upstreams, policy=None, folder=None, **more):
        folder = Path(folder or cls.folder)
        folder.mkdir(exist_ok=True)
        gateway = Gateway(folder, upstreams, policy, **more)
        gateway.key = gateway.issue()["key"]
        cls.addClassCleanup(cls.end, gateway.start())
        return gateway

    @classmethod
    def end(cls, program):
        if problem := program.stop():
            raise AssertionError(problem)

    def ask(self,
            dialect,
            text="hi",
            stream=False,
            model=None,
            key=None,
            repository="git.acme.example/web/site",
            fields=(),
            body=None,
            gateway=None,
            target=None):
        """One exchange on a connection of its own, as the dialect's client would have it."""
        gateway = gateway or self.gateway
        return gateway.ask("POST", target or dialect.target(stream, model),
                           dialect.fields(key or self.key, repository) + list(fields),
                           body if body is not None else dialect.bytes(text, model, stream))

    def row(self, answer):
        return self.gateway.row(answer.exchange)
