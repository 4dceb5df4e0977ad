#include "identity/binding.h"

#include "base/buffer.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "json/document.h"
#include "json/writer.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace sallyport::identity {

namespace {

constexpr std::size_t text_bytes_max = 512; // of a repository; the others are far shorter
constexpr std::size_t name_bytes_max = 64;

std::unexpected<Error> bad(std::string_view member, std::string_view what) {
    return fail(ErrorKind::invalid, "member '" + std::string(member) + "' of a binding " + std::string(what),
                ErrorSource::client);
}

bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}
bool is_hex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }
bool is_commit(std::string_view text) {
    return text.empty() || ((text.size() == 40 || text.size() == 64) && is_hex(text));
}
bool is_digest(std::string_view text) {
    return text.empty() || (text.size() == 71 && text.starts_with("sha256:") && is_hex(text.substr(7)));
}

// One object of known members; each at most once.
class Members {
public:
    explicit Members(std::string_view text) : text_(text) {}
    Result<void> parse() {
        if (text_.view().size() > limits::binding_bytes_max)
            return fail(ErrorKind::too_large, "a binding is larger than 4 KiB", ErrorSource::client);
        if (auto parsed = document_.parse(text_.view()); !parsed) return parsed;
        if (document_[document_.root()].kind != json::Kind::object)
            return fail(ErrorKind::invalid, "a binding is a JSON object", ErrorSource::client);
        for (auto n = document_.first_child(document_.root()); n != json::no_node; n = document_.next_sibling(n))
            ++left_;
        return {};
    }
    Result<void> text(std::string_view key, std::string& into, std::size_t bytes_max) {
        auto node = document_.find_once(document_.root(), key);
        if (!node) return std::unexpected(node.error());
        if (*node == json::no_node) return {};
        --left_;
        if (document_[*node].kind != json::Kind::string) return bad(key, "is no text");
        std::string scratch;
        into = document_.text(*node, scratch);
        if (into.size() > bytes_max) return bad(key, "is too long");
        if (!is_plain(into)) return bad(key, "holds a blank or another character than printable ASCII");
        return {};
    }
    Result<void> number(std::string_view key, std::int64_t& into) {
        auto node = document_.find_once(document_.root(), key);
        if (!node) return std::unexpected(node.error());
        if (*node == json::no_node) return bad(key, "is missing");
        --left_;
        const std::string_view raw = document_.raw_value(*node);
        const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), into);
        if (document_[*node].kind != json::Kind::number || error != std::errc() || end != raw.data() + raw.size())
            return bad(key, "is no whole number");
        return {};
    }
    Result<void> none_left() const {
        if (left_ == 0) return {};
        return fail(ErrorKind::invalid, "a binding has members that are not known here", ErrorSource::client);
    }

private:
    Buffer text_;
    json::Document document_;
    std::size_t left_ = 0;
};

Result<void> read_into(Members& members, Statement& into) {
    struct Text {
        std::string_view key;
        std::string& into;
        std::size_t bytes_max;
    };
    std::string tier;
    for (const Text& one : {Text{"client", into.client, name_bytes_max}, Text{"commit", into.commit, name_bytes_max},
                            Text{"digest", into.digest, 71}, Text{"repository", into.repository, text_bytes_max},
                            Text{"root", into.root, name_bytes_max}, Text{"tier", tier, 1},
                            Text{"version", into.version, name_bytes_max}})
        if (auto read = members.text(one.key, one.into, one.bytes_max); !read) return read;
    if (!is_commit(into.commit)) return bad("commit", "is no name of a commit");
    if (!is_commit(into.root)) return bad("root", "is no name of a commit");
    if (!is_digest(into.digest)) return bad("digest", "is not sha256: and 64 hex digits");
    if (tier != "A" && tier != "B" && tier != "C") return bad("tier", "is not A, B or C");
    into.tier = tier[0];
    return {};
}

void write(json::Writer& writer, const Statement& statement) {
    const auto member = [&](std::string_view key, const std::string& text) {
        if (!text.empty()) writer.member(key, text);
    };
    member("client", statement.client);
    member("commit", statement.commit);
    member("digest", statement.digest);
    member("repository", statement.repository);
    member("root", statement.root);
    writer.member("tier", std::string_view(&statement.tier, 1));
    member("version", statement.version);
}

std::string text_of(const Binding& binding) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("from", binding.from_ms);
    writer.member("id", binding.id);
    writer.member("key", binding.key);
    writer.member("person", binding.person);
    writer.member("until", binding.until_ms);
    write(writer, binding);
    writer.end_object();
    return out;
}

Result<Binding> read_binding(std::string_view text) {
    Members members(text);
    Binding out;
    if (auto parsed = members.parse(); !parsed) return std::unexpected(parsed.error());
    for (const auto& [key, into] :
         {std::pair<std::string_view, std::string*>{"id", &out.id}, {"key", &out.key}, {"person", &out.person}})
        if (auto read = members.text(key, *into, name_bytes_max); !read) return std::unexpected(read.error());
    for (const auto& [key, into] :
         {std::pair<std::string_view, std::int64_t*>{"from", &out.from_ms}, {"until", &out.until_ms}})
        if (auto read = members.number(key, *into); !read) return std::unexpected(read.error());
    if (auto read = read_into(members, out); !read) return std::unexpected(read.error());
    if (auto none = members.none_left(); !none) return std::unexpected(none.error());
    return out;
}

