// The tree behind a Reader: what parsing builds and Node looks at. Only the yaml*.cpp include this.
#pragma once

#include "policy/yaml.h"

#include <deque>
#include <utility>

namespace sallyport::policy {

struct Node::Item {
    Kind kind = Kind::nothing;
    Place place;
    std::string text;
    struct Entry {
        std::string key; // of a map
        Place key_place;
        const Item* value = nullptr;
    };
    std::vector<Entry> entries;
};

struct Reader::Tree {
    std::deque<Node::Item> items; // a deque: items keep their address while it grows
    const Node::Item* root = nullptr;
};

// The one reason why a text is no document.
struct Unreadable {
    Place place;
    std::string sentence;
};
// Fills `items`, returns the root (null for an empty document) or throws Unreadable. Duplicate keys go to `duplicates`: they
// leave the tree readable, so the other mistakes of the file can be told in the same run.
const Node::Item* parse_yaml(std::string_view text, std::deque<Node::Item>& items, std::vector<Unreadable>& duplicates);

} // namespace sallyport::policy
