#include "content/secret_rules.h"

#include "base/limits.h"
#include "content/compiled_rules.h"

#include <fmt/format.h>

namespace sallyport::content {

namespace {

// Most expressions are small, and each keeps a cache of this size per direction: a large budget only where a small one does not do. With
// 1 MiB many give their automaton up and search three times more slowly.
Expression compile_expression(const std::string& text, std::string& why_not) {
    for (const std::int64_t bytes : {8 << 20, 64 << 20}) {
        re2::RE2::Options options(re2::RE2::Latin1);
        options.set_log_errors(false);
        options.set_max_mem(bytes);
        auto expression = std::make_unique<re2::RE2>(text, options);
        if (expression->ok()) return expression;
        why_not = expression->error();
        if (expression->error_code() != re2::RE2::ErrorPatternTooLarge) break;
    }
    return nullptr;
}

// Rule files to CompiledRules, step by step; the first mistake is kept and ends the work.
class Compiler {
public:
    Compiler(std::span<const RuleFile> files, CompiledRules& out) : files_(files), out_(out) {}

    Result<void> run() {
        for (file_ = 0; file_ < files_.size(); ++file_)
            for (const auto& rule : files_[file_].rules) add(rule);
        std::uint32_t rule = 0;
        for (file_ = 0; file_ < files_.size(); ++file_) {
            out_.file_allowlists.push_back(allowlists(files_[file_].allowlists));
            for (const auto& written : files_[file_].rules) link(written, out_.rules[rule++]);
        }
        if (mistake_) return std::unexpected(std::move(*mistake_));
        if (out_.rules.size() > limits::secret_rules_max)
            return fail(ErrorKind::too_large, fmt::format("{} rules for secrets; at most {} can be loaded together",
                                                          out_.rules.size(), limits::secret_rules_max));
        build_search();
        digest();
        return {};
    }

private:
    void wrong(RulePlace place, std::string_view sentence) {
        if (!mistake_) mistake_ = fail_at(files_[file_].name, place, sentence).error();
    }

    Expression expression(const PlacedText& text, std::string_view what) {
        if (text.text.empty() || mistake_) return nullptr;
        std::string why_not;
        auto compiled = compile_expression(text.text, why_not);
        if (!compiled) wrong(text.place, fmt::format("{} does not compile: {}", what, why_not));
        return compiled;
    }

    std::vector<Expression> expressions(const std::vector<PlacedText>& texts, std::string_view what) {
        std::vector<Expression> all;
        for (const auto& text : texts)
            if (auto compiled = expression(text, what)) all.push_back(std::move(compiled));
        return all;
    }

    void add(const Rule& written) {
        CompiledRule rule;
        rule.id = written.id;
        rule.file = static_cast<std::uint32_t>(file_);
        rule.regex = expression(written.regex, fmt::format("the regex of rule '{}'", written.id));
        rule.path = expression(written.path, fmt::format("the path of rule '{}'", written.id));
        rule.keywords = written.keywords;
        rule.entropy = written.entropy;
        rule.secret_group = written.secret_group;
        rule.skip_report = written.skip_report;
        rule.confidence = written.confidence;
        if (rule.regex && static_cast<int>(rule.secret_group) > rule.regex->NumberOfCapturingGroups())
            wrong(written.regex.place,
                  fmt::format("the regex of rule '{}' has {} groups, its secretGroup is {}", written.id,
                              rule.regex->NumberOfCapturingGroups(), rule.secret_group));
        add_tests(written, rule);
        const auto index = static_cast<std::uint32_t>(out_.rules.size());
        if (!rule.regex)
            out_.path_rules.push_back(index);
        else if (rule.keywords.empty())
            out_.ungated.push_back(index);
        out_.names_files = out_.names_files || rule.path;
        out_.rules.push_back(std::move(rule));
    }

