// For entry_decode.cpp: one member after the other out of an entry's text. The first thing that is wrong is kept and told; what follows
// it is filled with nothing.
#pragma once

#include "base/encoding.h"
#include "ledger/entry.h"
#include "ledger/entry_memory.h"
#include "ledger/words.h"

#include <charconv>
#include <limits>

namespace sallyport::ledger {

using json::no_node;
using json::NodeIndex;

class EntryReader {
public:
    explicit EntryReader(Entry::Memory& memory) : memory_(memory), document_(memory.document) {}

    const std::string& problem() const { return problem_; }
    void complain(std::string_view key, std::string_view what) {
        if (problem_.empty()) problem_ = "member '" + std::string(key) + "' " + std::string(what);
    }

    // Members stand in the order of their names (RFC 8785) and are asked for mostly so: looked for from the last one on, and not
    // behind where it would stand.
    NodeIndex find(NodeIndex object, std::string_view key) {
        if (object == no_node || document_[object].kind != json::Kind::object) return no_node;
        const NodeIndex first = document_.first_child(object);
        const NodeIndex start = object == asked_ && next_ != no_node ? next_ : first;
        const auto among = [&](NodeIndex from, NodeIndex to) {
            for (NodeIndex n = from; n != to && n != no_node; n = document_.next_sibling(n)) {
                const int order = document_.raw_key(n).compare(key);
                if (order == 0) return n;
                if (order > 0) break;
            }
            return no_node;
        };
        NodeIndex found = among(start, no_node);
        if (found == no_node && start != first) found = among(first, start);
        if (found == no_node) return no_node;
        asked_ = object;
        next_ = found;
        return found;
    }
    // An object or array that must be there.
    NodeIndex part(NodeIndex object, std::string_view key, json::Kind kind) {
        const NodeIndex node = find(object, key);
        if (node != no_node && document_[node].kind == kind) return node;
        complain(key, node == no_node ? "is missing" : "has the wrong type");
        return no_node;
    }