crypto::Digest proof_of(const Secret& secret, const Proven& request, std::string_view at) {
    std::string text;
    for (const std::string_view part : {request.method, request.target, at}) (text += part) += '\n';
    text += to_hex(crypto::bytes(request.body));
    return crypto::Mac(secret).of(text);
}

struct Proof {
    std::int64_t at_ms = 0;
    std::string_view at;
    std::string mac;
};
std::optional<Proof> read_proof(std::string_view text) {
    Proof out;
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos || text.size() > dot + 1 + 64) return std::nullopt;
    out.at = text.substr(0, dot);
    const auto [end, error] = std::from_chars(out.at.data(), out.at.data() + out.at.size(), out.at_ms);
    if (error != std::errc() || end != out.at.data() + out.at.size()) return std::nullopt;
    auto mac = from_hex(text.substr(dot + 1));
    if (!mac || mac->size() != sizeof(crypto::Digest)) return std::nullopt;
    out.mac = std::move(*mac);
    return out;
}

} // namespace

std::string statement_text(const Statement& statement) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    write(writer, statement);
    writer.end_object();
    return out;
}

Result<Statement> read_statement(std::string_view text) {
    Members members(text);
    Statement out;
    if (auto parsed = members.parse(); !parsed) return std::unexpected(parsed.error());
    if (auto read = read_into(members, out); !read) return std::unexpected(read.error());
    if (auto none = members.none_left(); !none) return std::unexpected(none.error());
    return out;
}

std::string_view name(BindingProblem problem) {
    constexpr std::string_view names[] = {"none",          "unreadable",  "expired",    "no-proof",
                                          "foreign-proof", "stale-proof", "foreign-key"};
    return names[static_cast<std::size_t>(problem)];
}

std::string_view sentence(BindingProblem problem) {
    switch (problem) {
    case BindingProblem::none: return "the binding is valid";
    case BindingProblem::unreadable:
        return "the binding that came with the request is none of this installation; start the client again with: "
               "sallyport run";
    case BindingProblem::expired:
        return "the binding of this run has expired and was not renewed; start the client again with: sallyport run";
    case BindingProblem::no_proof:
    case BindingProblem::foreign_proof:
        return "the binding that came with the request is another run's: the proof that belongs to it is missing or "
               "does "
               "not fit this request; start the client with: sallyport run";
    case BindingProblem::stale_proof:
        return "the proof of the binding is more than a minute away from the gateway's time; start the client again "
               "with: sallyport run";
    case BindingProblem::foreign_key:
        return "the binding that came with the request was given out for another company key; start the client with: "
               "sallyport run";
    }
    return "";
}

std::string prove(const Secret& secret, const Proven& request, std::int64_t at_ms) {
    const std::string at = std::to_string(at_ms);
    return at + "." + to_hex(crypto::bytes(proof_of(secret, request, at)));
}

Bindings::Issued Bindings::issue(const Binding& binding) const {
    const std::string statement = text_of(binding);
    return {to_base64url(statement) + "." + to_base64url(crypto::bytes(mac_.of("tag", statement))),
            Secret(to_hex(crypto::bytes(mac_.of("secret", statement))))};
}

Bindings::Check Bindings::check(std::string_view text, std::string_view proof, const Proven& request,
                                std::int64_t at_ms) const {
    Check out;
    const std::size_t dot = text.find('.');
    if (text.size() > limits::binding_bytes_max || dot == std::string_view::npos) return out;
    const auto statement = from_base64url(text.substr(0, dot)), tag = from_base64url(text.substr(dot + 1));
    // Nothing is read that this installation did not write.
    if (!statement || !tag || !crypto::equal(*tag, crypto::bytes(mac_.of("tag", *statement)))) return out;
    auto binding = read_binding(*statement);
    if (!binding) return out;
    out.binding = std::move(*binding);
    const auto problem = [&](BindingProblem what) {
        out.problem = what;
        return out;
    };
    const auto given = read_proof(proof);
    if (!given) return problem(BindingProblem::no_proof);
    const Secret secret(to_hex(crypto::bytes(mac_.of("secret", *statement))));
    if (!crypto::equal(given->mac, crypto::bytes(proof_of(secret, request, given->at))))
        return problem(BindingProblem::foreign_proof);
    if (at_ms >= out.binding.until_ms) return problem(BindingProblem::expired);
    if (given->at_ms < at_ms - limits::binding_proof_ms_max || given->at_ms > at_ms + limits::binding_proof_ms_max)
        return problem(BindingProblem::stale_proof);
    return problem(BindingProblem::none);
}

} // namespace sallyport::identity