    void add_tests(const Rule& written, CompiledRule& rule) {
        if (!written.checksum.text.empty()) {
            rule.checksum = find_checksum(written.checksum.text);
            if (!rule.checksum)
                wrong(written.checksum.place, fmt::format("there is no checksum '{}'", written.checksum.text));
        }
        for (const auto& test : written.unless) {
            rule.unless.push_back(find_value_test(test.text));
            if (!rule.unless.back())
                wrong(test.place, fmt::format("there is no test '{}'; it is \"placeholder\" or \"code\"", test.text));
        }
    }

    std::vector<CompiledAllowlist> allowlists(const std::vector<Allowlist>& written) {
        std::vector<CompiledAllowlist> all;
        for (const auto& list : written) {
            CompiledAllowlist compiled{list.condition, list.target, {}, {}, list.stopwords, {}};
            compiled.regexes = expressions(list.regexes, "a regex of an allowlist");
            compiled.paths = expressions(list.paths, "a path of an allowlist");
            out_.names_files = out_.names_files || !compiled.paths.empty();
            for (const auto& id : list.target_rules)
                for (const auto rule : rules_named(id)) compiled.only.push_back(rule);
            std::ranges::sort(compiled.only);
            all.push_back(std::move(compiled));
        }
        return all;
    }

    // In the order of the rules; a name that no rule has is a mistake.
    std::vector<std::uint32_t> rules_named(const PlacedText& id) {
        std::vector<std::uint32_t> named;
        for (std::uint32_t i = 0; i < out_.rules.size(); ++i)
            if (out_.rules[i].id == id.text) named.push_back(i);
        if (named.empty()) wrong(id.place, fmt::format("there is no rule '{}'", id.text));
        return named;
    }

    void link(const Rule& written, CompiledRule& rule) {
        rule.allowlists = allowlists(written.allowlists);
        for (const auto& required : written.required) {
            rule.required.push_back({rules_named(required.rule), required.within_lines, required.within_columns});
            out_.any_required = true;
        }
    }

    void build_search() {
        std::vector<std::string> patterns, words;
        std::vector<std::uint32_t> owners;
        for (std::uint32_t i = 0; i < out_.rules.size(); ++i) {
            if (!out_.rules[i].regex) continue;
            patterns.push_back(out_.rules[i].regex->pattern());
            out_.rule_of_pattern.push_back(i);
            for (const auto& word : out_.rules[i].keywords) {
                words.push_back(word);
                owners.push_back(i);
            }
        }
        out_.patterns = std::make_unique<MultiPattern>(patterns);
        out_.keywords = std::make_unique<KeywordSet>(words, owners);
    }

    // Each part with its length in front, so that no two sets of files give the same bytes.
    void digest() {
        crypto::Sha256 sum;
        const auto part = [&](std::string_view text) {
            sum.add(fmt::format("{}:", text.size()));
            sum.add(text);
        };
        part("sallyport secret rules 1"); // raised when the same files begin to find something else
        part(out_.patterns->engine());
        for (const auto& file : files_) {
            part(file.name);
            part(file.text);
        }
        out_.digest = sum.finish();
    }

    std::span<const RuleFile> files_;
    CompiledRules& out_;
    std::size_t file_ = 0;
    std::optional<Error> mistake_;
};

} // namespace

SecretRules::SecretRules() : compiled_(std::make_unique<CompiledRules>()) {}
SecretRules::~SecretRules() = default;

Result<std::shared_ptr<const SecretRules>> SecretRules::compile(std::span<const RuleFile> files) {
    auto rules = std::make_shared<SecretRules>();
    if (auto done = Compiler(files, *rules->compiled_).run(); !done) return std::unexpected(std::move(done.error()));
    return rules;
}

std::size_t SecretRules::size() const { return compiled_->rules.size(); }
std::string_view SecretRules::rule_id(std::uint32_t rule) const { return compiled_->rules[rule].id; }
Confidence SecretRules::confidence(std::uint32_t rule) const { return compiled_->rules[rule].confidence; }
const crypto::Digest& SecretRules::digest() const { return compiled_->digest; }
std::string_view SecretRules::engine() const { return compiled_->patterns->engine(); }
bool SecretRules::name_files() const { return compiled_->names_files; }

std::string_view SecretRules::engine_remark() const { return compiled_->patterns->remark(); }

} // namespace sallyport::content
