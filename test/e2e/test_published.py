"""What is handed over and exported is what the published schemas of OCSF, OTLP and CycloneDX call for."""

import json
import unittest

import dialects
import published
import rig
from upstream import Upstream
from wire import until

NOBODY = "git.acme.example/core/engine"
SECRET = "ghp_" + "WqX4vLmT8zRkN2pYc6HsJd9bFgQ3eU1FRjv6"  # made up, with the checksum that such have


class Published(rig.Case):
    """Exchanges of every kind, by every dialect."""

    @classmethod
    def setUpClass(cls):
        if why := published.fetch():
            raise unittest.SkipTest(why)
        super().setUpClass()

    @classmethod
    def upstreams(cls):
        cls.config = {"handover": [{"name": format, "to": f"file:{format}.jsonl", "format": format}
                                   for format in ("ocsf", "otlp", "otlp-metrics")]}
        cls.broken = Upstream(lambda wire, request: False)
        cls.addClassCleanup(cls.broken.close)
        cls.policy = rig.POLICY | {"rules": rig.POLICY["rules"] + [
            {"id": "no-secrets", "when": {"finding": "secret"}, "amend": "redact"},
            {"id": "no-old-models", "when": {"model": "old-*"}, "refuse": "Old models are not approved.", "mode": "warn"}]}
        return {"sim": cls.vendor.url, "second": cls.broken.url}

    def setUp(self):
        self.made = []
        plugins = {"tools": [{"name": "mcp__github__search", "input_schema": {"type": "object"}}]}
        for number, dialect in enumerate(dialects.ALL):
            for stream in (False, True):
                self.made.append(self.ask(dialect, f"{self.id()} {number} {stream} {SECRET}", stream))
        self.made += [
            self.ask(dialects.CHAT, self.id(), repository=NOBODY),
            self.ask(dialects.CHAT, self.id(), model="old-model"),
            self.ask(dialects.ANTHROPIC, body=dialects.ANTHROPIC.bytes(self.id(), **plugins)),
            self.ask(dialects.ANTHROPIC, body=b"{"),
            self.ask(dialects.GEMINI, target=dialects.GEMINI.target(operation="count")),
        ]
        self.exchanges = {answer.exchange for answer in self.made}

    def lines(self, name, exchange):
        path = self.gateway.folder / name

        def all_there():
            found = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
            return self.exchanges <= set(map(exchange, found)) and found

        return until(all_there, f"all exchanges in {name}")

    def test_events_are_what_ocsf_calls_api_activity(self):
        import jsonschema
        import ocsf_json_schema
        schemas = ocsf_json_schema.OcsfJsonSchemaEmbedded(ocsf_json_schema.get_ocsf_schema(version="1.8.0"))
        schema = schemas.get_class_schema("api_activity", profiles=["ai_operation", "security_control"])
        validator = jsonschema.Draft202012Validator(schema)
        kinds = set()
        for event in self.lines("ocsf.jsonl", lambda one: one["metadata"]["correlation_uid"]):
            wrong = [f"{list(one.absolute_path)}: {one.message}"[:300] for one in validator.iter_errors(event)]
            self.assertEqual([], wrong, json.dumps(event)[:2000])
            kinds.add((event["action_id"], event["disposition_id"], event["status_id"]))
        self.assertLessEqual({(1, 1, 1), (2, 2, 2), (4, 11, 1), (1, 15, 1)}, kinds)
        for spoilt in ({"activity_id": 7}, {"actor": {}}, {"unknown_member": 1}, {"time": "now"}):  # the schema does look
            self.assertTrue(list(validator.iter_errors(event | spoilt)), spoilt)

    def test_spans_are_otlp_and_their_names_are_those_of_the_conventions(self):
        from google.protobuf import json_format
        from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
        from opentelemetry.semconv._incubating.attributes import (error_attributes, gen_ai_attributes, http_attributes,
                                                                  user_attributes)
        known = {getattr(module, name) for module in (gen_ai_attributes, error_attributes, http_attributes, user_attributes)
                 for name in dir(module) if name.isupper() and isinstance(getattr(module, name), str)}
        providers = {one.value for one in gen_ai_attributes.GenAiProviderNameValues}
        operations = {one.value for one in gen_ai_attributes.GenAiOperationNameValues}
        self.assertLessEqual({"openai", "anthropic", "gcp.gemini", "aws.bedrock", "azure.ai.openai"}, providers)

        def exchange(line):
            return attributes(line["resourceSpans"][0]["scopeSpans"][0]["spans"][0])["sallyport.exchange"]

        def attributes(span):
            return {one["key"]: next(iter(one["value"].values())) for one in span["attributes"]}

        for line in self.lines("otlp.jsonl", exchange):
            request = json_format.ParseDict(line, trace_service_pb2.ExportTraceServiceRequest())
            span = request.resource_spans[0].scope_spans[0].spans[0]
            self.assertLessEqual(span.start_time_unix_nano, span.end_time_unix_nano)
            told = attributes(line["resourceSpans"][0]["scopeSpans"][0]["spans"][0])
            self.assertEqual(set(), {name for name in told if not name.startswith("sallyport.")} - known)
            self.assertIn(told["gen_ai.operation.name"], operations | {"count-tokens", "list-models"})

    def test_metrics_are_otlp_and_their_names_are_those_of_the_conventions(self):
        from google.protobuf import json_format
        from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
        from opentelemetry.semconv._incubating.attributes import error_attributes, gen_ai_attributes
        from opentelemetry.semconv._incubating.metrics import gen_ai_metrics
        known = {getattr(module, name) for module in (gen_ai_attributes, error_attributes, gen_ai_metrics)
                 for name in dir(module) if name.isupper() and isinstance(getattr(module, name), str)}
        path = self.gateway.folder / "otlp-metrics.jsonl"
        counted = 0

        def all_counted():
            nonlocal counted
            counted = 0
            for line in path.read_text().splitlines() if path.exists() else ():
                request = json_format.ParseDict(json.loads(line), metrics_service_pb2.ExportMetricsServiceRequest())
                for metric in request.resource_metrics[0].scope_metrics[0].metrics:
                    points = metric.sum.data_points or metric.histogram.data_points
                    self.assertEqual(1, (metric.sum if metric.HasField("sum") else metric.histogram).aggregation_temporality)
                    self.assertIn(metric.name, known | {"sallyport.exchanges"})
                    for point in points:
                        names = {one.key for one in point.attributes}
                        self.assertEqual(set(), {name for name in names if not name.startswith("sallyport.")} - known)
                        self.assertLessEqual(point.start_time_unix_nano, point.time_unix_nano)
                    if metric.HasField("sum"):
                        counted += sum(point.as_int for point in points)
                    else:
                        self.assertTrue(all(point.count == sum(point.bucket_counts) for point in points))
            return counted >= len(self.exchanges)

        until(all_counted, "all exchanges in the metrics")

    def test_what_was_observed_in_use_is_a_cyclonedx_document(self):
        from cyclonedx.schema import SchemaVersion
        from cyclonedx.validation.json import JsonStrictValidator
        self.gateway.rows(self.exchanges)
        text = self.gateway.run("ledger", "aibom", "--config", "sallyport.yaml")
        validator = JsonStrictValidator(SchemaVersion.V1_7)
        wrong = validator.validate_str(text)
        self.assertIsNone(wrong, str(wrong)[:2000])
        self.assertIsNotNone(validator.validate_str(text.replace('"machine-learning-model"', '"model"')))
        bom = json.loads(text)
        names = {}
        for one in bom["components"] + bom["services"]:
            properties = {entry["name"]: entry["value"] for entry in one["properties"]}
            names.setdefault(properties["sallyport:kind"], {})[one["name"]] = properties
        for dialect in dialects.ALL:
            self.assertIn(dialect.client, names["client"])
            self.assertIn(dialect.model, names["model"])
        self.assertEqual({"github"}, set(names["plugin"]))
        self.assertEqual("acme", names["upstream"]["sim"]["sallyport:account"])
        example = names["plugin"]["github"]["sallyport:example"]
        shown = json.loads(self.gateway.run("ledger", "show", "--config", "sallyport.yaml", "--json", example))
        self.assertEqual(["github"], shown["entries"][0]["entry"]["facts"]["plugins"])
        # Of the same entries it is the same document; what was just asked may still come into the ledger.
        serial = lambda: json.loads(self.gateway.run("ledger", "aibom", "--config", "sallyport.yaml"))["serialNumber"]
        until(lambda: serial() == serial(), "the same document")


if __name__ == "__main__":
    unittest.main()
