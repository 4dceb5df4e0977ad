// The answer of a company's own decision point, read (AuthZEN Authorization API 1.0, section 6.2): {"decision": true}, or false with
// context.reason_user.en. Pure; whatever the bytes, there is a boolean that is meant or an error.
#pragma once

#include "base/error.h"

#include <string>
#include <string_view>

namespace sallyport::gateway {

struct PdpAnswer {
    bool permitted = false;
    std::string reason; // of a denial, for the person: one line, at most limits::pdp_reason_bytes_max; may be empty
};

// Errors (invalid, source upstream) say what is wrong with "its answer". A `decision` that is there twice is one: two readers
// could differ. `body` needs Buffer::padding readable bytes behind it.
Result<PdpAnswer> read_pdp_answer(std::string_view body);

// `text` without what a terminal or a log would act on (control characters, marks of direction, line ends become blanks) and
// without bytes that are not UTF-8, cut at a character.
std::string plain_line(std::string_view text, std::size_t bytes_max);

} // namespace sallyport::gateway
