// A body that an entry tells of, as it was recorded: compared with the entry's digest, or a sentence that says why it is not there.
#pragma once

#include "bodies/reader.h"
#include "ledger/entry.h"
#include "ledger/query.h"

#include <optional>
#include <string>

namespace sallyport::bodies {

// Fails where it was not kept or is erased (refused), lost or damaged (invalid). Whoever calls it has recorded who reads, before.
Result<std::string> recorded_body(Reader& reader, const ledger::Body& body);

struct RecordedBody {
    ledger::Body body;
    std::uint64_t entry = 0; // that tells of it
};
// Of an exchange's last attempt; `which`: "request" or "response".
Result<RecordedBody> body_of(const ledger::Shown& shown, std::string_view which);

} // namespace sallyport::bodies
