#include "policy/yaml.h"

#include "base/text.h"
#include "policy/yaml_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace sallyport::policy {

namespace {

constexpr bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-' || c == '@';
}

struct Suffix {
    std::string_view text;
    std::int64_t factor;
};

// A whole number with one of the suffixes behind it, not negative.
std::optional<std::int64_t> scaled(std::string_view text, std::span<const Suffix> suffixes) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || value < 0) return {};
    const std::string_view rest(end, text.data() + text.size());
    for (const auto& suffix : suffixes)
        if (suffix.text == rest && value <= std::numeric_limits<std::int64_t>::max() / suffix.factor)
            return value * suffix.factor;
    return {};
}

} // namespace

Node::Kind Node::kind() const { return item_ == nullptr ? Kind::nothing : item_->kind; }
Place Node::place() const { return item_ == nullptr ? Place{} : item_->place; }
std::string_view Node::text() const { return is_scalar() ? std::string_view(item_->text) : std::string_view{}; }
std::size_t Node::size() const { return item_ == nullptr ? 0 : item_->entries.size(); }
Node Node::at(std::size_t index) const { return Node(item_->entries[index].value); }
std::string_view Node::key(std::size_t index) const { return item_->entries[index].key; }
Place Node::key_place(std::size_t index) const { return item_->entries[index].key_place; }

std::string Mistake::text() const {
    return line == 0 ? fmt::format("{}: {}", file, sentence)
                     : fmt::format("{}:{}:{}: {}", file, line, column, sentence);
}

std::string meant(std::string_view word, std::span<const std::string_view> words) {
    if (word.size() > 64) return {}; // no slip of the finger is that long, and comparing costs
    const auto nearest = did_you_mean(word, words);
    return nearest.empty() ? std::string() : fmt::format("; did you mean '{}'?", nearest);
}

std::string shown(std::string_view text, std::size_t most) {
    std::string out(text.substr(0, most));
    for (auto& c : out)
        if (c < 0x20 || c > 0x7E) c = '?';
    if (text.size() > most) out.replace(most > 3 ? most - 3 : 0, std::string::npos, "...");
    return out;
}

Reader::Reader(std::string file) : file_(std::move(file)), tree_(std::make_unique<Tree>()) {}
Reader::~Reader() = default;

bool Reader::parse(std::string_view text, std::size_t bytes_max) {
    if (text.size() > bytes_max) {
        mistake(Place{}, fmt::format("{} bytes; {} is the limit for this file", text.size(), bytes_max));
        return false;
    }
    std::vector<Unreadable> duplicates;
    try {
        tree_->root = parse_yaml(text, tree_->items, duplicates);
    } catch (const Unreadable& reason) {
        mistake(reason.place, reason.sentence);
        return false;
    }
    for (const auto& duplicate : duplicates) mistake(duplicate.place, duplicate.sentence);
    return true;
}

Node Reader::root() const { return Node(tree_->root); }

void Reader::mistake(Place place, std::string sentence) {
    if (full()) return;
    const auto is_same = [&](const Mistake& one) {
        return one.line == place.line && one.column == place.column && one.sentence == sentence;
    };
    if (std::ranges::any_of(mistakes_, is_same)) return;
    if (mistakes_.size() == mistakes_max) sentence = "there are more mistakes than are shown; mend these first";
    mistakes_.push_back({file_, place.line, place.column, std::move(sentence)});
}

void Reader::take_back(Place place, std::string_view sentence) {
    std::erase_if(mistakes_, [&](const Mistake& one) {
        return one.line == place.line && one.column == place.column && one.sentence == sentence;
    });
}

void Reader::warning(Place place, std::string sentence) {
    if (warnings_.size() < mistakes_max) warnings_.push_back({file_, place.line, place.column, std::move(sentence)});
}

std::optional<std::string> Reader::text(Node node, std::string_view what) {
    if (!node) return {};
    if (!node.is_scalar() || node.text().empty()) {
        mistake(node, fmt::format("{} is a text here, not {}", what,
                                  node.is_scalar() ? "an empty one"
                                  : node.is_list() ? "a list"
                                  : node.is_map()  ? "a mapping"
                                                   : "nothing"));
        return {};
    }
    return std::string(node.text());
}

std::optional<std::string> Reader::identifier(Node node, std::string_view what) {
    auto value = text(node, what);
    if (value && (value->size() > 64 || !std::ranges::all_of(*value, is_name_character))) {
        mistake(node, fmt::format("{} is '{}'; letters, digits, '.', '_', '-' and '@' are allowed, at most 64", what,
                                  shown(*value)));
        return {};
    }
    return value;
}

