#include "lab/osv_draft.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "catalog/clients.h"
#include "catalog/tier.h"
#include "crypto/crypto.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::lab {

namespace {

constexpr std::string_view schema_version = "1.7.0";
constexpr std::size_t summary_bytes_max = 200, text_bytes_max = 160;

std::string digest_of(std::string_view text) { return to_hex(crypto::bytes(crypto::sha256(text))); }

std::string cut(std::string text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end) + "…";
}

std::string sentence_of(const Finding& one) {
    if (one.kind == Kind::concealed_text && one.entries > 1)
        return fmt::format("a hidden list of {} entries, sha256:{}", one.entries, digest_of(one.text).substr(0, 16));
    return fmt::format("{}: {}", name_of(one.kind), cut(one.text, text_bytes_max));
}

bool is_concealed(const Group& group) {
    return group.verdict == Group::Verdict::marker || group.verdict == Group::Verdict::concealed;
}

template <class Each> void each_concealed(const Inspection& inspection, Each each) {
    for (const Group& group : inspection.groups)
        if (is_concealed(group))
            for (const std::size_t i : group.findings) each(inspection.findings[i]);
}

// "pkg:npm/%40acme/code" (package-url).
std::string purl_of(std::string_view package) {
    return "pkg:npm/" + (package.starts_with('@') ? "%40" + std::string(package.substr(1)) : std::string(package));
}

void write_affected(json::Writer& writer, const OsvDraft& draft) {
    std::string one;
    json::Writer item(one);
    item.begin_object();
    item.begin_object("package");
    item.member("ecosystem", "npm");
    item.member("name", draft.package);
    item.member("purl", purl_of(draft.package));
    item.end_object();
    if (!draft.ranges.empty()) {
        item.begin_array("ranges");
        for (const AffectedVersions& range : draft.ranges) {
            std::string text;
            json::Writer of_range(text);
            const auto event = [&](std::string_view kind, const std::string& version) {
                if (version.empty()) return;
                std::string inner;
                json::Writer of_event(inner);
                of_event.begin_object();
                of_event.member(kind, version);
                of_event.end_object();
                of_range.element_raw(inner);
            };
            of_range.begin_object();
            of_range.member("type", "SEMVER");
            of_range.begin_array("events");
            event("introduced", range.introduced);
            event("fixed", range.fixed);
            event("last_affected", range.last_affected);
            of_range.end_array();
            of_range.end_object();
            item.element_raw(text);
        }
        item.end_array();
    }
    if (!draft.versions.empty()) {
        item.begin_array("versions");
        for (const std::string& version : draft.versions) item.element(version);
        item.end_array();
    }
    item.end_object();
    writer.begin_array("affected");
    writer.element_raw(one);
    writer.end_array();
}

} // namespace

std::vector<std::string> concealed_in(const Inspection& inspection) {
    std::vector<std::string> out;
    each_concealed(inspection, [&](const Finding& one) {
        if (std::string line = sentence_of(one); std::ranges::find(out, line) == out.end()) out.push_back(line);
    });
    return out;
}

OsvDraft draft_of(const Inspection& inspection, std::string_view report, std::int64_t at_ms) {
    OsvDraft out;
    out.package = inspection.package.name;
    out.versions.push_back(inspection.package.version);
    // A version that is for one platform is that of the client, too, which names itself without it.
    if (const auto plain = catalog::version_without_platform(out.versions[0]); plain != out.versions[0])
        out.versions.emplace_back(plain);
    for (const Group& group : inspection.groups)
        if (is_concealed(group) && out.finding.empty()) out.finding = group.sentence;
    out.summary = inspection.verdict();
    out.details = "Observed in bytes; nothing of it was run:\n";
    each_concealed(inspection, [&](const Finding& one) {
        out.details += fmt::format("- {}; {}{}, offset {}{}\n", sentence_of(one), one.place.file,
                                   one.place.part.empty() ? "" : " in it " + one.place.part, one.place.offset,
                                   one.how.empty() ? "" : "; " + one.how);
    });
    out.report = report;
    out.at_ms = at_ms;
    return out;
}

std::string to_osv(const OsvDraft& draft) {
    const std::string digest = digest_of(draft.report), at = rfc3339(draft.at_ms);
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("schema_version", schema_version);
    writer.member("id", draft.id.empty() ? fmt::format("x_SALLYPORT-{}-{}", at.substr(0, 4), digest.substr(0, 12))
                                         : draft.id);
    writer.member("modified", at);
    writer.member("published", at);
    writer.member("summary", cut(draft.summary, summary_bytes_max));
    writer.member("details", draft.details);
    write_affected(writer, draft);
    std::string tool;
    json::Writer credit(tool);
    credit.begin_object();
    credit.member("name", "sallyport inspect");
    credit.member("type", "TOOL");
    credit.end_object();
    writer.begin_array("credits");
    writer.element_raw(tool);
    writer.end_array();
    writer.begin_object("database_specific");
    writer.begin_object("sallyport");
    writer.member("tier", name(catalog::Tier::measured));
    writer.member("report", "sha256:" + digest);
    writer.member("finding", draft.finding);
    writer.end_object();
    writer.end_object();
    writer.end_object();
    return out + "\n";
}

} // namespace sallyport::lab