    std::string_view text(NodeIndex object, std::string_view key) {
        const NodeIndex node = part(object, key, json::Kind::string);
        return node == no_node ? std::string_view() : text_of(node);
    }
    std::string_view text_if(NodeIndex object, std::string_view key) {
        return find(object, key) == no_node ? std::string_view() : text(object, key);
    }
    template <class Number> Number number(NodeIndex object, std::string_view key) {
        const NodeIndex node = part(object, key, json::Kind::number);
        return node == no_node ? Number{} : number_of<Number>(node, key);
    }
    template <class Number> Number number_if(NodeIndex object, std::string_view key, Number otherwise) {
        return find(object, key) == no_node ? otherwise : number<Number>(object, key);
    }
    bool truth(NodeIndex object, std::string_view key) {
        const NodeIndex node = part(object, key, json::Kind::boolean);
        return node != no_node && document_.raw_value(node) == "true";
    }
    template <class Enum> Enum word(NodeIndex object, std::string_view key) {
        const auto value = from_word<Enum>(text(object, key));
        if (!value) complain(key, "holds a word that this version does not know");
        return value.value_or(Enum{});
    }
    std::span<const std::string_view> texts(NodeIndex object, std::string_view key) {
        const NodeIndex array = part(object, key, json::Kind::array);
        if (array == no_node) return {};
        auto& list = memory_.lists.emplace_back();
        for (NodeIndex n = document_.first_child(array); n != no_node; n = document_.next_sibling(n)) {
            if (document_[n].kind != json::Kind::string) complain(key, "holds something that is not a text");
            list.push_back(text_of(n));
        }
        return list;
    }
    template <class Kind, std::size_t size>
    void counts(NodeIndex object, std::string_view key, std::array<std::uint32_t, size>& out) {
        const NodeIndex node = part(object, key, json::Kind::object);
        for (std::size_t i = 0; i < size; ++i)
            out[i] = number_if<std::uint32_t>(node, ledger::word(static_cast<Kind>(i)), 0);
    }
    std::span<const NamedFile> files(NodeIndex object) {
        const NodeIndex array = part(object, "files", json::Kind::array);
        if (array == no_node) return {};
        for (NodeIndex n = document_.first_child(array); n != no_node; n = document_.next_sibling(n)) {
            const NodeIndex tool = document_[n].kind == json::Kind::array ? document_.first_child(n) : no_node;
            const NodeIndex file = tool == no_node ? no_node : document_.next_sibling(tool);
            if (file == no_node || document_[tool].kind != json::Kind::string ||
                document_[file].kind != json::Kind::string) {
                complain("files", "holds something that is not a pair of tool and file");
                return {};
            }
            memory_.files.push_back({text_of(tool), text_of(file)});
        }
        return memory_.files;
    }
    std::span<const policy::Exception> exceptions(NodeIndex object) {
        const NodeIndex array = find(object, "exceptions");
        if (array == no_node) return {};
        for (NodeIndex n = document_.first_child(array); n != no_node; n = document_.next_sibling(n)) {
            const NodeIndex id = document_[n].kind == json::Kind::array ? document_.first_child(n) : no_node;
            const NodeIndex rule = id == no_node ? no_node : document_.next_sibling(id);
            if (rule == no_node || document_[id].kind != json::Kind::string ||
                document_[rule].kind != json::Kind::string ||
                memory_.exceptions.size() == policy::exceptions_per_request_max) {
                complain("exceptions", "is not a list of at most 8 pairs of exception and rule");
                return {};
            }
            memory_.exceptions.push_back({text_of(id), text_of(rule)});
        }
        return memory_.exceptions;
    }
    // `findings`, `disclosed` or `disputed`.
    std::span<const NamedFinding> findings(NodeIndex object, std::string_view key) {
        auto& list = key == "findings" ? memory_.findings : key == "disclosed" ? memory_.disclosed : memory_.disputed;
        const NodeIndex array = find(object, key);
        if (array == no_node) return {};
        for (NodeIndex n = document_.first_child(array); n != no_node; n = document_.next_sibling(n)) {
            std::array<NodeIndex, 5> part{};
            NodeIndex at = document_[n].kind == json::Kind::array ? document_.first_child(n) : no_node;
            bool whole = true;
            for (std::size_t i = 0; i < part.size(); ++i) {
                part[i] = at;
                const auto kind = i == 4 ? json::Kind::number : json::Kind::string;
                whole = whole && at != no_node && document_[at].kind == kind;
                if (at != no_node) at = document_.next_sibling(at);
            }
            if (!whole) {
                complain(key, "holds something that is not kind, confidence, rule, unit and count");
                return {};
            }
            const bool named = at != no_node && document_[at].kind == json::Kind::string;
            list.push_back({text_of(part[0]), text_of(part[1]), text_of(part[2]), text_of(part[3]),
                            number_of<std::uint32_t>(part[4], key), named ? text_of(at) : std::string_view()});
        }
        return list;
    }
    std::span<const NamedSource> sources(NodeIndex object) {
        const NodeIndex array = find(object, "sources");
        if (array == no_node) return {};
        for (NodeIndex n = document_.first_child(array); n != no_node; n = document_.next_sibling(n)) {
            std::array<NodeIndex, 5> part{};
            NodeIndex at = document_[n].kind == json::Kind::array ? document_.first_child(n) : no_node;
            bool whole = true;
            for (std::size_t i = 0; i < part.size(); ++i) {
                part[i] = at;
                whole =
                    whole && at != no_node && document_[at].kind == (i == 3 ? json::Kind::number : json::Kind::string);
                if (at != no_node) at = document_.next_sibling(at);
            }
            const auto fate = whole ? from_word<Fate>(text_of(part[4])) : std::nullopt;
            if (!fate) {
                complain("sources", "holds something that is not repository, file, lines, characters and fate");
                return {};
            }
            memory_.sources.push_back({text_of(part[0]), text_of(part[1]), text_of(part[2]),
                                       number_of<std::uint32_t>(part[3], "sources"), *fate});
        }
        return memory_.sources;
    }
    std::span<const NamedHost> hosts(NodeIndex object) {
        const NodeIndex array = part(object, "hosts", json::Kind::array);
        if (array == no_node) return {};
        for (NodeIndex n = document_.first_child(array); n != no_node; n = document_.next_sibling(n)) {
            NodeIndex at = document_[n].kind == json::Kind::array ? document_.first_child(n) : no_node;
            if (at == no_node || document_[at].kind != json::Kind::string) {
                complain("hosts", "holds something that is not a host with its figures");
                return {};
            }
            NamedHost host{text_of(at)};
            for (std::uint64_t* figure :
                 {&host.contacts, &host.refused, &host.names, &host.sent_bytes, &host.received_bytes}) {
                at = document_.next_sibling(at);
                if (at == no_node || document_[at].kind != json::Kind::number) {
                    complain("hosts", "holds a host without its five figures");
                    return {};
                }
                *figure = number_of<std::uint64_t>(at, "hosts");
            }
            memory_.hosts.push_back(host);
        }
        return memory_.hosts;
    }
    std::span<const NamedGrant> grants(NodeIndex object) {
        const NodeIndex array = find(object, "grants");
        if (array == no_node) return {};
        for (NodeIndex n = document_.first_child(array); n != no_node; n = document_.next_sibling(n)) {
            const NodeIndex id = document_[n].kind == json::Kind::array ? document_.first_child(n) : no_node;
            const NodeIndex uses = id != no_node ? document_.next_sibling(id) : no_node;
            if (uses == no_node || document_[id].kind != json::Kind::string ||
                document_[uses].kind != json::Kind::number) {
                complain("grants", "holds something that is not a grant with its number of uses");
                return {};
            }
            memory_.grants.push_back({text_of(id), number_of<std::uint64_t>(uses, "grants")});
        }
        return memory_.grants;
    }
    void amendments(NodeIndex object, std::array<policy::Amendments, policy::plan_upstreams_max>& into) {
        const NodeIndex array = find(object, "amendments");
        if (array == no_node) return;
        std::size_t count = 0;
        for (NodeIndex n = document_.first_child(array); n != no_node; n = document_.next_sibling(n)) {
            const NodeIndex redact = document_[n].kind == json::Kind::array ? document_.first_child(n) : no_node;
            const NodeIndex withhold = redact == no_node ? no_node : document_.next_sibling(redact);
            const NodeIndex normalise = withhold == no_node ? no_node : document_.next_sibling(withhold);
            const NodeIndex strip = normalise == no_node ? no_node : document_.next_sibling(normalise);
            const auto may_be = [&](NodeIndex one) {
                return one == no_node || document_[one].kind == json::Kind::number;
            };
            if (withhold == no_node || !may_be(redact) || !may_be(withhold) || !may_be(normalise) || !may_be(strip) ||
                count == into.size())
                return complain("amendments", "is not a list of two to four numbers for each upstream");
            into[count].redact = number_of<std::uint16_t>(redact, "amendments");
            into[count].withhold = number_of<std::uint16_t>(withhold, "amendments");
            if (normalise != no_node) into[count].normalise = number_of<std::uint16_t>(normalise, "amendments");
            if (strip != no_node) into[count].strip = number_of<std::uint16_t>(strip, "amendments");
            ++count;
        }
    }
    Body body(NodeIndex object, std::string_view key) {
        Body out;
        const NodeIndex node = part(object, key, json::Kind::object);
        out.bytes = number<std::uint64_t>(node, "bytes");
        out.kept = number_if<std::int64_t>(node, "kept", not_kept);
        if (out.kept < not_kept || (out.kept == not_kept && find(node, "kept") != no_node))
            complain("kept", "is not the number of a chunk");
        if (find(node, "lost") != no_node) out.lost = word<Lost>(node, "lost");
        if (find(node, "digest") == no_node) return out;
        std::string_view digest = text(node, "digest");
        out.keyed = digest.starts_with("hmac-");
        if (out.keyed) digest.remove_prefix(5);
        const auto bytes = digest.starts_with("sha256:") ? from_hex(digest.substr(7)) : std::nullopt;
        if (bytes && bytes->size() == out.digest.size())
            std::copy(bytes->begin(), bytes->end(), out.digest.begin());
        else
            complain("digest", "is not sha256:… or hmac-sha256:… with 64 hexadecimal digits");
        return out;
    }

private:
    std::string_view text_of(NodeIndex node) {
        if (!document_[node].escaped) return document_.raw_value(node);
        std::string& kept = memory_.unescaped.emplace_back();
        return document_.text(node, kept);
    }
    template <class Number> Number number_of(NodeIndex node, std::string_view key) {
        const std::string_view digits = document_.raw_value(node);
        Number value{};
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc() || end != digits.data() + digits.size())
            complain(key, "is not a whole number in its range");
        return value;
    }

    Entry::Memory& memory_;
    const json::Document& document_;
    std::string problem_;
    NodeIndex asked_ = no_node, next_ = no_node;
};

} // namespace sallyport::ledger
