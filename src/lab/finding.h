// What static inspection says of a client: findings of concealment, and an inventory of names. All of it was read in bytes: the tier of
// evidence is "observed in bytes at offset", which says that it is there, not that it runs. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::lab {

enum class Kind : std::uint8_t {
    concealed_text,    // a literal that is encoded or enciphered, and decodes to hosts, paths or names
    look_alike_choice, // a choice between characters that look the same
    varied_character,  // a choice between two texts of which one character differs
    place_comparison,  // something is compared with a time zone, language, country or keyboard
};
std::string_view name_of(Kind kind);

enum class Confidence : std::uint8_t { low, medium, high };
std::string_view name_of(Confidence confidence);

// Where a byte is: in which file of the client, and from where in it. `part`: the file that is embedded there, by the name that the
// program gives it, or empty.
struct Place {
    std::string file, part;
    std::uint64_t offset = 0;
    bool operator==(const Place&) const = default;
};

struct Finding {
    Kind kind = Kind::concealed_text;
    Confidence confidence = Confidence::low;
    Place place;
    std::uint64_t size = 0;           // bytes as they stand in the file
    std::string text;                 // decoded; of a choice its members, of a comparison what is compared with
    std::string how;                  // "base64, each byte XOR 0x2a": enough to repeat it by hand
    std::vector<std::string> reasons; // one sentence each
    std::uint64_t entries = 0;        // of a list
    std::uint64_t times = 1;          // how often the same stands in the client
};

// What kind of thing an inventory names.
enum class Subject : std::uint8_t {
    host,
    environment,   // read from the environment
    named_like_one // written like a variable of the environment: bundlers rename the object it is read from
    ,
    telemetry,
    update,
    permission,
    path,
    command,
    flag, // of a service that switches features
    digest
};
std::string_view name_of(Subject subject);

struct Name {
    Subject subject = Subject::host;
    std::string name;
    std::string example; // for a host the first URL, for a telemetry kit its key
    Place place;         // the first one
    std::uint64_t times = 1;
};

} // namespace sallyport::lab
