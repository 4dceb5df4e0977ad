#include "dialect/reader.h"

#include "base/buffer.h"
#include "base/limits.h"
#include "base/text.h"
#include "dialect/named_files.h"

#include <algorithm>
#include <cstring>
#include <functional>

namespace sallyport::dialect {
namespace {

constexpr std::size_t reference_bytes_max = 256;
constexpr std::size_t workspace_bytes_max = 1024;

// A cut never leaves half a character.
std::string_view cut(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0) == 0x80) --bytes_max;
    return text.substr(0, bytes_max);
}

} // namespace

// Unicode's case folding, which Go's encoding/json follows, has two letters beyond ASCII that fold to one of ASCII: U+017F to s,
// U+212A to k.
std::string_view Reader::fold(std::string_view key, std::string& folded) {
    if (std::ranges::none_of(key, [](char c) { return (c & 0x80) != 0; })) return key;
    folded.clear();
    for (std::size_t i = 0; i < key.size();) {
        const std::string_view rest = key.substr(i);
        if (rest.starts_with("\xC5\xBF")) {
            folded += 's';
            i += 2;
        } else if (rest.starts_with("\xE2\x84\xAA")) {
            folded += 'k';
            i += 3;
        } else {
            folded += key[i++];
        }
    }
    return folded;
}

void Reader::fail(std::string message) {
    if (!error_) error_ = Error{ErrorKind::invalid, ErrorSource::client, Retry::never, std::move(message)};
}

void Reader::read_members(NodeIndex object, const Key* keys, std::size_t count, NodeIndex* found) {
    if (!is_object(object)) return;
    std::string scratch, folded;
    for (NodeIndex i = document_.first_child(object); i != no_node; i = document_.next_sibling(i)) {
        const std::string_view given = document_.key(i, scratch);
        const std::string_view key = fold(given, folded);
        for (std::size_t k = 0; k < count; ++k) {
            const bool named = key.size() == keys[k].name.size() && equals_ignoring_case(key, keys[k].name);
            if (!named &&
                !(key.size() == keys[k].alias.size() && !key.empty() && equals_ignoring_case(key, keys[k].alias)))
                continue;
            if (given != (named ? keys[k].name : keys[k].alias))
                fail("The key \"" + std::string(given) + "\" at " + document_.place(document_[i].key_begin) +
                     " differs from \"" + std::string(keys[k].name) +
                     "\" only in case: readers differ on whether it counts, so it cannot stand here.");
            else if (found[k] != no_node)
                fail("The key \"" + std::string(keys[k].name) + "\" stands twice in one object, at " +
                     document_.place(document_[found[k]].key_begin) + " and " +
                     document_.place(document_[i].key_begin) +
                     ": readers differ on which one counts, so it must stand once.");
            found[k] = i;
            break;
        }
    }
}

void Reader::reference(ReferenceKind kind, std::string_view what) {
    const auto bit = std::uint32_t{1} << static_cast<unsigned>(kind);
    const std::string_view kept = cut(what, reference_bytes_max);
    // Every kind is kept, whatever the number: decisions look at the kinds, people at the names.
    if (request_.references.size() < references_max) {
        for (const Reference& known : request_.references)
            if (known.kind == kind && known.what == kept) return;
    } else if ((kinds_seen_ & bit) != 0) {
        ++request_.references_left_out;
        return;
    }
    kinds_seen_ |= bit;
    request_.references.push_back({kind, std::string(kept)});
}

void Reader::url(NodeIndex n) {
    std::string scratch;
    const std::string_view what = text(n, scratch);
    if (what.empty() || equals_ignoring_case(what.substr(0, 5), "data:")) return;
    reference(ReferenceKind::url, what);
}

void Reader::tool(std::string_view name, std::string_view plugin) {
    if (!name.empty()) request_.tools.push_back({std::string(name), std::string(plugin)});
}

void Reader::files(std::string_view tool, NodeIndex arguments) {
    if (arguments == no_node) return;
    const auto add = [&](std::string_view path) {
        const std::size_t hash = std::hash<std::string_view>{}(path) * 31 + std::hash<std::string_view>{}(tool);
        const bool room = request_.files.size() < limits::files_per_entry_max;
        const auto next = room ? static_cast<std::uint32_t>(request_.files.size()) : no_file;
        const auto [seen, is_new] = files_seen_.try_emplace(hash, next);
        if (!request_.units.empty() && request_.units.back().file == no_file) request_.units.back().file = seen->second;
        if (!is_new) return;
        if (room)
            request_.files.push_back({std::string(tool), std::string(path)});
        else
            ++request_.files_left_out;
    };
    if (!is_string(arguments)) return files_in_arguments(document_, arguments, add);
    std::string scratch;
    const std::string_view given = text(arguments, scratch);
    if (given.starts_with('{')) {
        if (!may_name_files(given)) return;
        if (const json::Document* inner = nested(given)) return files_in_arguments(*inner, inner->root(), add);
    }
    files_in_text(given, add);
}

const json::Document* Reader::nested(std::string_view text) {
    // A document needs readable bytes behind its text.
    nested_text_.assign(text);
    nested_text_.append(Buffer::padding, '\0');
    const auto parsed = nested_.parse(std::string_view(nested_text_).substr(0, text.size()));
    return parsed ? &nested_ : nullptr;
}

void Reader::model(NodeIndex n) {
    if (n == no_node) return;
    if (!is_string(n)) return fail("The \"model\" at " + document_.place(document_[n].begin) + " is not a string.");
    request_.model = copy(n);
    request_.model_node = n;
}

