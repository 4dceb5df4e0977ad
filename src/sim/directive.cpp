#include "sim/directive.h"

#include "base/text.h"

#include <array>
#include <charconv>

namespace sallyport::sim {

namespace {

constexpr std::array<std::string_view, 6> names = {"read", "edit", "text", "say", "events", "fault"};
constexpr std::string_view mark = "vendor:";

Result<std::size_t> number(std::string_view name, std::string_view text, std::size_t max) {
    std::size_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc() || end != text.data() + text.size() || value == 0 || value > max)
        return fail(ErrorKind::invalid,
                    "vendor:" + std::string(name) + "(" + std::string(text) + ") wants a number from 1 to " +
                        std::to_string(max),
                    ErrorSource::client);
    return value;
}

Result<void> read_events(std::string_view argument, Directives& into) {
    const std::size_t comma = argument.find(',');
    const Result<std::size_t> events = number("events", trim(argument.substr(0, comma)), events_max);
    if (!events) return std::unexpected(events.error());
    into.events = *events;
    if (comma == std::string_view::npos) return {};
    const Result<std::size_t> together = number("events", trim(argument.substr(comma + 1)), events_max);
    if (!together) return std::unexpected(together.error());
    into.events_per_write = *together;
    return {};
}

} // namespace

Result<void> read_directive(std::string_view name, std::string_view argument, Directives& into) {
    if (name == "read" || name == "edit") {
        const std::size_t comma = name == "edit" ? argument.find(',') : std::string_view::npos;
        const std::string_view file = argument.substr(0, comma);
        // As a file name it must survive every client's way of passing it on.
        if (file.empty() || file.find_first_of(" \t\r\n\"'") != std::string_view::npos) return {};
        into.read_file = file;
        if (comma != std::string_view::npos) into.edit_from = trim(argument.substr(comma + 1));
    } else if (name == "say") {
        into.say = argument;
    } else if (name == "fault") {
        into.fault = argument;
    } else if (name == "text") {
        const Result<std::size_t> bytes = number(name, argument, text_bytes_max);
        if (!bytes) return std::unexpected(bytes.error());
        into.text_bytes = *bytes;
    } else if (name == "events") {
        return read_events(argument, into);
    } else {
        std::string sentence = "vendor:" + std::string(name) + "(…) is nothing this vendor does";
        if (const std::string meant = did_you_mean(name, names); !meant.empty())
            sentence += "; did you mean vendor:" + meant + "?";
        return fail(ErrorKind::invalid, sentence, ErrorSource::client);
    }
    return {};
}

Result<Directives> read_directives(std::string_view text) {
    Directives found;
    for (std::size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at)) {
        at += mark.size();
        std::size_t open = at;
        while (open < text.size() && text[open] >= 'a' && text[open] <= 'z') ++open;
        if (open == at || open == text.size() || text[open] != '(') continue; // somebody writes about vendors
        const std::size_t close = text.find(')', open);
        if (close == std::string_view::npos) break;
        const Result<void> read =
            read_directive(text.substr(at, open - at), text.substr(open + 1, close - open - 1), found);
        if (!read) return std::unexpected(read.error());
        at = close;
    }
    return found;
}

} // namespace sallyport::sim
