#include "content/rule_file.h"

#include "base/limits.h"
#include "base/text.h"

#include <fmt/format.h>

#include <array>
#include <span>
#include <toml++/toml.h>

namespace sallyport::content {

namespace {

using Names = std::span<const std::string_view>;

constexpr std::string_view file_keys[] = {"title",     "description", "minVersion", "extend",
                                          "allowlist", "allowlists",  "rules",      "unless"};
constexpr std::string_view rule_keys[] = {"id",         "description",  "regex",       "path",       "keywords",
                                          "entropy",    "secretGroup",  "allowlist",   "allowlists", "required",
                                          "skipReport", "tags",         "confidence",  "checksum",   "unless",
                                          "examples",   "non_examples", "example_path"};
constexpr std::string_view allowlist_keys[] = {"description", "condition", "commits",     "paths", "regexTarget",
                                               "regexes",     "stopwords", "targetRules", "id"};
constexpr std::string_view required_keys[] = {"id", "withinLines", "withinColumns"};

RulePlace place_of(const toml::node& node) { return {node.source().begin.line, node.source().begin.column}; }

// The first mistake ends the reading; it is carried as an exception inside this file only, so that a rule reads as a list of its keys.
struct Mistake {
    RulePlace place;
    std::string sentence;
};

[[noreturn]] void mistake(RulePlace place, std::string sentence) { throw Mistake{place, std::move(sentence)}; }

// gitleaks reads keys whatever their case.
void check_keys(const toml::table& table, Names known) {
    for (const auto& [key, value] : table) {
        const std::string_view name = key.str();
        bool found = false;
        for (const auto candidate : known) found = found || equals_ignoring_case(candidate, name);
        if (found) continue;
        const auto near = did_you_mean(name, known);
        const auto hint = near.empty() ? std::string() : fmt::format("; did you mean '{}'?", near);
        mistake({key.source().begin.line, key.source().begin.column}, fmt::format("unknown key '{}'{}", name, hint));
    }
}

const toml::node* find(const toml::table& table, std::string_view name) {
    for (const auto& [key, value] : table)
        if (equals_ignoring_case(key.str(), name)) return &value;
    return nullptr;
}

std::string string_of(const toml::node& node, std::string_view what) {
    if (const auto* text = node.as_string()) return text->get();
    mistake(place_of(node), fmt::format("'{}' must be a string", what));
}

PlacedText text_at(const toml::table& table, std::string_view name) {
    const auto* node = find(table, name);
    return node ? PlacedText{string_of(*node, name), place_of(*node)} : PlacedText{};
}

const toml::array& array_of(const toml::node& node, std::string_view what) {
    if (const auto* array = node.as_array()) return *array;
    mistake(place_of(node), fmt::format("'{}' must be a list", what));
}

const toml::table& table_of(const toml::node& node, std::string_view what) {
    if (const auto* table = node.as_table()) return *table;
    mistake(place_of(node), fmt::format("'{}' must be a table", what));
}

std::vector<PlacedText> texts_at(const toml::table& table, std::string_view name) {
    std::vector<PlacedText> texts;
    const auto* node = find(table, name);
    if (!node) return texts;
    for (const auto& element : array_of(*node, name)) texts.push_back({string_of(element, name), place_of(element)});
    return texts;
}

std::vector<std::string> lower_case(const std::vector<PlacedText>& texts) {
    std::vector<std::string> lowered;
    for (const auto& text : texts) {
        if (text.text.empty()) mistake(text.place, "an empty word here would match everything; leave it out");
        lowered.push_back(to_lower(text.text));
    }
    return lowered;
}

// A text of the self-test: a string, or a list of strings that are joined.
std::vector<PlacedText> examples_at(const toml::table& table, std::string_view name) {
    std::vector<PlacedText> texts;
    const auto* node = find(table, name);
    if (!node) return texts;
    for (const auto& element : array_of(*node, name)) {
        PlacedText joined{{}, place_of(element)};
        if (!element.is_array())
            joined.text = string_of(element, name);
        else
            for (const auto& piece : *element.as_array()) joined.text += string_of(piece, name);
        texts.push_back(std::move(joined));
    }
    return texts;
}

std::optional<std::uint32_t> count_at(const toml::table& table, std::string_view name) {
    const auto* node = find(table, name);
    if (!node) return std::nullopt;
    const auto* number = node->as_integer();
    if (!number || number->get() < 0 || number->get() > 1'000'000)
        mistake(place_of(*node), fmt::format("'{}' must be a whole number from 0 to 1000000", name));
    return static_cast<std::uint32_t>(number->get());
}

bool flag_at(const toml::table& table, std::string_view name) {
    const auto* node = find(table, name);
    if (!node) return false;
    if (const auto* flag = node->as_boolean()) return flag->get();
    mistake(place_of(*node), fmt::format("'{}' must be true or false", name));
}

double entropy_at(const toml::table& table) {
    const auto* node = find(table, "entropy");
    if (!node) return 0;
    const auto number = node->is_number() ? node->value<double>() : std::nullopt;
    if (!number || !(*number >= 0 && *number <= 8))
        mistake(place_of(*node), "'entropy' must be a number from 0 to 8 (bits per byte)");
    return *number;
}

Confidence confidence_at(const toml::table& table) {
    const auto text = text_at(table, "confidence");
    for (const auto confidence : {Confidence::low, Confidence::medium, Confidence::high})
        if (text.text == name(confidence)) return confidence;
    if (text.place.line == 0) return Confidence::medium;
    mistake(text.place, "'confidence' must be \"high\", \"medium\" or \"low\"");
}

void read_condition(const toml::table& table, Allowlist& list) {
    const auto condition = text_at(table, "condition");
    const auto word = to_lower(condition.text);
    if (word == "and" || word == "&&")
        list.condition = Allowlist::Condition::all;
    else if (!word.empty() && word != "or" && word != "||")
        mistake(condition.place, "'condition' must be \"AND\" or \"OR\"");
}

void read_target(const toml::table& table, Allowlist& list) {
    const auto target = text_at(table, "regexTarget");
    if (target.text == "match")
        list.target = Allowlist::Target::match;
    else if (target.text == "line")
        list.target = Allowlist::Target::line;
    else if (!target.text.empty() && target.text != "secret")
        mistake(target.place, "'regexTarget' must be \"secret\", \"match\" or \"line\"");
}

class Reader {
public:
    explicit Reader(RuleFile& file) : file_(file) {}