void Reader::stream(NodeIndex n) {
    if (n == no_node || is(n, json::Kind::null)) return;
    if (!is(n, json::Kind::boolean))
        return fail("The \"stream\" at " + document_.place(document_[n].begin) + " is neither true nor false.");
    request_.stream = document_.raw_value(n) == "true";
}

void Reader::other_models(NodeIndex n, std::string_view key) {
    std::string scratch;
    const auto look = [&](NodeIndex one) {
        const auto [named] = members(one, {"model"});
        const NodeIndex other = is_object(one) ? named : one;
        if (other == no_node || is(other, json::Kind::null) ||
            (is_string(other) && (text(other, scratch) == request_.model || text(other, scratch) == "none")))
            return;
        fail("The \"" + std::string(key) + "\" at " + document_.place(document_[n].begin) +
             " names models beside \"model\". Only one model can be judged: leave that key out.");
    };
    if (is_array(n))
        each(n, look);
    else if (n != no_node)
        look(n);
}

void Reader::linked(NodeIndex n) {
    if (is_string(n)) {
        std::string scratch;
        const std::string_view what = text(n, scratch);
        const std::size_t end = what.find("://");
        const bool scheme =
            end != std::string_view::npos && end > 0 && end < 16 &&
            std::ranges::all_of(
                what.substr(0, end),
                [](char c) {
                    const char lower = ascii_lower(c);
                    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
                });
        if (scheme) url(n);
        return;
    }
    if (!is_object(n) && !is_array(n)) return;
    for (NodeIndex i = document_.first_child(n); i != no_node; i = document_.next_sibling(i)) linked(i);
}

void Reader::expect_array(NodeIndex n, std::string_view key) {
    if (n == no_node || is(n, json::Kind::null)) return;
    if (!is_array(n))
        return fail("The \"" + std::string(key) + "\" at " + document_.place(document_[n].begin) + " is not an array.");
    each(n, [&](NodeIndex one) { // some readers flatten it, others do not look in
        if (is_array(one))
            fail("The \"" + std::string(key) + "\" at " + document_.place(document_[one].begin) +
                 " holds an array in an array.");
    });
}

// The lines of the environment blocks that clients put into their system part:
//   "Working directory: /x" (opencode; Claude Code to 2.1.112)   " - Primary working directory: /x" (Claude Code since)
//   "I'm currently working in the directory: /x" (Gemini CLI and Qwen Code, where they put it there)
// Looked for in the raw text first: decoding a long prompt for every request would cost more than a claim is worth.
void Reader::workspace(NodeIndex system_text) {
    static constexpr std::string_view needle = " directory: ";
    static constexpr std::string_view leads[] = {"Working", "Primary working", "Current working",
                                                 "I'm currently working in the"};
    if (!is_string(system_text) || !request_.workspace.empty()) return;
    const std::string_view raw = document_.raw_value(system_text);
    if (::memmem(raw.data(), raw.size(), needle.data(), needle.size()) == nullptr)
        return; // std's find stops at each blank
    std::string scratch;
    const std::string_view given = text(system_text, scratch);
    for (std::size_t at = given.find(needle); at != std::string_view::npos; at = given.find(needle, at + 1)) {
        // No lead is longer; a long line with the words many times is not walked back each time.
        const std::size_t back = at - std::min<std::size_t>(at, 64);
        const std::size_t line_begin = back + given.substr(back, at - back).rfind('\n') + 1; // npos + 1 is 0
        if (line_begin == back && back != 0 && given[back - 1] != '\n') continue;
        std::string_view lead = given.substr(line_begin, at - line_begin);
        while (!lead.empty() && (lead.front() == ' ' || lead.front() == '-' || lead.front() == '*'))
            lead.remove_prefix(1);
        if (std::ranges::find(leads, lead) == std::end(leads)) continue;
        const std::string_view rest = given.substr(at + needle.size(), workspace_bytes_max + 1);
        const std::string_view path = trim(rest.substr(0, std::min(rest.find('\n'), rest.find('\r'))));
        const bool absolute = path.starts_with('/') || (path.size() > 2 && path[1] == ':');
        if (!absolute || path.size() > workspace_bytes_max) continue;
        request_.workspace = path;
        return;
    }
}

void Reader::turn_metadata(std::string_view json) {
    const json::Document* const metadata = nested(json);
    if (metadata == nullptr || !remotes_of_turn_metadata(*metadata, request_.repository_remotes)) {
        request_.remotes_unreadable = true;
        return;
    }
    std::string scratch;
    if (const NodeIndex session = metadata->find(0, "session_id");
        request_.session.empty() && session != no_node && (*metadata)[session].kind == json::Kind::string)
        request_.session = metadata->text(session, scratch);
}

void Reader::finish() {
    // Readers follow the protocol's order, units follow the document's.
    std::vector<Unit>& units = request_.units;
    std::ranges::sort(units, {}, &Unit::node);
    // A node read twice (only where a judged key stood twice, which is refused) is one unit.
    const auto repeated = std::ranges::unique(units, {}, &Unit::node);
    units.erase(repeated.begin(), repeated.end());
}

std::string_view plugin_of(std::string_view tool_name) {
    static constexpr std::string_view mark = "mcp__";
    if (!tool_name.starts_with(mark)) return {};
    const std::string_view rest = tool_name.substr(mark.size());
    return rest.substr(0, rest.find("__"));
}

} // namespace sallyport::dialect
