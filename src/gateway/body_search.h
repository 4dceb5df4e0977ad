// Words in bodies that were kept, by reading them: there is no index of words, which would be a second copy of the text that outlives an
// erasure. What a conversation repeats is opened and read once (law 6): each run of bytes is remembered with the words that are in it.
//
// One thread: several of them share nothing.
#pragma once

#include "bodies/reader.h"
#include "dialect/dialect.h"
#include "ledger/entry.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sallyport::gateway {

inline constexpr std::size_t search_words_max = 32;

class BodySearch {
public:
    struct Figures {
        std::uint64_t bodies = 0;     // looked at
        std::uint64_t bytes = 0;      // that they have
        std::uint64_t bytes_read = 0; // opened for it
        std::uint64_t missing = 0;    // not kept, or erased
        std::uint64_t unread = 0;     // damaged, lost, or in a coding that is not known: `problem` is the first
        std::string problem;
    };

    // `words`: 1 to search_words_max, none of them empty. Upper and lower case of ASCII are the same.
    BodySearch(bodies::Reader& reader, std::span<const std::string> words);

    // All words are in it. A word is found within a text of the request (a message, a tool's result), not across two of them. What
    // cannot be read is no match and is counted.
    bool in_request(const ledger::Body& body);
    // The same in what the model said: texts and arguments of tools, put together from the events of a stream.
    bool in_response(const ledger::Body& body, std::optional<dialect::Dialect> dialect);
    const Figures& figures() const { return figures_; }

private:
    using Mask = std::uint32_t;
    struct RunHash {
        std::size_t operator()(const bodies::Run& run) const;
    };
    bool is_there(const ledger::Body& body);
    bool takes(const Error& error);
    Mask words_in(std::string_view text);      // as it stands
    Mask words_in_raw(std::string_view bytes); // JSON: its escapes are read
    Mask words_in_answer(std::string_view body, std::optional<dialect::Dialect> dialect);
    std::optional<std::string> plain(std::string body); // without its content coding

    bodies::Reader& reader_;
    std::vector<std::string> words_; // lower case
    Mask all_;
    Figures figures_;
    std::unordered_map<bodies::Run, Mask, RunHash> known_;
    std::string lower_, decoded_, twice_;
};

} // namespace sallyport::gateway