std::optional<std::int64_t> Reader::integer(Node node, std::int64_t least, std::int64_t most, std::string_view what) {
    const auto value = text(node, what);
    if (!value) return {};
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
    if (error == std::errc() && end == value->data() + value->size() && number >= least && number <= most)
        return number;
    mistake(node, fmt::format("{} is a whole number from {} to {}, not '{}'", what, least, most, shown(*value)));
    return {};
}

std::optional<bool> Reader::boolean(Node node, std::string_view what) {
    const auto value = text(node, what);
    if (!value) return {};
    if (*value == "true") return true;
    if (*value == "false") return false;
    mistake(node, fmt::format("{} is true or false, not '{}'", what, shown(*value)));
    return {};
}

std::optional<std::int64_t> Reader::milliseconds(Node node, std::string_view what) {
    static constexpr Suffix suffixes[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
    const auto value = text(node, what);
    if (!value) return {};
    if (const auto scaled_value = scaled(*value, suffixes)) return scaled_value;
    mistake(node, fmt::format("{} is a time such as 250ms, 30s, 10m or 24h, not '{}'", what, shown(*value)));
    return {};
}

std::optional<std::int64_t> Reader::bytes(Node node, std::string_view what) {
    static constexpr Suffix suffixes[] = {{"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
    const auto value = text(node, what);
    if (!value) return {};
    if (const auto scaled_value = scaled(*value, suffixes)) return scaled_value;
    mistake(node, fmt::format("{} is a size such as 65536, 64KiB, 64MiB or 1GiB, not '{}'", what, shown(*value)));
    return {};
}

std::optional<std::size_t> Reader::word(Node node, std::span<const std::string_view> words, std::string_view what) {
    const auto value = text(node, what);
    if (!value) return {};
    const auto found = std::ranges::find(words, *value);
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
    if (full()) return {};
    auto hint = meant(*value, words);
    if (hint.empty()) hint = fmt::format("; known are {}", fmt::join(words, ", "));
    mistake(node, fmt::format("unknown {} '{}'{}", what, shown(*value), hint));
    return {};
}

std::vector<Node> Reader::items(Node node) {
    std::vector<Node> items;
    if (node.is_scalar()) items.push_back(node);
    for (std::size_t i = 0; node.is_list() && i < node.size(); ++i) items.push_back(node.at(i));
    return items;
}

std::vector<Node> Reader::list(Node node, std::string_view what) {
    if (node && !node.is_scalar() && !node.is_list()) mistake(node, fmt::format("{} is a list here", what));
    return items(node);
}

bool Reader::map(Node node, std::string_view what) {
    if (node && !node.is_map()) mistake(node, fmt::format("{} is a mapping here (name: value)", what));
    return node.is_map();
}

Fields::Fields(Reader& reader, Node map, std::string_view what) : reader_(reader), what_(what) {
    if (reader.map(map, what)) map_ = map;
}

Node Fields::take(std::string_view name) {
    asked_.push_back(name);
    if (map_.is_map())
        for (std::size_t i = 0; i < map_.size(); ++i)
            if (map_.key(i) == name) return map_.at(i);
    return {};
}

Node Fields::require(std::string_view name, std::string_view hint) {
    const auto value = take(name);
    if (value || !map_) return value;
    missing_.push_back({name, fmt::format("{} needs '{}'{}", what_, name, hint)});
    reader_.mistake(map_.place(), missing_.back().sentence);
    return value;
}

void Fields::take_back_what_is_misspelt(std::string_view hint) {
    for (const auto& [name, sentence] : missing_)
        if (hint == fmt::format("; did you mean '{}'?", name)) reader_.take_back(map_.place(), sentence);
}

void Fields::not_yet(std::initializer_list<std::string_view> names) { later_.insert(later_.end(), names); }

bool Fields::finish() {
    bool complete = true;
    for (std::size_t i = 0; map_.is_map() && i < map_.size() && !reader_.full(); ++i) {
        const auto key = map_.key(i);
        if (std::ranges::find(asked_, key) != asked_.end()) continue;
        complete = false;
        if (std::ranges::find(later_, key) != later_.end())
            reader_.mistake(map_.key_place(i),
                            fmt::format("'{}' in {} is not supported by this version yet", key, what_));
        else if (key == "<<")
            reader_.mistake(map_.key_place(i), "merge keys (<<) are not read; write the fields out");
        else {
            const auto hint = meant(key, asked_);
            take_back_what_is_misspelt(hint);
            reader_.mistake(map_.key_place(i), fmt::format("unknown word '{}' in {}{}", shown(key), what_, hint));
        }
    }
    return complete;
}

} // namespace sallyport::policy
