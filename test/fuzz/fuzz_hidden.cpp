// Any bytes as a text: what is found lies in it, in order, is described in printable ASCII and bounded; ASCII has nothing hidden; a
// client marker is found at its place whatever stands around it; one machine in five that differs is told; what is put in a hidden
// character's place is in order; each part of the text as it reads is found again in it.
#include "content/client_marker.h"
#include "content/fleet.h"
#include "content/hidden.h"
#include "content/undisguise.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace sallyport::content;

void check(bool holds) {
    if (!holds) std::abort();
}

bool is_told(std::string_view told) {
    return told.size() < 4096 && std::ranges::all_of(told, [](char c) { return c >= 0x20 && c < 0x7F; });
}

void check_hidden(std::string_view text) {
    std::vector<Found> found;
    find_hidden(text, found);
    const bool ascii = std::ranges::all_of(text, [](char c) { return (c & 0x80) == 0; });
    check(!ascii || found.empty());
    std::uint32_t last = 0;
    for (const Found& one : found) {
        check(one.begin >= last && one.begin < one.end && one.end <= text.size());
        last = one.begin;
        if (one.kind == FindingKind::uninspected) continue;
        check(one.kind == FindingKind::marker && one.rule < hidden_rules);
        const HiddenDescription told = describe(text, one);
        check(!told.code_points.empty() && !told.rendering.empty() && !told.channel.empty());
        check(is_told(told.code_points) && is_told(told.rendering) && is_told(told.payload) && is_told(told.channel));
    }
}

void check_marker(std::string_view text) {
    const std::string sentence = "Today\u02B9s date is 2026/11/22.";
    std::vector<Found> alone, found;
    find_client_marker(text, Standing::injected, alone);
    find_client_marker(std::string(text) + "\n" + sentence, Standing::injected, found);
    check(found.size() == alone.size() + 1 && found.back().rule == 7 && found.back().begin == text.size() + 1);
    for (const Found& one : found) check(one.rule > 0 && one.rule < marker_states && one.begin < one.end);
}

// The text on five machines, on one of them with a sentence more that is written otherwise.
void check_fleet(std::string_view text) {
    if (text.size() > 20'000) return;
    Fleet fleet;
    std::vector<FleetFinding> found;
    for (std::uint64_t machine = 0; machine < 5; ++machine) {
        const std::string all = (machine == 3 ? "Mark\u02B9s line.\n" : "Mark's line.\n") + std::string(text);
        fleet.observe({"client", "1", "system", all, machine}, found);
    }
    const auto told = std::ranges::count_if(found, [](const FleetFinding& one) { return one.sentence == 0; });
    check(told == 1 && found.front().machine == 3);
    for (const FleetFinding& one : found) check(is_told(one.usual) && is_told(one.odd));
}

void check_plain(std::string_view text) {
    for (std::size_t rule = 0; rule < hidden_rules; ++rule) {
        std::vector<PlainCharacter> characters;
        find_plain_form(text, static_cast<HiddenRule>(rule), characters);
        std::uint32_t last = 0;
        for (const PlainCharacter& one : characters) {
            check(one.begin >= last && one.begin < one.end && one.end <= text.size());
            last = one.end;
        }
    }
    Undisguised plain;
    if (!plain.of(text)) return;
    const auto size = static_cast<std::uint32_t>(plain.text().size());
    for (std::uint32_t at = 0, last = 0; at < size; ++at) {
        const std::uint32_t begin = plain.begin_of(at), end = plain.end_of(at + 1);
        check(begin >= last && begin < end && end <= text.size());
        last = end;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_hidden(text);
    check_marker(text);
    check_fleet(text);
    check_plain(text);
    return 0;
}
