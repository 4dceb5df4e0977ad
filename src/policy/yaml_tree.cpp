#include "policy/yaml_tree.h"

#include "policy/yaml_hints.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/node/node.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <streambuf>
#include <unordered_map>

namespace sallyport::policy {

namespace {

Place place_of(const YAML::Mark& mark) { return mark.is_null() ? Place{} : Place{mark.line + 1, mark.column + 1}; }

// Bytes of the sequence at `at` (RFC 3629: no surrogates, nothing overlong, nothing beyond U+10FFFF), 0 where it is none.
std::size_t utf8_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
        return byte(i) >= low && byte(i) <= high;
    };
    const unsigned first = byte(at);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return follows(at + 1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF)
        return follows(at + 1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF) && follows(at + 2) ? 3 : 0;
    if (first >= 0xF0 && first <= 0xF4)
        return follows(at + 1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF) && follows(at + 2) &&
                       follows(at + 3)
                   ? 4
                   : 0;
    return 0;
}

// What yaml-cpp would take in silence: it guesses UTF-16, repairs broken UTF-8, takes U+0004 for the end of the file and
// drops a line that begins with '%'.
void check_characters(std::string_view text) {
    Place place{1, 1};
    bool indentation = true;
    for (std::size_t i = 0; i < text.size();) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c == '\n') {
            ++i;
            place = {place.line + 1, 1};
            indentation = true;
            continue;
        }
        if (c == '\t' && indentation) throw Unreadable{place, "a tab at the start of a line; YAML indents with spaces"};
        if ((c < 0x20 && c != '\t' && c != '\r') || c == 0x7F)
            throw Unreadable{place, fmt::format("control character 0x{:02x}; take it out", c)};
        if (c == '%' && place.column == 1)
            throw Unreadable{place, "a directive (%...); directives are not read, take it out"};
        const auto length = utf8_length(text, i);
        if (length == 0) throw Unreadable{place, "not UTF-8; save the file as UTF-8"};
        indentation = indentation && c == ' ';
        i += length;
        place.column += static_cast<int>(length);
    }
}

class View : public std::streambuf {
public:
    explicit View(std::string_view text) {
        auto* begin = const_cast<char*>(text.data()); // a get area is never written
        setg(begin, begin, begin + text.size());
    }
};

class Builder : public YAML::EventHandler {
public:
    using Item = Node::Item;
    Builder(std::deque<Item>& items, std::vector<Unreadable>& duplicates) : items_(items), duplicates_(duplicates) {}
    const Item* root() const { return root_; }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuse_anchor(mark, anchor);
        add(Node::Kind::null, mark, {});
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        throw Unreadable{place_of(mark), "an alias (*name); write the value out"};
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        if (value.size() > yaml_scalar_bytes_max)
            throw Unreadable{place_of(mark),
                             fmt::format("a value of {} bytes; {} is the limit", value.size(), yaml_scalar_bytes_max)};
        add(Node::Kind::scalar, mark, value);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(Node::Kind::list, mark, tag, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(Node::Kind::map, mark, tag, anchor);
    }
    void OnMapEnd() override { close(); }

private:
    struct Level {
        Item* item = nullptr;
        bool has_key = false; // a map: the next value belongs to the last entry's key
        std::unordered_map<std::string, int> lines{};
    };

    static void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor != YAML::NullAnchor)
            throw Unreadable{place_of(mark), "an anchor (&name); anchors and aliases are not read"};
    }
    static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
        if (!tag.empty() && tag != "?" && tag != "!")
            throw Unreadable{place_of(mark), fmt::format("a tag ({}); tags are not read, take it out", shown(tag))};
    }

    Item* add(Node::Kind kind, const YAML::Mark& mark, std::string value) {
        const auto place = place_of(mark);
        if (!open_.empty() && open_.back().item->kind == Node::Kind::map && !open_.back().has_key) {
            if (kind != Node::Kind::scalar) throw Unreadable{place, "a key is a single word"};
            key(place, std::move(value));
            return nullptr;
        }
        if (items_.size() >= yaml_nodes_max)
            throw Unreadable{place, fmt::format("more than {} values; split the document", yaml_nodes_max)};
        auto& item = items_.emplace_back();
        item.kind = kind;
        item.place = place;
        item.text = std::move(value);
        if (open_.empty())
            root_ = &item;
        else if (open_.back().item->kind == Node::Kind::list)
            open_.back().item->entries.push_back({{}, place, &item});
        else {
            // A value that is not there is told at its key; the mark is of whatever comes next.
            if (kind == Node::Kind::null) item.place = open_.back().item->entries.back().key_place;
            open_.back().item->entries.back().value = &item;
            open_.back().has_key = false;
        }
        return &item;
    }
    void key(Place place, std::string name) {
        auto& level = open_.back();
        const auto [first, fresh] = level.lines.emplace(name, place.line);
        if (!fresh)
            duplicates_.push_back(
                {place, fmt::format("'{}' is here twice; the first is in line {}", shown(name), first->second)});
        level.item->entries.push_back({std::move(name), place, nullptr});
        level.has_key = true;
    }
    void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        if (open_.size() >= yaml_depth_max)
            throw Unreadable{place_of(mark), fmt::format("nested deeper than {} levels", yaml_depth_max)};
        open_.push_back({add(kind, mark, {})});
    }
    void close() { open_.pop_back(); }

    std::deque<Item>& items_;
    std::vector<Unreadable>& duplicates_;
    std::vector<Level> open_;
    const Item* root_ = nullptr;
};

} // namespace

const Node::Item* parse_yaml(std::string_view text, std::deque<Node::Item>& items,
                             std::vector<Unreadable>& duplicates) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    check_characters(text);
    // yaml-cpp takes a quoted text that never ends for one that ends with the file, but only behind a line break.
    text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
    View view(text);
    std::istream stream(&view);
    try {
        Builder builder(items, duplicates);
        YAML::Parser parser(stream);
        parser.HandleNextDocument(builder);
        const auto* root = builder.root();
        Builder second(items, duplicates);
        if (parser.HandleNextDocument(second))
            throw Unreadable{second.root() != nullptr ? second.root()->place : Place{},
                             "a second document; one file holds one"};
        return root;
    } catch (const YAML::Exception& error) {
        throw in_our_words(text, place_of(error.mark), error.msg);
    }
}

} // namespace sallyport::policy
