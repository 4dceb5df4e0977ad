#include "cli/terminal.h"

#include "cli/commands.h"
#include "content/code_points.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace sallyport::cli {

bool is_terminal() {
    static const bool terminal = ::isatty(1) == 1 && std::getenv("NO_COLOR") == nullptr;
    return terminal;
}

std::string ink(Ink colour, std::string_view text) {
    static constexpr std::string_view codes[] = {"", "1", "2", "32", "33", "31", "36"};
    if (!is_terminal() || colour == Ink::plain) return std::string(text);
    return fmt::format("\x1b[{}m{}\x1b[0m", codes[static_cast<std::size_t>(colour)], text);
}

int complain(const Error& error) { return complain(error.message); }

int complain(std::string_view sentence) {
    fmt::print(stderr, "sallyport: {}\n", sentence);
    return not_possible;
}

int complain(std::span<const policy::Mistake> mistakes) {
    for (const policy::Mistake& mistake : mistakes) fmt::print(stderr, "{}\n", mistake.text());
    return found_something;
}

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const content::CodePoint next = content::code_point_at(text, at);
        content::is_unprintable(next) ? out.append(1, '?') : out.append(text.substr(at, next.size));
        at += next.size;
    }
    return out;
}

std::string markup(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&quot;"; break;
        default: out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
        }
    }
    return out;
}

std::string column(std::string_view text, std::size_t width) {
    std::string out = printable(text);
    if (out.size() > width) return out.substr(0, width - 1) + "~";
    out.append(width - out.size(), ' ');
    return out;
}

Progress::~Progress() {
    if (shown_) fmt::print(stderr, "\r\033[K");
}

bool Progress::is_due() {
    const std::int64_t now = monotonic_us();
    if (now < next_us_ || ::isatty(STDERR_FILENO) != 1) return false;
    next_us_ = now + 200'000;
    return shown_ = true;
}

void Progress::tell(std::uint64_t count) {
    if (is_due()) fmt::print(stderr, "\r{} {}", count, of_);
}

void Progress::tell(std::uint64_t count, std::uint64_t of_all) {
    if (is_due()) fmt::print(stderr, "\r{} of {} {}", count, of_all, of_);
}

} // namespace sallyport::cli
