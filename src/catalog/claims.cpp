#include "catalog/claims.h"

#include "base/buffer.h"
#include "catalog/claims_text.h"
#include "json/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sallyport::catalog {

namespace {

using json::no_node;
using json::NodeIndex;

Result<Claim> read_claim(const json::Document& document, NodeIndex node) {
    Claim out;
    std::string tier, problem;
    const auto take = [&](std::string_view key, std::string& into, bool needed) {
        const NodeIndex n = document.find(node, key);
        std::string scratch;
        if (n != no_node && document[n].kind == json::Kind::string)
            into = document.text(n, scratch);
        else if (needed || n != no_node)
            problem = fmt::format("{}: a claim has {}, a text", document.place(document[node].begin), key);
    };
    take("about", out.about, true);
    take("topic", out.topic, true);
    take("says", out.says, true);
    take("address", out.address, false);
    take("tier", tier, true);
    take("source", out.source, true);
    take("date", out.date, true);
    const auto known = tier_named(tier);
    if (problem.empty() && !known) problem = fmt::format("'{}' is no tier", tier);
    if (!problem.empty()) return fail(ErrorKind::invalid, problem);
    out.tier = *known;
    return out;
}

constexpr std::array<std::string_view, 5> questions = {"region", "legal-entity", "payment", "retention", "training"};
constexpr std::array<std::string_view, 5> vendor_names = {"alibaba", "anthropic", "github", "google", "openai"};

} // namespace

Result<std::vector<Claim>> read_claims(std::string_view text) {
    const Buffer raw(text);
    json::Document document;
    if (auto parsed = document.parse(raw.view()); !parsed) return std::unexpected(parsed.error());
    if (document[document.root()].kind != json::Kind::array) return fail(ErrorKind::invalid, "claims are a list");
    std::vector<Claim> out;
    for (NodeIndex n = document.first_child(document.root()); n != no_node; n = document.next_sibling(n)) {
        auto claim = read_claim(document, n);
        if (!claim) return std::unexpected(claim.error());
        out.push_back(std::move(*claim));
    }
    return out;
}

std::span<const Claim> claims() {
    static const std::vector<Claim> all = read_claims(built_in_claims[0].text).value_or(std::vector<Claim>());
    return all;
}

std::span<const std::string_view> vendor_questions() { return questions; }
std::span<const std::string_view> vendors() { return vendor_names; }

std::string_view notes_address(std::string_view client) {
    for (const Claim& one : claims())
        if (one.about == client && one.topic == "release-notes" && !one.address.empty()) return one.address;
    return {};
}

} // namespace sallyport::catalog
