// The marker of Claude Code 2.1.91 to 2.1.197: the sentence "Today's date is 2026-11-22." with one of four apostrophes and one of two
// separators, three bits about where the client runs and through which host. Measured on the published packages. Stood in the first
// user message, in the system prompt of later versions; so every text of a message is looked at. Pure and thread-safe.
#pragma once

#include "content/hidden.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::content {

// Bits of a state. 0 is the neutral form, which clean clients write too.
inline constexpr std::uint32_t marker_known_host = 1;  // U+2019 alone, U+02B9 with the next
inline constexpr std::uint32_t marker_lab_keyword = 2; // U+02BC alone
inline constexpr std::uint32_t marker_china_zone = 4;  // '/' between the parts of the date
inline constexpr std::uint32_t marker_states = 8;

// Who wrote a text: `injected` by the client itself (system prompt, reminders), or content that it passes on.
enum class Standing : std::uint8_t { injected, content };

// Appends one finding for each such sentence that is not neutral: kind `marker`, `rule` the state, from "Today" to the full stop.
// Confidence is high in what the client injects (all of an injected text, a <system-reminder>) and where the sentence is a line of
// its own; low in the midst of content, where it may be a quotation.
void find_client_marker(std::string_view text, Standing standing, std::vector<Found>& out);

// The same of a sentence that begins the text: appends what stands in it in the place of what the neutral form has.
void find_plain_form(std::string_view sentence, std::vector<PlainCharacter>& out);

// What a state tells whoever knows the code, in a sentence.
std::string disclosed(std::uint32_t state);

} // namespace sallyport::content