    void read(const toml::table& top) {
        check_keys(top, file_keys);
        remark_on(top, "extend",
                  "is not followed: only what stands in this file counts; give the other file by name as well");
        file_unless_ = texts_at(top, "unless");
        file_.allowlists = allowlists(top);
        const auto* rules = find(top, "rules");
        if (!rules) return;
        for (const auto& element : array_of(*rules, "rules")) {
            if (file_.rules.size() == limits::secret_rules_max)
                mistake(place_of(element), fmt::format("more than {} rules in one file", limits::secret_rules_max));
            file_.rules.push_back(rule(table_of(element, "rules")));
        }
    }

private:
    void remark_on(const toml::table& table, std::string_view key, std::string_view sentence) {
        const auto* node = find(table, key);
        if (!node) return;
        const auto place = place_of(*node);
        file_.remarks.push_back(fmt::format("{}:{}:{}: '{}' {}", file_.name, place.line, place.column, key, sentence));
    }

    Allowlist allowlist(const toml::table& table) {
        check_keys(table, allowlist_keys);
        remark_on(table, "commits", "is not used: a request to a model has no commit");
        Allowlist list;
        read_condition(table, list);
        read_target(table, list);
        list.regexes = texts_at(table, "regexes");
        list.paths = texts_at(table, "paths");
        list.stopwords = lower_case(texts_at(table, "stopwords"));
        list.target_rules = texts_at(table, "targetRules");
        if (list.regexes.empty() && list.paths.empty() && list.stopwords.empty() && !find(table, "commits"))
            mistake(place_of(table), "an allowlist needs regexes, paths or stopwords");
        return list;
    }

