// What holds of format() for any bytes; shared by its unit test and its fuzz target.
#pragma once

#include "base/limits.h"
#include "policy/format.h"
#include "policy/yaml.h"

#include <cstdlib>
#include <string>
#include <string_view>

namespace sallyport::policy::fuzz {

inline void hold(bool holds) {
    if (!holds) std::abort();
}

// Kinds, values and order of keys as one text.
inline void describe(Node node, std::string& out) {
    out += std::to_string(static_cast<int>(node.kind())) + ':' + std::to_string(node.text().size()) + ':';
    out += node.text();
    out += '(';
    for (std::size_t i = 0; i < node.size(); ++i) {
        if (node.is_map()) out += std::to_string(node.key(i).size()) + ':' + std::string(node.key(i)) + '=';
        describe(node.at(i), out);
    }
    out += ')';
}

struct Checked {
    bool is_readable = false;
    bool is_taken = false;
};

inline Checked check_format(std::string_view text) {
    Reader before("before");
    Checked checked{.is_readable = before.parse(text, limits::policy_bytes_max)};
    const auto once = format(text, "once");
    if (!once) {
        hold(!once.error().sentence.empty());
        return checked;
    }
    checked.is_taken = true;
    hold(checked.is_readable);
    Reader after("after");
    hold(after.parse(*once, limits::policy_bytes_max));
    std::string was, is;
    describe(before.root(), was);
    describe(after.root(), is);
    hold(was == is);
    const auto twice = format(*once, "twice");
    hold(twice && *twice == *once);
    hold(once->find("\r\n") == std::string::npos &&
         (once->size() <= 3 || once->back() == '\n')); // 3: a byte order mark alone
    return checked;
}

} // namespace sallyport::policy::fuzz
