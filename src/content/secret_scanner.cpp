#include "content/secret_scanner.h"

#include "base/limits.h"
#include "base/text.h"
#include "content/compiled_rules.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>

namespace sallyport::content {

namespace {

constexpr std::size_t groups_max = 32; // of a regex that are looked at for the secret

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(const re2::StringPiece& text) { return {text.data(), text.size()}; }

bool any_matches(const std::vector<Expression>& expressions, std::string_view text) {
    return std::ranges::any_of(expressions,
                               [&](const Expression& one) { return re2::RE2::PartialMatch(piece(text), *one); });
}

bool holds_stopword(const std::vector<std::string>& stopwords, std::string_view secret) {
    return std::ranges::any_of(stopwords, [&](const std::string& word) { return holds_keyword(secret, word); });
}

// One match of one rule: the whole of it and the part that is the secret, both within the text.
struct Match {
    std::string_view whole, secret;
};

// The whole lines that a match touches.
std::string_view lines_of(std::string_view text, std::string_view match) {
    const auto begin = static_cast<std::size_t>(match.data() - text.data());
    const auto before = begin == 0 ? std::string_view::npos : text.rfind('\n', begin - 1);
    const auto first = before == std::string_view::npos ? 0 : before + 1;
    const auto last = std::min(text.find('\n', begin + match.size()), text.size());
    return text.substr(first, last - first);
}

// Each kind of test that the list has says yes or no; "AND" needs all of them, "OR" one.
bool allows(const CompiledAllowlist& list, std::string_view text, std::string_view file_name, const Match& match) {
    const auto target = list.target == Allowlist::Target::secret  ? match.secret
                        : list.target == Allowlist::Target::match ? match.whole
                                                                  : lines_of(text, match.whole);
    std::size_t tests = 0, held = 0;
    const auto test = [&](bool present, auto&& holds) {
        if (!present) return;
        ++tests;
        held += holds() ? 1 : 0;
    };
    test(!list.paths.empty(), [&] { return !file_name.empty() && any_matches(list.paths, file_name); });
    test(!list.regexes.empty(), [&] { return any_matches(list.regexes, target); });
    test(!list.stopwords.empty(), [&] { return holds_stopword(list.stopwords, match.secret); });
    return list.condition == Allowlist::Condition::all ? tests > 0 && held == tests : held > 0;
}

bool any_allows(const std::vector<CompiledAllowlist>& lists, std::uint32_t rule, std::string_view text,
                std::string_view file_name, const Match& match) {
    return std::ranges::any_of(lists, [&](const CompiledAllowlist& list) {
        return (list.only.empty() || std::ranges::binary_search(list.only, rule)) &&
               allows(list, text, file_name, match);
    });
}

std::string_view without_line_ends(std::string_view secret) {
    while (!secret.empty() && (secret.front() == '\n' || secret.front() == '\r')) secret.remove_prefix(1);
    while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.remove_suffix(1);
    return secret;
}

} // namespace

struct SecretScanner::Memory {
    explicit Memory(const CompiledRules& rules)
        : scan(*rules.patterns), seen(std::make_unique<bool[]>(rules.rules.size())) {}

    PatternScan scan;
    std::unique_ptr<bool[]> seen; // by rule: a keyword of it stands in the text
    std::vector<Found> found;
    std::vector<std::uint32_t> line_begins; // filled only where a rule asks for distances
    std::vector<Found> merged;
};

// One text: who may match where, then match by match what counts.
class SecretScanner::Run {
public:
    Run(const CompiledRules& rules, Memory& memory, std::string_view text, std::string_view file_name)
        : rules_(rules), memory_(memory), text_(text), file_name_(file_name) {
        memory_.found.clear();
    }

    // Where no Hyperscan serves, one pass for all keywords is cheaper than one for each rule.
    void with_hyperscan() {
        if (rules_.patterns->engine() == "re2") return with_re2_only();
        std::uint32_t last = none;
        bool open = false;
        for (const auto& region : memory_.scan.regions(text_)) {
            const auto rule = rules_.rule_of_pattern[region.pattern];
            if (rule != last) open = passes_gate(rules_.rules[rule]);
            last = rule;
            if (open) search(rule, region.begin, region.end);
        }
        for (const auto pattern : rules_.patterns->alone()) {
            const auto rule = rules_.rule_of_pattern[pattern];
            if (passes_gate(rules_.rules[rule])) search(rule, 0, text_.size());
        }
        finish();
    }

