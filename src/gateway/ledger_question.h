// What is asked of the ledger over the admin listener, and who may ask for it: pure functions (docs/ledger-api.md has the table).
//
//   GET /ledger/entries ?filters &cursor &limit        exchanges, newest first
//   GET /ledger/entries/ID                             one exchange with its entries
//   GET /ledger/entries/ID/body/request|response       needs a reason
//   GET /ledger/search ?words= &filters &cursor &limit exchanges in whose kept bodies words are; needs a reason
//   GET /ledger/left ?repository= …                    files that left
//   GET /ledger/checkpoint, /checkpoint                the newest signed checkpoint
//   GET /tile/…                                        C2SP tlog-tiles
//   POST /ledger/unmask ?pseudonym &case               the name behind a pseudonym, by two people
#pragma once

#include "identity/keys.h"
#include "ledger/query.h"
#include "tlog/tile.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

// Who asks, by the key that was shown.
struct Asker {
    std::string key, person;
    identity::Access access = identity::Access::developer;
};

struct LedgerQuestion {
    enum class What : std::uint8_t { entries, entry, body, search, left, checkpoint, tile, entry_tile, unmask };
    What what = What::entries;
    std::string id;                // of an exchange or entry
    std::string body;              // "request" or "response"
    ledger::ExchangeFilter filter; // its file is a path or a pseudonym, as asked
    std::string cursor;
    std::size_t limit = 0;
    bool apart = false;             // of left: a row for each list of lines
    std::string reason;             // why bodies are read
    std::vector<std::string> words; // of a search
    std::string pseudonym, case_number;
    tlog::TilePlace tile;
};

// Is it for read_question() at all?
bool is_ledger_path(std::string_view path);
// `path` and `query` as they stand in the request target; `reason`: of the header Sallyport-Reason. Errors: unavailable (there is no such
// resource), invalid (a parameter is not known, comes twice or is no value of its kind); whole sentences.
Result<LedgerQuestion> read_question(std::string_view path, std::string_view query, std::string_view reason,
                                     std::int64_t now_ms);

// Narrows the question to what the asker may see. An error of kind refused says which role it takes.
Result<void> entitle(LedgerQuestion& question, const Asker& asker);
// A developer sees their own exchange, without what of other repositories was found in it.
bool may_see(const ledger::ExchangeRow& row, const Asker& asker);
std::string not_yours(const Asker& asker); // the sentence of entitle() for one that is not theirs, or not there
void leave_out_what_is_not_theirs(ledger::ExchangeRow& row, const Asker& asker);

} // namespace sallyport::gateway
