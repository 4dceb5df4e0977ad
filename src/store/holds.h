// Holds are decisions, and recorded as acts; the keys they protect have a file of their own that is in no data backup. So a copy of that
// file can be older than a hold: whoever opens it puts back what the acts say is held.
#pragma once

#include "store/body_keys.h"
#include "store/state.h"

#include <optional>

namespace sallyport::store {

// What an act says of a hold or of its end: "repository R, person P, from T, to T, matter M", each where it is stated.
std::string words_of(const BodyHold& hold);
std::optional<BodyHold> hold_from_words(std::string_view text); // nothing: it is none

// The keys of the bodies in `packs`, with every hold of the acts that no later act ended. Errors: packs are there and the keys are not;
// a new file would let all of them be unreadable without a word.
Result<std::unique_ptr<BodyKeys>> open_body_keys(const std::filesystem::path& file, const std::filesystem::path& packs,
                                                 State& state);

} // namespace sallyport::store
