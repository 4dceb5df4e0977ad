#include "lab/channels.h"

#include "base/encoding.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "json/document.h"
#include "lab/look_alikes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <sstream>

namespace sallyport::lab {

namespace {

std::string plain(std::string_view text) {
    std::string out;
    json::unescape_what_is_escaped(text, out);
    return out;
}

std::vector<std::string> words_of(std::string_view text, bool sorted) {
    std::vector<std::string> out;
    std::istringstream in{std::string(text)};
    for (std::string word; in >> word;) out.push_back(word);
    if (sorted) std::ranges::sort(out);
    return out;
}

bool only_signs(std::string_view text) {
    return std::ranges::none_of(
        text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

bool same_number(const std::string& a, const std::string& b) {
    char *end_a = nullptr, *end_b = nullptr;
    const double x = std::strtod(a.c_str(), &end_a), y = std::strtod(b.c_str(), &end_b);
    return !a.empty() && !b.empty() && *end_a == 0 && *end_b == 0 && x == y;
}

// "YYYY-MM-DD" against "DD.MM.YYYY": letters that stand for digits, and what stands between them.
bool is_date_form(std::string_view text) {
    return text.contains("YYYY") || text.contains("MM") || text.contains("DD")
               ? std::ranges::all_of(text,
                                     [](char c) {
                                         return c == 'Y' || c == 'M' || c == 'D' || c == 't' ||
                                                !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                                                  (c >= 'A' && c <= 'Z'));
                                     })
               : false;
}

bool is_digest(std::string_view text, const Variation& variation) {
    const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    std::string hex;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (!is_hex(text[at])) continue;
        std::size_t end = at;
        while (end < text.size() && is_hex(text[end])) ++end;
        if (end - at > hex.size()) hex = text.substr(at, end - at);
        at = end;
    }
    if (hex.size() < 8) return false;
    return std::ranges::any_of(spellings(variation), [&](const std::string& one) {
        return to_hex(crypto::bytes(crypto::sha256(one))).starts_with(hex);
    });
}

} // namespace

std::string_view name_of(Nature nature) {
    switch (nature) {
    case Nature::unseen: return "unseen characters";
    case Nature::look_alike: return "characters that look alike";
    case Nature::form: return "form";
    case Nature::inside: return "inside a value that differs by itself";
    case Nature::hello: return "TLS hello";
    case Nature::label: return "name asked of DNS";
    case Nature::digest: return "digest of the value";
    case Nature::words: return "other words or values";
    case Nature::presence: return "more or less is sent";
    }
    return "";
}

bool is_concealed(Nature nature) { return nature <= Nature::label; }

Nature nature_of(const Difference& difference, const Variation& variation) {
    const Deviation& one = difference.deviation;
    const std::string before = plain(one.before), after = plain(one.after);
    if (difference.channel == Channel::tls) return Nature::hello;
    if (difference.channel == Channel::names)
        return difference.place == "DNS › names" ? Nature::presence : Nature::label;
    if (difference.channel == Channel::requests || difference.channel == Channel::behaviour) return Nature::presence;
    if (one.in_hole) {
        if (std::ranges::any_of(to_code_points(after), is_unseen)) return Nature::unseen;
        return is_digest(after, variation) ? Nature::digest : Nature::inside;
    }
    if (before != after && as_seen(before) == as_seen(after))
        return std::ranges::any_of(to_code_points(before + after), is_unseen) ? Nature::unseen : Nature::look_alike;
    if (difference.channel == Channel::order)
        // A permutation shows as what moved: the same words on both sides, or an insertion here and a removal there.
        return difference.place.ends_with(" length") ||
                       (!before.empty() && !after.empty() && words_of(before, true) != words_of(after, true))
                   ? Nature::presence
                   : Nature::form;
    if (difference.channel == Channel::spelling) return Nature::form;
    if ((only_signs(before) && only_signs(after)) || same_number(before, after) ||
        (is_date_form(before) && is_date_form(after)) || to_lower(before) == to_lower(after) ||
        words_of(before, true) == words_of(after, true))
        return Nature::form;
    return is_digest(after, variation) ? Nature::digest : Nature::words;
}

double FoundChannel::bits() const { return std::log2(static_cast<double>(std::max<std::size_t>(1, distinct))); }

std::string with_code_points(std::string_view text) {
    std::string out;
    for (const char32_t c : to_code_points(text)) {
        if (c >= 0x20 && c < 0x7F) {
            out += static_cast<char>(c);
            continue;
        }
        const std::string bytes = to_utf8(c);
        out += fmt::format("[U+{:04X}: {}]", static_cast<std::uint32_t>(c), to_hex(bytes));
    }
    return out;
}

namespace {

std::string sentence_of(const FoundChannel& channel, const std::vector<Variation>& variations) {
    std::set<std::string> inputs;
    for (const ChannelState& one : channel.states)
        if (channel.only_in_pairs || !variations[one.variation].is_pair())
            inputs.insert(variations[one.variation].variable);
    std::string by;
    for (const std::string& one : inputs) (by += by.empty() ? "" : ", ") += one;
    return fmt::format(
        "{}: {} {}{}{}", by,
        channel.only_in_pairs ? "only together change"
        : inputs.size() == 1  ? "changes"
                              : "change",
        channel.places.front(),
        channel.places.size() > 1
            ? fmt::format(" and {} further place{}", channel.places.size() - 1, channel.places.size() == 2 ? "" : "s")
            : "",
        is_concealed(channel.nature)
            ? fmt::format(", by {} ({} states, {:.1f} bits)", name_of(channel.nature), channel.distinct, channel.bits())
            : fmt::format(" ({})", name_of(channel.nature)));
}

// Values that list something: where an order changed, both the insertion and the removal that show it are its form.
bool lists(Channel channel, const std::string& place) {
    return channel == Channel::order || channel == Channel::tls || place.ends_with("header names");
}
Nature nature_of_list(Channel channel, std::vector<std::string> gone, std::vector<std::string> come) {
    const Nature own = channel == Channel::tls ? Nature::hello : Nature::form;
    for (std::string& one : gone) one = to_lower(one);
    for (std::string& one : come) one = to_lower(one);
    std::ranges::sort(gone);
    std::ranges::sort(come);
    if (gone == come) return own;
    // Another library of the client called the same host, or did not: its hello stands beside.
    if (channel == Channel::tls) return gone.empty() || come.empty() ? Nature::presence : own;
    return Nature::presence;
}

} // namespace

std::vector<FoundChannel> channels_of(const Comparison& comparison, const std::vector<Variation>& variations) {
    // A permutation is told as an insertion and a removal: where an order changed, both are its form, or both are presence.
    std::map<std::string, std::map<std::size_t, std::vector<const Difference*>>> by_place;
    for (const Difference& one : comparison.differences) by_place[one.place][one.variation].push_back(&one);
    std::map<std::string, FoundChannel> made;
    for (const auto& [place, states] : by_place) {
        std::map<bool, FoundChannel> two; // concealed, and not
        for (const auto& [variation, differences] : states) {
            std::vector<std::string> gone, come;
            for (const Difference* one : differences) {
                for (const std::string& word : words_of(one->deviation.before, false)) gone.push_back(word);
                for (const std::string& word : words_of(one->deviation.after, false)) come.push_back(word);
            }
            std::ranges::sort(gone);
            std::ranges::sort(come);
            const bool is_list = !place.ends_with(" length") && lists(differences.front()->channel, place);
            for (const Difference* one : differences) {
                Nature nature = nature_of(*one, variations[variation]);
                if (is_list) nature = nature_of_list(one->channel, gone, come);
                FoundChannel& channel = two[is_concealed(nature)];
                channel.nature = channel.states.empty() ? nature : std::min(channel.nature, nature);
                channel.host = one->host;
                if (channel.states.empty() || channel.states.back().variation != variation)
                    channel.states.push_back(
                        {variation, {}, one->context, one->chance, one->runs, one->baselines, true});
                channel.states.back().changes.push_back(one->deviation);
                channel.states.back().only_in_pair = channel.states.back().only_in_pair && one->only_in_pair;
            }
        }
        for (auto& [concealed, channel] : two) {
            std::string key = fmt::format("{} {} ", concealed, channel.host);
            std::set<std::string> distinct;
            for (const ChannelState& state : channel.states) {
                std::string told;
                for (const Deviation& one : state.changes) told += one.before + "\x02" + one.after + "\x03";
                distinct.insert(told);
                key += fmt::format("{} {}", state.variation, concealed ? told : "");
            }
            channel.distinct = distinct.size() + 1;
            channel.only_in_pairs = std::ranges::all_of(channel.states, &ChannelState::only_in_pair);
            channel.places = {place};
            const auto [known, fresh] = made.try_emplace(key, channel);
            if (!fresh) known->second.places.push_back(place);
        }
    }
    std::vector<FoundChannel> out;
    const auto terminal = by_place.find("terminal");
    for (auto& [key, channel] : made) {
        channel.visible =
            terminal != by_place.end() && std::ranges::all_of(channel.states, [&](const ChannelState& one) {
                return terminal->second.contains(one.variation);
            });
        channel.sentence = sentence_of(channel, variations);
        out.push_back(std::move(channel));
    }
    std::ranges::sort(out, [](const FoundChannel& a, const FoundChannel& b) {
        if (a.nature != b.nature) return a.nature < b.nature;
        return a.states.size() != b.states.size() ? a.states.size() > b.states.size() : a.places < b.places;
    });
    return out;
}

} // namespace sallyport::lab
