// YAML documents that people write (policy.yaml, sallyport.yaml), read into a small tree and asked for field by field; every
// mistake is kept with its place. yaml-cpp is behind this header and nowhere else.
//
// Read is the plain part of YAML 1.2 that configuration needs: mappings, lists, scalars, comments, one document. Refused, each
// with one mistake: anchors and aliases (expansion bombs, merge keys), tags, keys that are not single words, duplicate keys,
// control characters, invalid UTF-8, tabs as indentation, and whatever is too large or too deep.
//
// A Node and every string_view from it live as long as their Reader. One thread at a time.
#pragma once

#include "policy/mistake.h"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::policy {

inline constexpr std::size_t yaml_depth_max = 16;
inline constexpr std::size_t yaml_nodes_max = 1u << 20;
inline constexpr std::size_t yaml_scalar_bytes_max = 64 * 1024;
inline constexpr std::size_t mistakes_max = 200; // further ones are counted in one last mistake

// A value of the document, or nothing (a key that is not there).
class Node {
public:
    enum class Kind : std::uint8_t { nothing, null, scalar, list, map };
    struct Item;

    Node() = default;
    explicit Node(const Item* item) : item_(item) {}
    explicit operator bool() const { return item_ != nullptr; }
    Kind kind() const;
    bool is_map() const { return kind() == Kind::map; }
    bool is_list() const { return kind() == Kind::list; }
    bool is_scalar() const { return kind() == Kind::scalar; }
    Place place() const;
    std::string_view text() const; // of a scalar, else empty
    std::size_t size() const;      // values of a list or a map
    Node at(std::size_t index) const;
    std::string_view key(std::size_t index) const; // of a map
    Place key_place(std::size_t index) const;

private:
    const Item* item_ = nullptr;
};

// One document and the mistakes in it. The typed getters report a mistake and return nothing when the value is not what `what`
// calls for; asked about a Node that is nothing, they return nothing and report nothing.
class Reader {
public:
    explicit Reader(std::string file);
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    // False when the text cannot be read as a document at all; then there is exactly one mistake about it.
    bool parse(std::string_view text, std::size_t bytes_max);
    Node root() const;
    const std::string& file() const { return file_; }

    void mistake(Place place, std::string sentence); // the same at the same place is told once
    void mistake(Node node, std::string sentence) { mistake(node.place(), std::move(sentence)); }
    void take_back(Place place, std::string_view sentence); // a mistake that another one explains
    void warning(Place place, std::string sentence);
    bool clean() const { return mistakes_.empty(); }
    bool full() const {
        return mistakes_.size() > mistakes_max;
    } // further mistakes would not be shown: reading may stop
    const std::vector<Mistake>& mistakes() const { return mistakes_; }
    const std::vector<Mistake>& warnings() const { return warnings_; }

    // A scalar that is not empty. `what` names it in the mistake: "a rule's id".
    std::optional<std::string> text(Node node, std::string_view what);
    // Letters, digits, '.', '_', '-' and '@', at most 64: names that go into sentences and entries.
    std::optional<std::string> identifier(Node node, std::string_view what);
    std::optional<std::int64_t> integer(Node node, std::int64_t least, std::int64_t most, std::string_view what);
    std::optional<bool> boolean(Node node, std::string_view what);
    std::optional<std::int64_t> milliseconds(Node node, std::string_view what); // "250ms", "30s", "10m", "24h"
    std::optional<std::int64_t> bytes(Node node, std::string_view what);        // "65536", "64KiB", "64MiB", "1GiB"
    // One of `words`: its index. Else a mistake that tells the nearest one.
    std::optional<std::size_t> word(Node node, std::span<const std::string_view> words, std::string_view what);
    // The items of a list; a lone scalar counts as a list of one. Of anything else there are none, which list() tells.
    static std::vector<Node> items(Node node);
    std::vector<Node> list(Node node, std::string_view what);
    bool map(Node node, std::string_view what); // whether it is a mapping; else a mistake

private:
    struct Tree;
    std::string file_;
    std::unique_ptr<Tree> tree_;
    std::vector<Mistake> mistakes_;
    std::vector<Mistake> warnings_;
};

// The fields of one mapping, asked for by name. finish() reports each key that nobody asked for, with the nearest name that
// somebody did. A value that is no mapping is one mistake and has no fields.
class Fields {
public:
    Fields(Reader& reader, Node map, std::string_view what);
    Node take(std::string_view name);
    // A mistake where it is missing, with `hint` behind it; taken back by finish() where it is there misspelt, which is one slip.
    Node require(std::string_view name, std::string_view hint = {});
    // Words of the language that a later version acts on: each one present is a mistake, since an accepted word must act.
    void not_yet(std::initializer_list<std::string_view> names);
    bool finish(); // true when nothing was left over
    Place place() const { return map_.place(); }

private:
    void take_back_what_is_misspelt(std::string_view hint);

    struct Missing {
        std::string_view name;
        std::string sentence;
    };

    Reader& reader_;
    Node map_;
    std::string what_;
    std::vector<Missing> missing_;
    std::vector<std::string_view> asked_;
    std::vector<std::string_view> later_;
};

// "; did you mean 'x'?" or nothing.
std::string meant(std::string_view word, std::span<const std::string_view> words);
// `text` for a message: printable ASCII, at most `most` characters, the rest as '?' and "...".
std::string shown(std::string_view text, std::size_t most = 60);

} // namespace sallyport::policy
