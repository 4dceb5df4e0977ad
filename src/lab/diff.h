// What changed between two versions of a client, worst first, held against the release notes. Pure.
#pragma once

#include "lab/inspection.h"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::lab {

// In the order in which somebody has to know of it.
enum class Rank : std::uint8_t {
    concealed,
    marker,
    install_script,
    host,
    place,
    look_alike,
    environment,
    permission,
    telemetry,
    update,
    path,
    command,
    flag,
    other
};

enum class Direction : std::uint8_t { fresh, gone, changed };
std::string_view name_of(Direction direction);

// What the release notes say of a change. `unknown`: they could not be read.
enum class Documented : std::uint8_t { yes, no, unknown, not_asked };
std::string_view name_of(Documented documented); // "documented", "undocumented", "notes not available", ""

struct Change {
    Rank rank = Rank::other;
    Direction direction = Direction::fresh;
    Documented documented = Documented::unknown;
    std::string what;   // one line
    std::string detail; // how it was hidden, or what the members of a group are
    Place place;        // in the version that has it
    std::uint64_t count = 1;
};

struct Diff {
    std::string from, to;
    bool has_notes = false;
    std::vector<Change> changes; // by rank; new before gone
};

// `notes`: text of the release notes, of which the part between the two versions is read; empty where there are none. Many new names are
// few lines: at most `lines` of each subject.
Diff compare(const Inspection& before, const Inspection& after, std::string_view notes, std::size_t lines);

// The sections of a CHANGELOG that belong to versions later than `from` up to `to` ("## 1.2.3", "# [1.2.3] - 2026-01-01"); all of it where
// no heading names a version.
std::string notes_between(std::string_view notes, std::string_view from, std::string_view to);

std::string to_json(const Diff& diff);

} // namespace sallyport::lab
