// Exchanges in whose kept bodies words are, newest first, a page at a time: for the command where the files are and for the admin listener.
// Whoever searches records that it is done before the first body is opened (search_about).
#pragma once

#include "bodies/reader.h"
#include "gateway/body_search.h"
#include "identity/installation.h"
#include "ledger/query.h"

#include <memory>
#include <string>
#include <vector>

namespace sallyport::gateway {

struct SearchMatch {
    ledger::ExchangeRow row;
    bool in_request = false, in_response = false;
};
struct SearchPage {
    std::vector<SearchMatch> matches;
    std::string cursor;         // of what was not looked at; empty: all was
    std::size_t exchanges = 0;  // that were
    BodySearch::Figures bodies; // of these
};

class LedgerSearch {
public:
    // All of them outlive it. `words`: as BodySearch wants them. With several `threads` the exchanges of one conversation go to one of
    // them, which knows what they repeat.
    LedgerSearch(ledger::Query& query, const identity::Installation& installation, store::BodyKeys& keys,
                 std::span<const std::string> words, unsigned threads);
    ~LedgerSearch();

    // The next `exchanges` behind the cursor.
    Result<SearchPage> look(const ledger::ExchangeFilter& filter, const std::string& cursor, std::size_t exchanges);

private:
    struct Lane;
    std::size_t lane_of(const ledger::ExchangeRow& row) const;

    ledger::Query& query_;
    crypto::SealingKey wrapping_;
    std::vector<std::unique_ptr<Lane>> lanes_;
};

// Are there 1 to search_words_max, none of them empty?
bool are_search_words(std::span<const std::string> words);
// What is recorded: which bodies, and of how many words. Not the words: who looks for a secret would put it where nothing is erased.
std::string search_about(const ledger::ExchangeFilter& filter, std::size_t words);

// { "entries": [ row with in_request and in_response … ], "next": cursor, "searched": { … } }
std::string search_json(const std::string& origin, const SearchPage& page);
// `text` as json::Document::parse() wants it.
Result<SearchPage> read_search(std::string_view text, std::string& origin);

} // namespace sallyport::gateway