    void with_re2_only() {
        const std::span<bool> seen(memory_.seen.get(), rules_.rules.size());
        std::ranges::fill(seen, false);
        rules_.keywords->mark(text_, seen);
        for (const auto rule : rules_.ungated) seen[rule] = true;
        for (std::uint32_t rule = 0; rule < rules_.rules.size(); ++rule)
            if (seen[rule] && path_fits(rules_.rules[rule])) search(rule, 0, text_.size());
        finish();
    }

private:
    static constexpr std::uint32_t none = 0xFFFFFFFF;

    bool path_fits(const CompiledRule& rule) const {
        return !rule.path || (!file_name_.empty() && re2::RE2::PartialMatch(piece(file_name_), *rule.path));
    }

    bool passes_gate(const CompiledRule& rule) const {
        if (!path_fits(rule)) return false;
        return rule.keywords.empty() ||
               std::ranges::any_of(rule.keywords, [&](const std::string& word) { return holds_keyword(text_, word); });
    }

    // All matches from left to right within a region that holds each of them whole.
    void search(std::uint32_t index, std::size_t begin, std::size_t end) {
        const auto& rule = rules_.rules[index];
        std::array<re2::StringPiece, groups_max> groups;
        const auto count = std::min<int>(rule.regex->NumberOfCapturingGroups() + 1, groups_max);
        while (begin <= end &&
               rule.regex->Match(piece(text_), begin, end, re2::RE2::UNANCHORED, groups.data(), count)) {
            const auto whole = view(groups[0]);
            const auto at = static_cast<std::size_t>(whole.data() - text_.data());
            begin = at + std::max<std::size_t>(whole.size(), 1);
            if (whole.empty()) continue;
            judge(index, {whole, secret_of(rule, {groups.data(), static_cast<std::size_t>(count)})});
        }
    }

    static std::string_view secret_of(const CompiledRule& rule, std::span<const re2::StringPiece> groups) {
        if (rule.secret_group != 0)
            return without_line_ends(view(groups[std::min<std::size_t>(rule.secret_group, groups.size() - 1)]));
        for (const auto& group : groups.subspan(1))
            if (!group.empty()) return without_line_ends(view(group));
        return without_line_ends(view(groups[0]));
    }

    void judge(std::uint32_t index, const Match& match) {
        const auto& rule = rules_.rules[index];
        if (match.secret.empty()) return;
        if (rule.entropy > 0 && entropy(match.secret) <= rule.entropy) return;
        for (const auto test : rule.unless)
            if (test(match.secret)) return;
        auto confidence = rule.confidence;
        if (rule.checksum && !rule.checksum->holds(match.secret)) {
            if (rule.checksum->on_failure == OnFailure::no_finding) return;
            confidence = Confidence::low;
        }
        if (any_allows(rule.allowlists, index, text_, file_name_, match)) return;
        if (any_allows(rules_.file_allowlists[rule.file], index, text_, file_name_, match)) return;
        const auto begin = static_cast<std::uint32_t>(match.secret.data() - text_.data());
        const auto end = static_cast<std::uint32_t>(begin + match.secret.size());
        memory_.found.push_back({FindingKind::secret, confidence, index, begin, end});
    }

    void finish() {
        for (const auto rule : rules_.path_rules) judge_file(rule);
        std::ranges::sort(memory_.found, [](const Found& a, const Found& b) {
            return a.rule != b.rule ? a.rule < b.rule : a.begin < b.begin;
        });
        if (rules_.any_required) drop_lonely();
        std::erase_if(memory_.found, [&](const Found& found) { return rules_.rules[found.rule].skip_report; });
    }

    // A rule about file names: the whole file is the secret.
    void judge_file(std::uint32_t index) {
        const auto& rule = rules_.rules[index];
        if (text_.empty() || !path_fits(rule)) return;
        const Match match{text_, text_};
        if (any_allows(rule.allowlists, index, text_, file_name_, match)) return;
        if (any_allows(rules_.file_allowlists[rule.file], index, text_, file_name_, match)) return;
        memory_.found.push_back(
            {FindingKind::secret, rule.confidence, index, 0, static_cast<std::uint32_t>(text_.size())});
    }

    // Rules that require others are judged by what these found on their own, whatever they require themselves.
    void drop_lonely() {
        memory_.line_begins.assign(1, 0);
        for (auto at = text_.find('\n'); at != std::string_view::npos; at = text_.find('\n', at + 1))
            memory_.line_begins.push_back(static_cast<std::uint32_t>(at + 1));
        memory_.merged.clear();
        for (const auto& found : memory_.found) {
            const auto& required = rules_.rules[found.rule].required;
            if (std::ranges::all_of(required, [&](const CompiledRequired& one) { return has_near(found, one); }))
                memory_.merged.push_back(found);
        }
        memory_.found.swap(memory_.merged);
    }

