#include "policy/version.h"

#include "policy/yaml.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::policy {

namespace {

std::expected<Comparator, std::string> parse_comparator(std::string_view text) {
    using Op = Comparator::Op;
    static constexpr std::pair<std::string_view, Op> ops[] = {
        {">=", Op::at_least}, {"<=", Op::at_most}, {">", Op::more}, {"<", Op::less}, {"=", Op::equal}};
    Comparator comparator;
    auto version = text;
    for (const auto& [sign, op] : ops)
        if (version.starts_with(sign)) {
            comparator.op = op;
            version.remove_prefix(sign.size());
            break;
        }
    if (!is_version(version))
        return std::unexpected(
            fmt::format("'{}' is no version; write for example \">=2.1.198\", \">=1.2 <2\" or \"*\"", shown(text)));
    comparator.version = version;
    return comparator;
}

} // namespace

bool Comparator::accepts(std::strong_ordering order) const {
    switch (op) {
    case Op::less: return order < 0;
    case Op::at_most: return order <= 0;
    case Op::equal: return order == 0;
    case Op::at_least: return order >= 0;
    case Op::more: return order > 0;
    }
    return false;
}

bool VersionRange::accepts(std::string_view version) const {
    if (any_of.empty()) return true;
    if (!is_version(version)) return false;
    return std::ranges::any_of(any_of, [&](const auto& all_of) {
        return std::ranges::all_of(all_of, [&](const Comparator& comparator) {
            return comparator.accepts(compare_versions(version, comparator.version));
        });
    });
}

bool VersionRange::accepts_none() const {
    using Op = Comparator::Op;
    const auto exclude = [](const Comparator& a, const Comparator& b) {
        const bool from_below = a.op == Op::at_least || a.op == Op::more || a.op == Op::equal;
        const bool from_above = b.op == Op::at_most || b.op == Op::less || b.op == Op::equal;
        if (!from_below || !from_above) return false;
        const auto order = compare_versions(a.version, b.version);
        return order > 0 || (order == 0 && (a.op == Op::more || b.op == Op::less));
    };
    return !any_of.empty() && std::ranges::all_of(any_of, [&](const auto& all_of) {
        return std::ranges::any_of(all_of, [&](const Comparator& a) {
            return std::ranges::any_of(all_of, [&](const Comparator& b) { return exclude(a, b); });
        });
    });
}

std::expected<VersionRange, std::string> parse_range(std::string_view text) {
    VersionRange range{std::string(text), {}};
    bool everything = false;
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto bars = std::min(text.find("||", begin), text.size());
        std::vector<Comparator> all_of;
        bool star = false;
        std::string sign; // of ">= 2.1": the sign that waits for its version
        for (std::size_t at = begin; at < bars;) {
            const auto end = std::min(text.find_first_of(" ,", at), bars);
            const auto piece = sign + std::string(text.substr(at, end - at));
            at = end + 1;
            sign.clear();
            if (piece.empty()) continue;
            if (piece == "*")
                star = true;
            else if (piece.find_first_not_of("<>=") == std::string::npos)
                sign = piece;
            else {
                auto comparator = parse_comparator(piece);
                if (!comparator) return std::unexpected(std::move(comparator.error()));
                all_of.push_back(std::move(*comparator));
            }
        }
        if (!sign.empty() || (all_of.empty() && !star))
            return std::unexpected(fmt::format("'{}' lacks a version; write for example \">=2.1.198\"", shown(text)));
        everything = everything || all_of.empty();
        range.any_of.push_back(std::move(all_of));
        begin = bars + 2;
    }
    if (everything) range.any_of.clear();
    return range;
}

} // namespace sallyport::policy
