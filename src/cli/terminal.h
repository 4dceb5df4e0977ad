// What people see: colours only where somebody looks (a terminal, no NO_COLOR), errors as one line on standard error.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "policy/mistake.h"

#include <span>
#include <string>
#include <string_view>

namespace sallyport::cli {

enum class Ink { plain, bold, dim, green, yellow, red, cyan };

// `text` in that colour where standard output is a terminal.
std::string ink(Ink colour, std::string_view text);
bool is_terminal();

// "sallyport: cannot …" on standard error; returns not_possible.
int complain(const Error& error);
int complain(std::string_view sentence);
// Every mistake on its line, on standard error; returns found_something.
int complain(std::span<const policy::Mistake> mistakes);

// Text for a terminal line: control characters as '?', so that no recorded text can steer a terminal.
std::string printable(std::string_view text);
// Text within XML or HTML; control characters as blanks.
std::string markup(std::string_view text);
// Padded or cut with "…" to `width` characters (ASCII).
std::string column(std::string_view text, std::size_t width);

// "12000 files" on a terminal's standard error, from the first second on; wiped at the end.
class Progress {
public:
    explicit Progress(std::string_view of) : of_(of) {}
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    void tell(std::uint64_t count);
    void tell(std::uint64_t count, std::uint64_t of_all); // "12 of 80 runs"

private:
    bool is_due();
    std::string_view of_;
    std::int64_t next_us_ = monotonic_us() + 1'000'000;
    bool shown_ = false;
};

} // namespace sallyport::cli