    bool has_near(const Found& found, const CompiledRequired& required) const {
        return std::ranges::any_of(required.rules, [&](std::uint32_t rule) {
            const auto others = std::ranges::equal_range(memory_.found, rule, {}, &Found::rule);
            return std::ranges::any_of(others, [&](const Found& other) { return is_near(found, other, required); });
        });
    }

    bool is_near(const Found& a, const Found& b, const CompiledRequired& required) const {
        const auto [line_a, column_a] = line_and_column(a.begin);
        const auto [line_b, column_b] = line_and_column(b.begin);
        const auto distance = [](std::uint32_t x, std::uint32_t y) { return x > y ? x - y : y - x; };
        return (!required.within_lines || distance(line_a, line_b) <= *required.within_lines) &&
               (!required.within_columns || distance(column_a, column_b) <= *required.within_columns);
    }

    std::pair<std::uint32_t, std::uint32_t> line_and_column(std::uint32_t offset) const {
        const auto after = std::ranges::upper_bound(memory_.line_begins, offset);
        const auto line = static_cast<std::uint32_t>(after - memory_.line_begins.begin());
        return {line, offset - *(after - 1)};
    }

    const CompiledRules& rules_;
    Memory& memory_;
    std::string_view text_, file_name_;
};

namespace {

// Whether `a` stays rather than `b`, where they overlap.
bool is_better(const Found& a, const Found& b) {
    const auto length = [](const Found& one) { return one.end - one.begin; };
    if (a.confidence != b.confidence) return a.confidence > b.confidence;
    if (length(a) != length(b)) return length(a) > length(b);
    return a.begin != b.begin ? a.begin < b.begin : a.rule < b.rule;
}

// Of findings that overlap one another the best first; what overlaps one already taken is left out.
void merge_cluster(std::span<Found> cluster, std::vector<Found>& out) {
    const auto first = static_cast<std::ptrdiff_t>(out.size());
    std::ranges::sort(cluster, is_better);
    for (const auto& candidate : cluster) {
        const auto taken = out.begin() + first;
        const auto next = std::lower_bound(taken, out.end(), candidate.begin,
                                           [](const Found& one, std::uint32_t begin) { return one.begin < begin; });
        const bool free = (next == out.end() || next->begin >= candidate.end) &&
                          (next == taken || (next - 1)->end <= candidate.begin);
        if (free) out.insert(next, candidate);
    }
}

// Cluster by cluster, so that a text with very many findings costs no more for each.
void merge(std::vector<Found>& found, std::vector<Found>& out) {
    out.clear();
    std::ranges::sort(found, {}, &Found::begin);
    for (std::size_t begin = 0; begin < found.size();) {
        auto cluster_end = found[begin].end;
        auto end = begin + 1;
        while (end < found.size() && found[end].begin < cluster_end)
            cluster_end = std::max(cluster_end, found[end++].end);
        merge_cluster(std::span(found).subspan(begin, end - begin), out);
        begin = end;
    }
}

bool too_large(std::string_view text, std::vector<Found>& out) {
    if (text.size() <= limits::scanned_text_bytes_max) return false;
    const auto end = static_cast<std::uint32_t>(std::min<std::size_t>(text.size(), 0xFFFFFFFF));
    out.assign(1, {FindingKind::uninspected, Confidence::high, 0, 0, end});
    return true;
}

} // namespace

SecretScanner::SecretScanner(std::shared_ptr<const SecretRules> rules)
    : rules_(std::move(rules)), memory_(std::make_unique<Memory>(rules_->compiled())) {}
SecretScanner::~SecretScanner() = default;

void SecretScanner::scan(std::string_view text, std::string_view file_name, std::vector<Found>& out) {
    if (too_large(text, out)) return;
    Run(rules_->compiled(), *memory_, text, file_name).with_hyperscan();
    merge(memory_->found, out);
}

void SecretScanner::scan_with_re2_only(std::string_view text, std::string_view file_name, std::vector<Found>& out) {
    if (too_large(text, out)) return;
    Run(rules_->compiled(), *memory_, text, file_name).with_re2_only();
    merge(memory_->found, out);
}

void SecretScanner::scan_each_rule(std::string_view text, std::string_view file_name, std::vector<Found>& out,
                                   bool re2_only) {
    if (too_large(text, out)) return;
    Run run(rules_->compiled(), *memory_, text, file_name);
    if (re2_only)
        run.with_re2_only();
    else
        run.with_hyperscan();
    out = memory_->found;
}

} // namespace sallyport::content
