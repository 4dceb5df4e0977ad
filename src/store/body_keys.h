// Keys of the bodies that are kept: one for each repository, person, class and week, so that what belongs to one of them can be made
// unreadable by destroying its key. In a file of its own, which is never in a data backup. Holds keep keys from being destroyed.
//
// Commands are idempotent and wait for the disk; thread-safe; several processes may open one file.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::store {

inline constexpr std::int64_t body_week_ms = 7LL * 24 * 3600 * 1000; // a week begins on Thursday, as 1970 did

// What one key is for. `person` is a pseudonym.
struct BodyPlace {
    std::string repository, person, effective_class;
    std::int64_t week = 0; // since 1970
    auto operator<=>(const BodyPlace&) const = default;
};

struct BodyKeyRecord {
    std::uint64_t id = 0;
    BodyPlace place;
    std::string sealed; // opaque here; empty where it was destroyed
    std::int64_t made_ms = 0, erased_ms = 0;
    std::string erased_why;
};

// Empty texts: any. The week must be over before `before_ms`, or 0: any week.
struct BodyKeyFilter {
    std::string repository, person, effective_class;
    std::int64_t before_ms = 0;
};

struct BodyHold {
    std::string matter;                  // its name: a case number
    std::string repository, person;      // one of them at least
    std::int64_t from_ms = 0, to_ms = 0; // weeks that overlap; 0: open
    std::int64_t since_ms = 0, released_ms = 0;
    std::string by{}; // pseudonym
};

// Whether a matter that was not released holds what belongs to the place; the same as the database decides when keys are erased.
bool holds(const BodyHold& hold, const BodyPlace& place);

class BodyKeys {
public:
    static Result<std::unique_ptr<BodyKeys>> open(const std::filesystem::path& file);
    ~BodyKeys();

    // The place's key; where it has none, `sealed` becomes it. On the disk when this returns.
    Result<BodyKeyRecord> find_or_make(const BodyPlace& place, std::string_view sealed, std::int64_t at_ms);
    Result<std::optional<BodyKeyRecord>> find(std::uint64_t id);
    Result<std::vector<BodyKeyRecord>> list(const BodyKeyFilter& filter);

    struct Erased {
        std::uint64_t erased = 0, held = 0; // keys destroyed now; kept because of a hold
    };
    // Overwrites the keys, also in the database's log.
    Result<Erased> erase(const BodyKeyFilter& filter, std::string_view why, std::int64_t at_ms);

    // Whether another process has changed anything since the last call: a key may be gone. Reads shared memory only.
    Result<bool> changed_elsewhere();

    Result<void> hold(const BodyHold& hold); // a matter may have several; the same again changes nothing
    Result<std::uint64_t> release(std::string_view matter, std::int64_t at_ms); // how many holds it had
    Result<std::vector<BodyHold>> holds();

private:
    struct Inside;
    explicit BodyKeys(std::unique_ptr<Inside> inside);
    std::unique_ptr<Inside> inside_;
};

} // namespace sallyport::store
