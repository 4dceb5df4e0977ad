#include "endpoint/machine_report.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/file.h"
#include "crypto/crypto.h"
#include "identity/private_files.h"
#include "json/document.h"
#include "json/writer.h"

#include <algorithm>
#include <array>
#include <unistd.h>

namespace sallyport::endpoint {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t key_bytes_max = 1'024;
constexpr std::string_view signer_name = "sallyport-discover";
constexpr std::size_t word_bytes_max = 4'096;

} // namespace

std::string machine_id(const crypto::NoteVerifier& key) {
    return "machine-" + to_hex(crypto::bytes(crypto::sha256(key.text())).substr(0, 16));
}

Machine::Machine(crypto::NoteSigner signer) : signer_(std::move(signer)), id_(machine_id(signer_.verifier())) {}

Result<std::optional<Machine>> Machine::open(const fs::path& folder, bool make) {
    const fs::path file = folder / "machine-key";
    std::error_code error;
    if (!fs::exists(file, error)) {
        if (!make) return std::nullopt;
        if (auto made = identity::make_directory(folder); !made) return std::unexpected(made.error());
        auto fresh = crypto::NoteSigner::generate(signer_name);
        if (!fresh) return std::unexpected(fresh.error());
        const fs::path beside = file.string() + "." + std::to_string(::getpid());
        const Secret text = fresh->text();
        if (auto written = replace_file(beside, std::string(text.reveal()) + "\n", identity::private_file); !written)
            return std::unexpected(written.error());
        // Whoever was first has the name: two that begin at once are one machine.
        fs::create_hard_link(beside, file, error);
        const bool is_there = !error || fs::exists(file);
        fs::remove(beside, error);
        if (!is_there) return fail(ErrorKind::io, "cannot make " + file.string() + ": its folder takes no link");
    }
    if (auto is_private = identity::require_private(file, identity::private_file); !is_private)
        return std::unexpected(is_private.error());
    auto text = read_file(file, key_bytes_max);
    if (!text) return std::unexpected(text.error());
    while (text->ends_with('\n')) text->pop_back();
    auto signer = crypto::NoteSigner::parse(Secret(std::move(*text)));
    if (!signer)
        return fail(ErrorKind::invalid,
                    file.string() +
                        " is no key of a machine; without it a new one is made, which is another machine to the fleet");
    return Machine(std::move(*signer));
}

Secret Machine::digest_key() const { return crypto::derive(signer_.text(), "vendor keys of discover"); }

Result<std::string> Machine::report(const std::vector<FoundFact>& facts, std::int64_t at_ms) const {
    std::string text;
    json::Writer writer(text);
    writer.begin_object();
    writer.member("format", report_format);
    writer.member("machine", id_);
    writer.member("key", signer_.verifier().text());
    writer.member("at", rfc3339(at_ms));
    writer.begin_array("facts");
    for (const FoundFact& fact : facts) {
        std::string one;
        json::Writer inner(one);
        inner.begin_object();
        write_fact(inner, fact);
        inner.end_object();
        writer.element_raw(one);
    }
    writer.end_array();
    writer.end_object();
    text += '\n';
    if (text.size() + 1'024 > report_bytes_max)
        return fail(ErrorKind::too_large, "the report would hold " + std::to_string(text.size()) +
                                              " bytes, and readers take " + std::to_string(report_bytes_max) +
                                              "; give fewer --workspace");
    crypto::Note note{std::move(text), {}};
    crypto::sign(note, signer_);
    return crypto::encode(note);
}

std::string_view name(Refusal refusal) {
    constexpr std::string_view names[] = {"not a report", "foreign format", "bad signature", "damaged"};
    return names[static_cast<std::size_t>(refusal)];
}

namespace {

struct Members {
    const json::Document& document;
    json::NodeIndex node;
    std::string text(std::string_view key) const {
        const auto at = document.find(node, key);
        if (at == json::no_node || document[at].kind != json::Kind::string) return {};
        std::string scratch;
        return std::string(document.text(at, scratch).substr(0, word_bytes_max));
    }
    bool flag(std::string_view key, bool otherwise) const {
        const auto at = document.find(node, key);
        return at == json::no_node || document[at].kind != json::Kind::boolean ? otherwise
                                                                               : document.raw_value(at) == "true";
    }
};

std::optional<FoundFact> read_fact(const Members& members) {
    FoundFact fact;
    const std::string kind = members.text("kind");
    if (kind == "client")
        fact.kind = FactKind::client;
    else if (kind == "tool")
        fact.kind = FactKind::tool;
    else if (kind == "base-url")
        fact.kind = FactKind::base_url;
    else
        return std::nullopt;
    fact.client = members.text("client");
    fact.what = members.text("what");
    fact.value = members.text("value");
    fact.way = members.text("way");
    fact.effective = members.flag("effective", true);
    fact.governed = members.flag("governed", false);
    const std::string verdict = members.text("verdict");
    fact.verdict = verdict == "approved"       ? Verdict::approved
                   : verdict == "not approved" ? Verdict::not_approved
                                               : Verdict::unclear;
    return fact;
}

} // namespace

std::expected<Report, Refusal> read_report(std::string_view text) {
    if (text.size() > report_bytes_max) return std::unexpected(Refusal::not_a_report);
    const auto note = crypto::parse_note(text);
    if (!note) return std::unexpected(Refusal::not_a_report);
    const Buffer raw(std::string_view(note->text));
    json::Document document;
    if (!document.parse(raw.view()) || document[0].kind != json::Kind::object)
        return std::unexpected(Refusal::not_a_report);
    const Members top{document, document.root()};
    if (top.text("format") != report_format) return std::unexpected(Refusal::foreign_format);
    for (const std::string_view key :
         {"format", "machine", "key", "at", "facts"}) // what is judged by stands there once
        if (const auto node = document.find_once(document.root(), key); !node || *node == json::no_node)
            return std::unexpected(Refusal::damaged);
    const auto key = crypto::NoteVerifier::parse(top.text("key"));
    if (!key || key->name() != signer_name) return std::unexpected(Refusal::bad_signature);
    const auto signers = crypto::signers_of(*note, {&*key, 1});
    if (!signers || signers->empty() || machine_id(*key) != top.text("machine"))
        return std::unexpected(Refusal::bad_signature);
    Report out{top.text("machine"), parse_time(top.text("at"), 0), {}};
    const auto facts = document.find(document.root(), "facts");
    if (out.at_ms < 0 || document[facts].kind != json::Kind::array) return std::unexpected(Refusal::damaged);
    std::size_t count = 0;
    for (auto n = document.first_child(facts); n != json::no_node; n = document.next_sibling(n)) {
        if (document[n].kind != json::Kind::object || ++count > report_facts_max)
            return std::unexpected(Refusal::damaged);
        if (auto fact = read_fact({document, n})) out.facts.push_back(std::move(*fact));
    }
    return out;
}

} // namespace sallyport::endpoint