    // Both spellings of the format: one [allowlist], many [[allowlists]].
    std::vector<Allowlist> allowlists(const toml::table& table) {
        std::vector<Allowlist> lists;
        if (const auto* one = find(table, "allowlist")) add(lists, *one, "allowlist");
        if (const auto* many = find(table, "allowlists"))
            for (const auto& element : array_of(*many, "allowlists")) add(lists, element, "allowlists");
        return lists;
    }
    // One that holds commits only cannot apply; with "AND" it would need a commit that nothing has.
    void add(std::vector<Allowlist>& lists, const toml::node& node, std::string_view what) {
        const auto& table = table_of(node, what);
        auto list = allowlist(table);
        const bool needs_commit = list.condition == Allowlist::Condition::all && find(table, "commits");
        if (!needs_commit) lists.push_back(std::move(list));
    }

    std::vector<Required> required(const toml::table& table) {
        std::vector<Required> all;
        const auto* node = find(table, "required");
        if (!node) return all;
        for (const auto& element : array_of(*node, "required")) {
            const auto& entry = table_of(element, "required");
            check_keys(entry, required_keys);
            Required one{text_at(entry, "id"), count_at(entry, "withinLines"), count_at(entry, "withinColumns")};
            if (one.rule.text.empty()) mistake(place_of(entry), "'required' needs the id of a rule");
            all.push_back(std::move(one));
        }
        return all;
    }

    Rule rule(const toml::table& table) {
        check_keys(table, rule_keys);
        Rule rule;
        rule.place = place_of(table);
        rule.id = text_at(table, "id").text;
        if (rule.id.empty()) mistake(rule.place, "a rule needs an 'id'");
        rule.description = text_at(table, "description").text;
        rule.regex = text_at(table, "regex");
        rule.path = text_at(table, "path");
        if (rule.regex.text.empty() && rule.path.text.empty())
            mistake(rule.place, fmt::format("rule '{}' needs a 'regex' or a 'path'", rule.id));
        rule.keywords = lower_case(texts_at(table, "keywords"));
        rule.entropy = entropy_at(table);
        rule.secret_group = count_at(table, "secretGroup").value_or(0);
        rule.skip_report = flag_at(table, "skipReport");
        rule.allowlists = allowlists(table);
        rule.required = required(table);
        rule.confidence = confidence_at(table);
        rule.checksum = text_at(table, "checksum");
        rule.unless = find(table, "unless") ? texts_at(table, "unless") : file_unless_;
        rule.examples = examples_at(table, "examples");
        rule.non_examples = examples_at(table, "non_examples");
        rule.example_path = text_at(table, "example_path").text;
        return rule;
    }

    RuleFile& file_;
    std::vector<PlacedText> file_unless_;
};

} // namespace

std::unexpected<Error> fail_at(std::string_view file, RulePlace place, std::string_view sentence) {
    return fail(ErrorKind::invalid, fmt::format("{}:{}:{}: {}", file, place.line, place.column, sentence));
}

Result<RuleFile> read_rule_file(std::string_view text, std::string name) {
    if (text.size() > limits::rule_file_bytes_max)
        return fail(ErrorKind::too_large, fmt::format("{}: {} bytes; a rule file may have {}", name, text.size(),
                                                      limits::rule_file_bytes_max));
    RuleFile file;
    file.name = std::move(name);
    file.text = text;
    try {
        Reader(file).read(toml::parse(text, file.name));
    } catch (const toml::parse_error& error) {
        const auto begin = error.source().begin;
        return fail_at(file.name, {begin.line, begin.column}, error.description());
    } catch (const Mistake& wrong) {
        return fail_at(file.name, wrong.place, wrong.sentence);
    }
    return file;
}

} // namespace sallyport::content
