#include "lab/report_json.h"

#include "json/writer.h"

namespace sallyport::lab {

namespace {

void place(json::Writer& writer, const Place& place) {
    writer.member("file", place.file);
    if (!place.part.empty()) writer.member("part", place.part);
    writer.member("offset", place.offset);
}

void finding(json::Writer& writer, const Finding& one) {
    writer.begin_object();
    writer.member("kind", name_of(one.kind));
    writer.member("confidence", name_of(one.confidence));
    writer.member("how_we_know", "observed in bytes at offset");
    place(writer, one.place);
    writer.member("size", one.size);
    writer.member("text", one.text);
    writer.member("how", one.how);
    writer.member("entries", one.entries);
    writer.member("times", one.times);
    writer.begin_array("reasons");
    for (const std::string& reason : one.reasons) writer.element(reason);
    writer.end_array();
    writer.end_object();
}

void package(json::Writer& writer, const PackageFacts& facts) {
    writer.begin_object("package");
    writer.member("name", facts.name);
    writer.member("version", facts.version);
    writer.begin_array("install_scripts");
    for (const InstallScript& one : facts.scripts) {
        writer.begin_object();
        writer.member("file", one.file);
        writer.member("when", one.when);
        writer.member("command", one.command);
        writer.end_object();
    }
    writer.end_array();
    writer.begin_array("platform_packages");
    for (const std::string& one : facts.platform_packages) writer.element(one);
    writer.end_array();
    writer.end_object();
}

void coverage(json::Writer& writer, const Inspection& of) {
    writer.begin_object("coverage");
    writer.member("files", of.coverage.files);
    writer.member("bytes", of.coverage.bytes);
    writer.member("source_files", of.coverage.source_files);
    writer.member("source_bytes", of.coverage.source_bytes);
    writer.member("native_bytes", of.coverage.native_bytes);
    writer.member("whole", of.walked.whole);
    writer.begin_object("not_covered");
    for (const auto& [what, count] : of.coverage.not_covered) writer.member(what, count);
    writer.end_object();
    writer.begin_object("digests");
    for (const auto& [digits, count] : of.coverage.digests) writer.member(std::to_string(digits), count);
    writer.end_object();
    writer.end_object();
}

} // namespace

std::string to_json(const Inspection& of, std::string_view runs) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("subject", of.title());
    writer.member("verdict", of.verdict());
    package(writer, of.package);
    writer.begin_array("groups");
    for (const Group& group : of.groups) {
        writer.begin_object();
        writer.member("verdict", name_of(group.verdict));
        writer.member("sentence", group.sentence);
        writer.begin_array("findings");
        for (const std::size_t i : group.findings) finding(writer, of.findings[i]);
        writer.end_array();
        writer.end_object();
    }
    writer.end_array();
    writer.begin_array("names");
    for (const Name& one : of.names) {
        writer.begin_object();
        writer.member("subject", name_of(one.subject));
        writer.member("name", one.name);
        if (!one.example.empty()) writer.member("example", one.example);
        place(writer, one.place);
        writer.member("times", one.times);
        writer.end_object();
    }
    writer.end_array();
    writer.begin_array("files");
    for (const InspectedFile& one : of.files) {
        writer.begin_object();
        writer.member("path", one.path);
        writer.member("size", one.size);
        writer.member("sha256", one.sha256);
        writer.member("form", one.form);
        writer.member("embedded", std::uint64_t{one.embedded});
        writer.end_object();
    }
    writer.end_array();
    writer.begin_array("problems");
    for (const std::string& one : of.walked.problems) writer.element(one);
    writer.end_array();
    coverage(writer, of);
    if (!runs.empty()) writer.member_raw("runs", runs);
    writer.end_object();
    return out;
}

} // namespace sallyport::lab
