// What a file says of who may have it: licences by their words, SPDX identifiers, notices of confidentiality. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::repo {

struct Licence {
    std::string_view name; // as SPDX writes it, or of its family ("GPL")
    bool is_open = false;  // of the Open Source Initiative's list, or CC0-1.0
};
// The licence whose text this is; nothing: none that is known here.
std::optional<Licence> licence_of(std::string_view text);

// "LICENSE", "COPYING.md" and their kin at the top, and REUSE's LICENSES/.
bool is_licence_file(std::string_view path);
// By the ending of its name: a file of a programming language, in which an identifier can stand.
bool is_source_file(std::string_view path);

struct Identifier {
    std::uint32_t line = 0;      // from 1
    std::string_view expression; // "MIT OR Apache-2.0"
    bool is_open = false;
};
// The SPDX-License-Identifier in the first lines (SPDX 2.3, annexes D and E). Of an expression with OR one open licence is enough; with
// AND all must be.
std::optional<Identifier> identifier_of(std::string_view text);

struct Notice {
    std::uint32_t line = 0;  // from 1
    std::string_view phrase; // "all rights reserved"
    bool is_trade_secret = false;
};
// The strictest notice in the first lines. "All rights reserved" beside an open licence is none, and words that stand in ordinary texts
// ("proprietary", "trade secret") are one only in capitals or beside a copyright or its like ("contains …").
std::optional<Notice> notice_of(std::string_view text);

} // namespace sallyport::repo
