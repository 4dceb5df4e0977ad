// discover_commands.h: facts as SARIF 2.1.0 (OASIS, 2020-03-27): a rule for each kind of fact, a result for each fact.
#include "base/encoding.h"
#include "cli/discover_commands.h"
#include "crypto/crypto.h"
#include "json/writer.h"

#include <array>

namespace sallyport::cli {

using endpoint::FactKind;
using endpoint::FoundFact;
using endpoint::Verdict;

namespace {

constexpr std::array<const char*, endpoint::fact_kinds> rules = {"A coding client is installed",
                                                                 "Another assistant is installed",
                                                                 "A plugin is set up",
                                                                 "Where model calls are sent",
                                                                 "A proxy is set",
                                                                 "A vendor's key lies in a file",
                                                                 "A client is signed in",
                                                                 "Conversations are kept",
                                                                 "A client runs a program by itself",
                                                                 "A question to the person is switched off",
                                                                 "Reports are sent to a vendor",
                                                                 "A place could not be looked at"};

std::string rule_id(FactKind kind) { return "discover/" + std::string(name(kind)); }

// RFC 3986: what may stand in a path does.
std::string uri_of(std::string_view path) {
    constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/@+,=";
    std::string out;
    for (const char c : path) {
        if (plain.contains(c))
            out += c;
        else
            out += "%" + to_hex(std::string_view(&c, 1));
    }
    return out;
}

void write_location(json::Writer& writer, const FoundFact& fact) {
    writer.begin_array("locations");
    std::string text;
    json::Writer one(text);
    one.begin_object();
    if (fact.place.starts_with("environment ")) {
        one.begin_array("logicalLocations");
        std::string inner;
        json::Writer logical(inner);
        logical.begin_object();
        logical.member("name", fact.place);
        logical.end_object();
        one.element_raw(inner);
        one.end_array();
    } else {
        one.begin_object("physicalLocation");
        one.begin_object("artifactLocation");
        if (fact.place.starts_with("~/")) {
            one.member("uri", uri_of(std::string_view(fact.place).substr(2)));
            one.member("uriBaseId", "HOME");
        } else {
            one.member("uri", (fact.place.starts_with('/') ? "file://" : "") + uri_of(fact.place));
        }
        one.end_object();
        one.begin_object("region");
        one.member("startLine", static_cast<std::uint64_t>(fact.line == 0 ? 1 : fact.line));
        one.end_object();
        one.end_object();
    }
    one.end_object();
    writer.element_raw(text);
    writer.end_array();
}

std::string sentence(const FoundFact& fact) {
    std::string out = fact.what;
    if (!fact.value.empty()) out += ", " + fact.value;
    if (!fact.way.empty()) out += " (" + fact.way + ")";
    return out + ": " + std::string(name(fact.verdict)) + (fact.reason.empty() ? "." : "; " + fact.reason + ".");
}

std::string result(const FoundFact& fact) {
    std::string text;
    json::Writer writer(text);
    writer.begin_object();
    writer.member("ruleId", rule_id(fact.kind));
    writer.member("ruleIndex", static_cast<std::uint64_t>(fact.kind));
    // A level other than "none" stands only beside the kind "fail".
    writer.member("kind", fact.verdict == Verdict::not_approved ? "fail"
                          : fact.verdict == Verdict::approved   ? "pass"
                                                                : "open");
    writer.member("level", fact.verdict == Verdict::not_approved ? "error" : "none");
    writer.begin_object("message");
    writer.member("text", sentence(fact));
    writer.end_object();
    write_location(writer, fact);
    writer.begin_object("partialFingerprints");
    const std::string all =
        std::string(name(fact.kind)) + '\n' + fact.client + '\n' + fact.what + '\n' + fact.place + '\n' + fact.digest;
    writer.member("sallyport/1", to_hex(crypto::bytes(crypto::sha256(all)).substr(0, 16)));
    writer.end_object();
    writer.begin_object("properties");
    writer.member("knownBy", fact.known_by);
    writer.end_object();
    writer.end_object();
    return text;
}

} // namespace

std::string facts_sarif(const std::vector<FoundFact>& facts) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    writer.member("version", "2.1.0");
    writer.begin_array("runs");
    std::string text;
    json::Writer run(text);
    run.begin_object();
    run.begin_object("tool");
    run.begin_object("driver");
    run.member("name", "sallyport discover");
    run.member("version", "0.1.0");
    run.begin_array("rules");
    for (std::size_t kind = 0; kind < rules.size(); ++kind) {
        std::string one;
        json::Writer rule(one);
        rule.begin_object();
        rule.member("id", rule_id(static_cast<FactKind>(kind)));
        rule.begin_object("shortDescription");
        rule.member("text", std::string(rules[kind]) + ".");
        rule.end_object();
        rule.end_object();
        run.element_raw(one);
    }
    run.end_array();
    run.end_object();
    run.end_object();
    run.begin_array("results");
    for (const FoundFact& fact : facts) run.element_raw(result(fact));
    run.end_array();
    run.end_object();
    writer.element_raw(text);
    writer.end_array();
    writer.end_object();
    return out;
}

} // namespace sallyport::cli
