// What a person may ask of the simulated vendor in words: `vendor:NAME(ARGUMENT)` anywhere in the newest user text.
//
//   vendor:read(FILE)     call the tool that reads files     vendor:events(N[,K]) N text deltas, K in one write
//   vendor:edit(FILE,WORD) read it, then call the tool that edits files: from WORD on, its line gets a remark at the end
//   vendor:text(N)        answer with N bytes of text        vendor:fault(SPEC)   go wrong, see faults.h
//   vendor:say(TEXT)      answer with TEXT
//
// An argument ends at the first ')'.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::sim {

inline constexpr std::size_t text_bytes_max = 64u << 20;
inline constexpr std::size_t events_max = 1u << 20;

// A part that was not asked for is empty or 0.
struct Directives {
    std::string read_file;
    std::string edit_from; // of the file that is read: the word where the line to edit begins
    std::string say;
    std::string fault;
    std::size_t text_bytes = 0;
    std::size_t events = 0;
    std::size_t events_per_write = 1;
};

// Errors: a name that is none of those above, an argument that is no number or beyond its limit. The sentence says which.
Result<Directives> read_directives(std::string_view text);
// "events(200)": one directive without its "vendor:", as the x-vendor-answer header has it.
Result<void> read_directive(std::string_view name, std::string_view argument, Directives&);

} // namespace sallyport::sim
